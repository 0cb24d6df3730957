//! The parts that both forms are made of: sources, rows that can be repeated, and the button.
//!
//! `data-place` names the JSON pointers whose faults are shown at a part, `data-row` the kind of a row that can be repeated; the button that
//! adds one stands beside the list that it adds to.

use maud::{Markup, html};

use super::shell::View;

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

/// Rows of texts that can be repeated, none at first.
pub(super) fn repeated(kind: &str, add: &str, fields: &[(&str, &str)]) -> Markup {
    html! {
        ul.repeated #{ (kind) "-rows" } {}
        template #{ (kind) "-row" } {
            li data-row=(kind) {
                @for (name, label) in fields { (text(name, label, "text")) }
                (remove(kind))
                div.told {}
            }
        }
        button.quiet type="button" data-add=(kind) { (add) }
    }
}

/// One text of a row.
pub(super) fn text(name: &str, label: &str, kind: &str) -> Markup {
    html! {
        label { span { (label) } input type=(kind) data-field=(name) autocomplete="off" spellcheck="false" autocapitalize="none"; }
    }
}

/// The button that takes a row away.
pub(super) fn remove(kind: &str) -> Markup {
    html! { button.quiet.remove type="button" aria-label={ "Remove this " (kind) } title="Remove" { "\u{d7}" } }
}

/// Where faults that have no place of their own are told, the button, the way back to the example, what is said meanwhile, and the command
/// that does the same.
pub(super) fn send(label: &str, view: View, curl: &str) -> Markup {
    html! {
        div.card.note.error #faults tabindex="-1" hidden {}
        div.send {
            button.primary #send type="submit" { (label) }
            a href=(view.address()) { "Start over with the example" }
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
