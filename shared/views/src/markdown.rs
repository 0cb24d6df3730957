//! A unit's rows as a Markdown table, with legend, warnings and errors below it.
//!
//! Its first five lines and the head of the table are parsed by readers of the predecessor: they stay as they are. Cells hold no markup.

use std::fmt::Write as _;
use std::sync::Arc;

use domain::run::RunStatus;
use domain::unit::Unit;

use crate::basis::{Confidence, Confidences};
use crate::columns::Columns;
use crate::faults::Faults;
use crate::options::Options;
use crate::out::Out;
use crate::row::Row;
use crate::{Pass, View, cell, head, text, words};

#[derive(Debug)]
pub(crate) struct Markdown {
    unit: Arc<Unit>,
    columns: Columns,
    stage: Stage,
    faults: Faults,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Columns,
    Rows,
}

impl Markdown {
    pub(crate) fn new(unit: Arc<Unit>, options: &Options) -> Self {
        let columns = Columns::of(&unit, options);
        Self { unit, columns, stage: Stage::Begin, faults: Faults::default() }
    }

    fn table_head(&mut self, out: &mut Out) -> Pass {
        self.columns.settle();
        let unit = &self.unit;
        out.text("# Task Group Results\n\n");
        out.text(&format!(
            "**Status**: {} {}\n**Total Tasks**: {}\n**Created**: {}\n\n## Results\n\n",
            words::sign_of_unit(unit.status),
            words::of_unit(unit.status),
            head::rows(unit),
            words::time(unit.created_at),
        ));
        let outputs = &self.columns.outputs;
        let mut names = vec!["#".to_owned()];
        names.extend(outputs.fields.iter().map(|name| text::markdown(name)));
        names.extend(outputs.whole.then(|| "Result".to_owned()));
        names.push("Confidence".to_owned());
        out.text(&line(&names));
        out.text(&line(&vec!["---".to_owned(); names.len()]));
        self.stage = Stage::Rows;
        Pass { from: 0, inputs: false, runs: true }
    }

    /// The cells of a row between its number and its confidence.
    fn cells(&self, row: &Row<'_>, confidences: &Confidences) -> Vec<String> {
        let outputs = &self.columns.outputs;
        if row.status != RunStatus::Completed {
            let mut words = format!("{} {}", words::sign_of_run(row.status), words::of_run(row.status));
            if let Some(error) = row.error(&self.unit) {
                let _ = write!(words, ": {}", text::markdown(&error.message));
            }
            let mut cells = vec![String::new(); outputs.fields.len() + usize::from(outputs.whole)];
            if let Some(first) = cells.first_mut() {
                *first = words;
            }
            return cells;
        }
        let shown = |value| text::markdown(&cell::text(value));
        let mut cells: Vec<String> = outputs
            .cells(row.output.content)
            .into_iter()
            .map(|value| value.map(shown).unwrap_or_default())
            .collect();
        if confidences.differ() {
            for (name, cell) in outputs.fields.iter().zip(&mut cells) {
                if let Some(confidence) = confidences.fields.get(name) {
                    let _ = write!(cell, " {}", confidence.sign());
                }
            }
        }
        cells
    }

    fn foot(&self, out: &mut Out) {
        let unit = &self.unit;
        out.text("\nConfidence: 🟢 high, 🟡 medium, 🔴 low; of the weakest field, and beside a field where fields differ.\n");
        if self.columns.outputs.more {
            out.text("\nThere are more fields than columns; the JSON has all of them.\n");
        }
        out.text("\n## Details\n\n");
        let counts = RunStatus::ALL.into_iter().filter(|status| unit.counts.of(*status) > 0);
        let counts: Vec<String> = counts
            .map(|status| format!("{} {}", unit.counts.of(status), words::of_run(status).to_lowercase()))
            .collect();
        let mut item = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                out.text(&format!("- **{name}**: {value}\n"));
            }
        };
        item("Runs", Some(counts.join(", ")));
        item(
            "Waiting for",
            unit.progress.waiting_for.as_deref().filter(|_| !unit.status.is_terminal()).map(text::markdown),
        );
        item("Processor", head::processor_name(unit).map(text::markdown));
        item("Chosen because", unit.progress.processor_reason.as_deref().map(text::markdown));
        item("Cost", head::cost(unit).map(|cost| cost_in_words(unit, cost)));
        item("Finished", unit.completed_at.map(words::time));
        item("Kept until", Some(words::time(unit.expires_at)));
        item("JSON", Some(format!("{}.json", unit.url())));
        let warnings: Vec<&str> = head::warnings(unit).collect();
        if !warnings.is_empty() {
            out.text("\n## Warnings\n\n");
            for warning in warnings {
                out.text(&format!("- ⚠️ {}\n", text::markdown(warning)));
            }
        }
        self.errors(out);
    }

    fn errors(&self, out: &mut Out) {
        let failure = self.unit.progress.failure.as_ref();
        if failure.is_none() && self.faults.reasons().is_empty() {
            return;
        }
        out.text("\n## Errors\n\n");
        if let Some(failure) = failure {
            let (message, code) = (text::markdown(&failure.message), text::markdown(&failure.code));
            out.text(&format!("- ❌ The group failed: {message} ({code})\n"));
        }
        for reason in self.faults.reasons() {
            let reference = reason.ref_id.as_deref().map(|id| format!(", reference {}", text::markdown(id)));
            let message = text::markdown(&reason.message);
            out.text(&format!("- ❌ {message} ({}{})\n", reason.rows(), reference.unwrap_or_default()));
        }
        if self.faults.others() > 0 {
            out.text(&format!(
                "- ❌ Other reasons in {} more rows; the JSON has each.\n",
                self.faults.others()
            ));
        }
    }
}

/// What a unit costs, for people.
pub(crate) fn cost_in_words(unit: &Unit, (so_far, at_most): (u64, u64)) -> String {
    let so_far_words = words::dollars(so_far);
    match (unit.status.is_terminal(), so_far == at_most) {
        (_, true) => so_far_words,
        (true, false) => {
            format!("{so_far_words}, at most {} with what may still end upstream", words::dollars(at_most))
        }
        (false, false) => format!("{so_far_words} so far, {} at most", words::dollars(at_most)),
    }
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

impl View for Markdown {
    fn turn(&mut self, out: &mut Out) -> Option<Pass> {
        match (self.stage, self.columns.wanted(false)) {
            (Stage::Begin, Some(pass)) => {
                self.stage = Stage::Columns;
                Some(pass)
            }
            (Stage::Begin | Stage::Columns, _) => Some(self.table_head(out)),
            (Stage::Rows, _) => {
                self.foot(out);
                None
            }
        }
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Out) {
        if self.stage == Stage::Columns {
            self.columns.add(row);
            return;
        }
        if let Some(error) = row.error(&self.unit) {
            self.faults.add(row.index, &error);
        }
        let confidences = Confidences::read(row.output.basis);
        let mut cells = vec![(row.index + 1).to_string()];
        cells.extend(self.cells(row, &confidences));
        cells.push(confidences.overall.map_or("", Confidence::sign).to_owned());
        out.text(&line(&cells));
    }
}
