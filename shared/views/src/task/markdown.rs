//! A task as Markdown: the result as a table of its fields or as the report that it is, sources, and the timeline.
//!
//! A report keeps its headings and lists; links, code and tags in it are text. Fields and messages hold no markup at all.

use std::fmt::Write as _;
use std::sync::Arc;

use domain::event::Told;
use domain::unit::Unit;

use crate::basis::{self, Confidence, Confidences, FieldBasis};
use crate::out::Out;
use crate::row::Row;
use crate::told::{Stats, entry};
use crate::{Pass, View, cell, head, markdown, object, text, words};

/// Entries of the timeline, and fields with sources, that are listed.
const LISTED: usize = 1_000;

#[derive(Debug)]
pub(super) struct Markdown {
    unit: Arc<Unit>,
    told: Vec<Told>,
    begun: bool,
}

impl Markdown {
    pub(super) const fn new(unit: Arc<Unit>, told: Vec<Told>) -> Self {
        Self { unit, told, begun: false }
    }

    fn begin(&self, out: &mut Out) {
        let unit = &self.unit;
        let stats = Stats::of(&self.told);
        let mut page = format!(
            "# Task\n\n**Status**: {} {}\n**Progress**: {} %\n**Created**: {}\n",
            words::sign_of_unit(unit.status),
            words::of_unit(unit.status),
            stats.percent(unit),
            words::time(unit.created_at),
        );
        if let Some(processor) = head::processor_name(unit) {
            let _ = writeln!(page, "**Processor**: {}", text::markdown(processor));
        }
        if let Some(waiting) = unit.progress.waiting_for.as_deref().filter(|_| !unit.status.is_terminal()) {
            let _ = writeln!(page, "**Waiting for**: {}", text::markdown(waiting));
        }
        if stats.considered.is_some() || stats.read.is_some() {
            let number =
                |number: Option<u64>| number.map_or_else(|| "–".to_owned(), |number| number.to_string());
            let (considered, read) = (number(stats.considered), number(stats.read));
            let _ = writeln!(page, "**Sources**: {considered} considered, {read} read");
        }
        out.text(&page);
    }

    fn end(&self, out: &mut Out) {
        let unit = &self.unit;
        let entries: Vec<_> = self.told.iter().filter_map(entry).collect();
        if !entries.is_empty() {
            out.text("\n## Timeline\n\n");
            for entry in entries.iter().take(LISTED) {
                let at = entry.at.map(|at| format!("{} ", at.strftime("%H:%M:%S"))).unwrap_or_default();
                out.text(&format!(
                    "- {at}**{}** {}\n",
                    text::markdown(&entry.label),
                    text::markdown(&entry.text)
                ));
            }
            if entries.len() > LISTED {
                out.text(&format!("- … {} more; the JSON has each\n", entries.len() - LISTED));
            }
        }
        out.text("\n## Details\n\n");
        let mut item = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                out.text(&format!("- **{name}**: {value}\n"));
            }
        };
        item("Cost", head::cost(unit).map(|cost| markdown::cost_in_words(unit, cost)));
        item("Finished", unit.completed_at.map(words::time));
        item("Kept until", Some(words::time(unit.expires_at)));
        item("JSON", Some(format!("{}.json", unit.url())));
        for warning in head::warnings(unit) {
            item("Warning", Some(text::markdown(warning)));
        }
    }
}

fn result(row: &Row<'_>, out: &mut Out) {
    let Some(content) = row.output.content else { return };
    let basis = basis::read(row.output.basis);
    let confidences = Confidences::of(&basis);
    out.text("\n## Result\n\n");
    match object::entries(content) {
        Some(entries) => {
            out.text("| Field | Value | Confidence |\n| --- | --- | --- |\n");
            for (name, value) in entries {
                let sign = confidences.fields.get(name.as_ref()).map_or("", |sure| sure.sign());
                out.text(&format!(
                    "| {} | {} | {sign} |\n",
                    text::markdown(&name),
                    text::markdown(&cell::text(value))
                ));
            }
        }
        None => out.text(&report(&cell::text(content))),
    }
    sources(&basis, out);
}

/// A report with its lines as they are, and nothing in them that a reader could click or run.
fn report(content: &str) -> String {
    let mut report = String::with_capacity(content.len() + 64);
    for line in text::visible(content).lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        report.push_str(&line[..indent]);
        report.push_str(&text::markdown(line));
        report.push('\n');
    }
    report
}

fn sources(basis: &[FieldBasis], out: &mut Out) {
    let telling = |entry: &&FieldBasis| {
        entry.reasoning.as_deref().is_some_and(|text| !text.trim().is_empty()) || !entry.citations.is_empty()
    };
    let entries: Vec<&FieldBasis> = basis.iter().filter(telling).take(LISTED).collect();
    if entries.is_empty() {
        return;
    }
    out.text("\n## Sources\n");
    for entry in entries {
        let sure = entry.confidence.as_deref().and_then(Confidence::of);
        let sign = sure.map(|sure| format!(" {}", sure.sign())).unwrap_or_default();
        out.text(&format!("\n### {}{sign}\n\n", text::markdown(&entry.field)));
        if let Some(reasoning) = entry.reasoning.as_deref().filter(|text| !text.trim().is_empty()) {
            out.text(&format!("{}\n\n", text::markdown(reasoning)));
        }
        for citation in &entry.citations {
            let url = citation.url.as_deref();
            let title = citation.title.as_deref().filter(|title| !title.trim().is_empty());
            match (title.map(text::markdown), url.and_then(text::link)) {
                (Some(title), Some(url)) => out.text(&format!("- {title} <{url}>\n")),
                (None, Some(url)) => out.text(&format!("- <{url}>\n")),
                (title, None) => {
                    let said =
                        title.or_else(|| url.map(text::markdown)).unwrap_or_else(|| "source".to_owned());
                    out.text(&format!("- {said}\n"));
                }
            }
        }
    }
}

impl View for Markdown {
    fn turn(&mut self, out: &mut Out) -> Option<Pass> {
        if std::mem::replace(&mut self.begun, true) {
            self.end(out);
            return None;
        }
        self.begin(out);
        Some(Pass { from: 0, inputs: true, runs: true })
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Out) {
        if row.index > 0 {
            return;
        }
        if let Some(run_id) = row.run_id {
            out.text(&format!("**Run**: {}\n", text::markdown(run_id)));
        }
        if let Some(input) = row.input {
            out.text(&format!("\n## Input\n\n{}\n", text::markdown(&cell::text(input))));
        }
        if let Some(error) = row.error(&self.unit) {
            out.text(&format!("\n## Error\n\n❌ {}\n", text::markdown(&error.message)));
        }
        result(row, out);
    }
}
