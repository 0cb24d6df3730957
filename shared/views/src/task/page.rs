//! A task as a page: readable without JavaScript, live with it.
//!
//! Progress, a score card of sources, the result field by field with reasoning and citations, and the timeline of what the upstream told.
//! Invariants: all of that is escaped; nothing on the page comes from elsewhere; a result of any size makes a page of bounded size.

use std::sync::Arc;

use domain::event::Told;
use domain::unit::Unit;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::result::result;
use crate::format::Format;
use crate::html::{STYLE, TASK_SCRIPT, TASK_STYLE, UNIT_STYLE, shell, tools, value};
use crate::out::Out;
use crate::row::Row;
use crate::sse::Position;
use crate::told::{Entry, Stats, entry};
use crate::{Pass, View, head, markdown, text, words};

/// Entries of the timeline that are shown, the newest where there are more.
const LISTED: usize = 1_000;
/// Characters of one entry of the timeline.
const CHARS: usize = 4_000;

#[derive(Debug)]
pub(super) struct Page {
    unit: Arc<Unit>,
    told: Vec<Told>,
    now: Option<Timestamp>,
    begun: bool,
}

impl Page {
    pub(super) const fn new(unit: Arc<Unit>, told: Vec<Told>, now: Option<Timestamp>) -> Self {
        Self { unit, told, now, begun: false }
    }

    fn begin(&self, out: &mut Out) {
        let (unit, stats) = (&*self.unit, Stats::of(&self.told));
        out.text(&html! { (DOCTYPE) }.into_string());
        out.text("<html lang=\"en\">");
        out.text(&shell::head(unit, "Task", &[STYLE, UNIT_STYLE, TASK_STYLE]).into_string());
        out.text(&body_tag(unit));
        out.text(&shell::site().into_string());
        out.text("<main class=\"task\">");
        let page = html! { (top(unit)) (tools::tools(unit)) (state(unit, &stats, self.now)) (score(&stats)) };
        out.text(&page.into_string());
    }

    fn end(&self, out: &mut Out) {
        let entries: Vec<Entry<'_>> = self.told.iter().filter_map(entry).collect();
        let hidden = entries.len().saturating_sub(LISTED);
        let timeline = html! {
            section.card.timeline hidden[entries.is_empty() && self.unit.status.is_terminal()] {
                h2 { "Timeline" }
                @if hidden > 0 { p.null { (hidden) " earlier entries are in the JSON." } }
                ol #timeline aria-live="off" { @for entry in &entries[hidden..] { (line(entry)) } }
            }
        };
        out.text(&timeline.into_string());
        out.text("</main>");
        out.text(&html! { script type="module" { (PreEscaped(TASK_SCRIPT)) } }.into_string());
        out.text("</body></html>\n");
    }
}

fn body_tag(unit: &Unit) -> String {
    if unit.status.is_terminal() {
        return "<body>".to_owned();
    }
    let events = format!("task/{}/events?last_event_id={}", unit.id, Position::of(unit));
    let body = html! { body data-events=(events) {} }.into_string();
    body.strip_suffix("</body>").unwrap_or(&body).to_owned()
}

fn top(unit: &Unit) -> Markup {
    html! {
        header {
            div.top {
                h1 { "Task" }
                span.badge #status data-status=(unit.status.word()) role="status" { (words::of_unit(unit.status)) }
                nav.formats aria-label="Formats" {
                    @for (format, name) in [
                        (Format::Json, "JSON"), (Format::Markdown, "Markdown"), (Format::Csv, "CSV"),
                        (Format::Ndjson, "NDJSON"), (Format::Sse, "Live stream"),
                    ] {
                        a href={ "task/" (unit.id) "." (format.suffix()) } { (name) }
                    }
                }
            }
            (shell::names(unit))
        }
    }
}

fn state(unit: &Unit, stats: &Stats, now: Option<Timestamp>) -> Markup {
    let percent = stats.percent(unit);
    let fact = |name: &str, value: Option<Markup>| html! { @if let Some(value) = value { div { dt { (name) } dd { (value) } } } };
    let time = |at: jiff::Timestamp| html! { time datetime=(at) { (words::time(at)) } };
    let waiting = unit.progress.waiting_for.as_deref().filter(|_| !unit.status.is_terminal());
    let warnings: Vec<&str> = head::warnings(unit).collect();
    html! {
        section.card.state {
            div.bar {
                progress #progress class=(unit.status.word()) max="100" value=(percent) aria-label="Progress" { (percent) " %" }
                span.percent #percent { (percent) " %" }
            }
            div.null #waiting { @if let Some(waiting) = waiting { "Waiting for " (text::visible(waiting)) } }
            dl.facts {
                (fact("Processor", head::processor_name(unit).map(|name| html! { (text::visible(name)) })))
                (fact("Created", Some(time(unit.created_at))))
                (shell::elapsed(unit, now))
                (fact("Finished", unit.completed_at.map(time)))
                (fact("Kept until", Some(time(unit.expires_at))))
                (fact("Cost", head::cost(unit).map(|cost| html! { (markdown::cost_in_words(unit, cost)) })))
                @for (name, value) in &unit.spec.group.metadata {
                    (fact(&text::visible(name), Some(html! { (text::visible(value.as_str().unwrap_or(&value.to_string()))) })))
                }
            }
        }
        @if !warnings.is_empty() {
            section.card.note { h2 { "Warnings" } ul { @for warning in warnings { li { (text::visible(warning)) } } } }
        }
    }
}

fn score(stats: &Stats) -> Markup {
    let number = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), |number| number.to_string());
    html! {
        section.card.score #score hidden[*stats == Stats::default()] {
            h2 { "Sources" }
            ul.counts {
                li { b #considered { (number(stats.considered)) } " considered" }
                li { b #read { (number(stats.read)) } " read" }
            }
            ul.sample #sample {
                @for source in &stats.sample {
                    li {
                        @if let Some(link) = text::link(source) {
                            a href=(link) rel="noopener noreferrer nofollow" { (text::visible(source)) }
                        } @else {
                            (text::visible(source))
                        }
                    }
                }
            }
        }
    }
}

fn line(entry: &Entry<'_>) -> Markup {
    let shown = text::visible(&entry.text);
    let cut = shown.char_indices().nth(CHARS).map(|(at, _)| at);
    html! {
        li {
            @if let Some(at) = entry.at { time datetime=(at) { (at.strftime("%H:%M:%S").to_string()) } " " }
            span.pill { (text::visible(&entry.label)) } " "
            span.said dir="auto" { (shown[..cut.unwrap_or(shown.len())]) @if cut.is_some() { "…" } }
        }
    }
}

/// The upstream's id of the run, to be copied; while it is not bought the line waits for the script.
fn run_line(run: Option<&str>) -> Markup {
    let shown = text::visible(run.unwrap_or_default());
    html! {
        p.id.run #run-line hidden[run.is_none()] { "Run " code #run { (shown) } " " (shell::copy("copy-run", "Copy run id", &shown, "run")) }
    }
}

impl View for Page {
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
        let error = row.error(&self.unit);
        let row = html! {
            @if let Some(error) = &error {
                section.card.note.error { h2 { "No result" } p { (text::visible(&error.message)) } }
            }
            (run_line(row.run_id))
            (result(&self.unit, row))
            section.card.asked {
                details {
                    summary { "Input" }
                    @if let Some(input) = row.input { (value(input, None)) }
                }
            }
        };
        out.text(&row.into_string());
    }
}
