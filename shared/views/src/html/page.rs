//! What stands around the table: status, counts, facts, notes.

use domain::group::GroupSpec;
use domain::run::RunStatus;
use domain::unit::{Unit, Visibility};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assets::{SCRIPT, STYLE, UNIT_STYLE};
use super::{shell, tools};
use crate::columns::{Columns, INPUT};
use crate::faults::Faults;
use crate::format::Format;
use crate::sse::Position;
use crate::{head, markdown, text, words};

/// Everything up to the table's first row. Leaves `body`, `main`, the table's card, the table and its body open.
pub(super) fn begin(unit: &Unit, columns: &Columns, now: Option<Timestamp>, many: bool) -> String {
    let mut page = html! { (DOCTYPE) }.into_string();
    page.push_str("<html lang=\"en\">");
    page.push_str(&shell::head(unit, "Task group", &[STYLE, UNIT_STYLE]).into_string());
    page.push_str(&body_tag(unit, columns));
    page.push_str(&shell::site().into_string());
    page.push_str("<main>");
    page.push_str(
        &html! { (top(unit)) (tools::tools(unit)) (state(unit, now)) (notes(unit)) (filter()) }.into_string(),
    );
    let (table, body) = if many {
        ("<table class=\"rows many\" role=\"table\">", "<tbody role=\"rowgroup\">")
    } else {
        ("<table class=\"rows\">", "<tbody>")
    };
    page.push_str("<div class=\"card table\" tabindex=\"0\" role=\"region\" aria-label=\"Rows\">");
    page.push_str(table);
    page.push_str(&table_head(columns, many).into_string());
    page.push_str(body);
    page
}

/// Everything behind the table's last row but for the data, which is left to the caller, and [`END`].
pub(super) fn foot(columns: &Columns, faults: &Faults) -> String {
    let foot = html! {
        p.legend {
            span { span.dot.high {} "high" }
            span { span.dot.medium {} "medium" }
            span { span.dot.low {} "low confidence, of the weakest field" }
            @if columns.inputs.more || columns.outputs.more { span { "There are more fields than columns; the JSON has all of them." } }
        }
        @if !faults.reasons().is_empty() {
            section.card.note.error {
                h2 { "Errors" }
                ul {
                    @for reason in faults.reasons() {
                        li {
                            (text::visible(&reason.message)) " (" (reason.rows())
                            @if let Some(id) = &reason.ref_id { ", reference " (text::visible(id)) }
                            ")"
                        }
                    }
                    @if faults.others() > 0 { li { "Other reasons in " (faults.others()) " more rows." } }
                }
            }
        }
    };
    format!("</tbody></table></div>{}</main>", foot.into_string())
}

/// The end of the page.
pub(super) const END: &str = "</body></html>\n";

/// The script.
pub(super) fn script() -> String {
    html! { script type="module" { (PreEscaped(SCRIPT)) } }.into_string()
}

/// The body's tag, with what the script needs to know: where the events come from, and the fields in the order of the columns.
fn body_tag(unit: &Unit, columns: &Columns) -> String {
    if unit.status.is_terminal() {
        return "<body>".to_owned();
    }
    let mut fields: Vec<Option<&str>> =
        columns.outputs.fields.iter().map(|field| Some(field.as_str())).collect();
    fields.extend(columns.outputs.whole.then_some(None));
    let fields = serde_json::to_string(&fields).unwrap_or_default();
    let events = format!("{}/events?last_event_id={}", unit.id, Position::of(unit));
    let body = html! { body data-events=(events) data-fields=(fields) {} }.into_string();
    body.strip_suffix("</body>").unwrap_or(&body).to_owned()
}

fn top(unit: &Unit) -> Markup {
    html! {
        header {
            div.top {
                h1 { "Task Group Results" }
                span.badge #status data-status=(unit.status.word()) { (words::of_unit(unit.status)) }
                nav.formats aria-label="Formats" {
                    @for (format, name) in [
                        (Format::Json, "JSON"), (Format::Markdown, "Markdown"), (Format::Csv, "CSV"),
                        (Format::Ndjson, "NDJSON"), (Format::Sse, "Live stream"),
                    ] {
                        a href={ (unit.id) "." (format.suffix()) } { (name) }
                    }
                }
            }
            (shell::names(unit))
        }
    }
}

fn state(unit: &Unit, now: Option<Timestamp>) -> Markup {
    let percent = head::percent(unit);
    html! {
        section.card.state {
            div.bar {
                progress #progress class=(unit.status.word()) aria-label="Progress" max="100" value=(percent) { (percent) " %" }
                span.percent #percent { (percent) " %" }
            }
            ul.counts {
                li { b #total { (head::rows(unit)) } " rows" }
                @for status in RunStatus::ALL {
                    @let count = unit.counts.of(status);
                    li data-count=(status.word()) hidden[count == 0] { b { (count) } " " (words::of_run(status).to_lowercase()) }
                }
            }
            div.null #waiting { @if let Some(waiting) = unit.progress.waiting_for.as_deref().filter(|_| !unit.status.is_terminal()) { "Waiting for " (text::visible(waiting)) } }
            dl.facts { (facts(unit, now)) }
        }
    }
}

fn facts(unit: &Unit, now: Option<Timestamp>) -> Markup {
    let group: &GroupSpec = &unit.spec.group;
    let fact = |name: &str, value: Option<Markup>| html! { @if let Some(value) = value { div { dt { (name) } dd { (value) } } } };
    let time = |at: jiff::Timestamp| html! { time datetime=(at) { (words::time(at)) } };
    let processor = head::processor_name(unit).map(|name| {
        html! { (text::visible(name)) @if let Some(reason) = &unit.progress.processor_reason { span.null { ": " (text::visible(reason)) } } }
    });
    html! {
        (fact("Created", Some(time(unit.created_at))))
        (shell::elapsed(unit, now))
        (fact("Finished", unit.completed_at.map(time)))
        (fact("Kept until", Some(time(unit.expires_at))))
        (fact("Processor", processor))
        (fact("Cost", head::cost(unit).map(|cost| html! { (markdown::cost_in_words(unit, cost)) })))
        (fact("Webhook", group.webhook.as_ref().map(|webhook| html! { (host(&webhook.url)) })))
        (fact("Readable by", Some(html! { @match unit.spec.visibility { Visibility::Link => "whoever has the link", Visibility::Key => "its owner" } })))
        @for (name, value) in &group.metadata {
            (fact(&text::visible(name), Some(html! { (text::visible(value.as_str().unwrap_or(&value.to_string()))) })))
        }
    }
}

/// Where a webhook goes. Its path and query are the owner's secret.
fn host(webhook: &str) -> String {
    let host = url::Url::parse(webhook).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.map_or_else(|| "yes".to_owned(), |host| format!("to {host} at the end"))
}

fn notes(unit: &Unit) -> Markup {
    let warnings: Vec<&str> = head::warnings(unit).collect();
    html! {
        @if let Some(failure) = &unit.progress.failure {
            section.card.note.error { h2 { "The group failed" } (text::visible(&failure.message)) " (" (text::visible(&failure.code)) ")" }
        }
        @if !warnings.is_empty() {
            section.card.note { h2 { "Warnings" } ul { @for warning in warnings { li { (text::visible(warning)) } } } }
        }
    }
}

/// The search for rows, shown by the script alone.
fn filter() -> Markup {
    html! {
        form.filter #filter role="search" aria-label="Rows" autocomplete="off" hidden {
            div { label.field for="q" { "Find in input and output" } input #q type="search" spellcheck="false"; }
            div {
                label.field for="standing" { "Status" }
                select #standing {
                    option value="" { "Any" }
                    @for status in RunStatus::ALL { option value=(status.word()) { (words::of_run(status)) } }
                }
            }
            p.hint #shown role="status" {}
        }
    }
}

fn table_head(columns: &Columns, many: bool) -> Markup {
    let Columns { inputs, outputs } = columns;
    let head = |side: Option<&str>, name: &str| {
        html! {
            th.n[side.is_none() && name == "#"] scope="col" role=[many.then_some("columnheader")] {
                @if let Some(side) = side { small { (side) } }
                (text::visible(name))
            }
        }
    };
    html! {
        thead role=[many.then_some("rowgroup")] {
            tr role=[many.then_some("row")] {
                (head(None, "#"))
                (head(None, "Status"))
                @for name in &inputs.fields { (head(Some("input"), name)) }
                @if inputs.whole { (head(Some("input"), INPUT)) }
                @for name in &outputs.fields { (head(Some("output"), name)) }
                @if outputs.whole { (head(Some("output"), "Result")) }
                (head(None, "Confidence"))
            }
        }
    }
}
