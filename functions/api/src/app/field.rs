//! The parts that both forms have: processor, sources, and what stands under "More".
//!
//! `data-place` names the JSON pointers whose faults are shown at a part, `data-row` the kind of a row that can be repeated.

use domain::processor::PROCESSORS;
use maud::{Markup, html};

use super::example::PROCESSOR;

/// The choice of a processor, with its price and the time that half of all runs take at most.
pub(super) fn processor(automatic: bool) -> Markup {
    html! {
        div.part data-place="/processor" {
            label.field for="processor" { "Processor" }
            select #processor {
                @if automatic { option value="" { "Chosen for you, by what is asked for" } }
                @for known in &PROCESSORS {
                    option value=(known.name) selected[known.name == PROCESSOR] {
                        (known.name) ": " (domain::estimate::Cost(known.micro_dollars)) " a run, about " (span(known.median.as_secs()))
                        ", good for " (known.fields) " fields"
                    }
                }
            }
        }
    }
}

fn span(seconds: u64) -> String {
    if seconds < 100 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) }
}

/// The websites that may be used or not.
pub(super) fn sources() -> Markup {
    html! {
        details.card.panel data-place="/source_policy" {
            summary { "Sources: which websites may be used" }
            div.columns {
                (chips("include", "Only these websites", "as in nature.com or .edu"))
                (chips("exclude", "Never these websites", "as in example.com"))
                div.part data-place="/source_policy/after_date" {
                    label.field for="after" { "Not older than" }
                    input #after type="date";
                }
            }
        }
    }
}

fn chips(name: &str, label: &str, hint: &str) -> Markup {
    html! {
        div.part.chips #{ (name) "-chips" } data-place={ "/source_policy/" (name) "_domains" } {
            label.field for=(name) { (label) }
            input #(name) type="text" autocomplete="off" spellcheck="false" autocapitalize="none" aria-describedby={ (name) "-hint" };
            ul.chosen aria-label=(label) {}
            p.hint #{ (name) "-hint" } { (hint) "; Enter adds it" }
        }
    }
}

/// What is seldom needed.
pub(super) fn more(interaction: bool) -> Markup {
    let servers = [("name", "Name"), ("url", "URL"), ("authorization", "Authorization header")];
    html! {
        details.card.panel {
            summary { "More: MCP servers, metadata, webhook" @if interaction { ", earlier interaction" } }
            div.part data-place="/mcp_servers" {
                p.field { "MCP servers" }
                (repeated("server", "Add a server", &servers))
            }
            div.part data-place="/metadata" {
                p.field { "Metadata" }
                (repeated("metadata", "Add an entry", &[("name", "Name"), ("value", "Value")]))
            }
            div.columns {
                div.part data-place="/webhook_url /webhook" {
                    label.field for="webhook" { "Webhook" }
                    input #webhook type="url" placeholder="https://" autocomplete="off" aria-describedby="webhook-hint";
                    p.hint #webhook-hint { "It is told once when all is over." }
                }
                @if interaction {
                    div.part data-place="/previous_interaction_id" {
                        label.field for="interaction" { "Earlier interaction" }
                        input #interaction type="text" autocomplete="off" spellcheck="false" aria-describedby="interaction-hint";
                        p.hint #interaction-hint { "The id of one whose context is to be used." }
                    }
                }
            }
        }
    }
}

fn repeated(kind: &str, add: &str, fields: &[(&str, &str)]) -> Markup {
    html! {
        ul.repeated #{ (kind) "-rows" } {}
        template #{ (kind) "-row" } {
            li data-row=(kind) {
                @for (name, label) in fields {
                    label { span { (label) } input type="text" data-field=(name) autocomplete="off" spellcheck="false"; }
                }
                (remove(kind))
            }
        }
        button.quiet type="button" data-add=(kind) { (add) }
    }
}

/// The button that takes a row away.
pub(super) fn remove(kind: &str) -> Markup {
    html! { button.quiet.remove type="button" aria-label={ "Remove this " (kind) } title="Remove" { "\u{d7}" } }
}

/// Where faults that have no place of their own are told, the button, what would be said while it works, and the command that does the same.
pub(super) fn send(label: &str, curl: &str) -> Markup {
    html! {
        div.card.note.error #faults tabindex="-1" hidden {}
        div.send {
            button.primary #send type="submit" { (label) }
            p.status #state role="status" aria-live="polite" {}
        }
        details.card.panel.command {
            summary { "The same from a terminal" }
            div.copied {
                pre #curl tabindex="0" aria-label="Command" { code { (curl) } }
                button.quiet #copy type="button" { "Copy" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_processor_is_offered_with_its_price_and_time() {
        let markup = processor(false).0;
        assert!(markup.contains("lite: $0.005 a run, about 45 s"), "{markup}");
        assert!(markup.contains("ultra8x: $2.40 a run, about 7 min"), "{markup}");
        assert_eq!(markup.matches("<option").count(), PROCESSORS.len());
        assert_eq!(markup.matches("selected").count(), 1);
    }
}
