//! What is to be found out: fields, which become a schema; a schema as it is; a text; or whatever fits.

use maud::{Markup, html};

use super::example::FIELDS;
use super::field::remove;

/// The types of a field: the word, and what it is called.
const TYPES: [(&str, &str); 9] = [
    ("string", "text"),
    ("integer", "whole number"),
    ("number", "number"),
    ("boolean", "yes or no"),
    ("choice", "one of several"),
    ("list", "list of texts"),
    ("numbers", "list of numbers"),
    ("object", "group"),
    ("objects", "list of groups"),
];

/// The choice; `described` is whether fields may be described in a sentence, which a group's first step turns into a schema.
pub(super) fn output(described: bool) -> Markup {
    html! {
        fieldset.card.panel data-place="/taskSpec /output_type /output_schema /output_description" {
            legend { "Output" }
            div.choice role="radiogroup" aria-label="Kind of output" {
                (kind("json", "Fields", true))
                (kind("schema", "JSON Schema", false))
                @if described { (kind("described", "Fields, in words", false)) }
                (kind("text", "Text", false))
                (kind("auto", "Whatever fits", false))
            }
            p.hint.turned #turned role="status" aria-live="polite" {}
            div data-kind="json" {
                ul.repeated #field-rows { @for (name, kind, description) in FIELDS { (row(name, kind, description)) } }
                template #field-row { (row("", "string", "")) }
                button.quiet type="button" data-add="field" { "Add a field" }
            }
            div.part data-kind="schema" hidden {
                label.field for="schema" { "JSON Schema of the output" }
                textarea.code #schema rows="12" spellcheck="false" {}
            }
            ul.judged #judged data-kind="json schema" aria-label="What the schema is judged to be" {}
            div.part data-kind="described text" hidden {
                label.field for="description" { "What is to be found out" }
                textarea #description rows="3" {}
            }
            p.hint data-kind="auto" hidden { "The processor decides what its findings look like. Meant for pro and above; lite and base are too small for it." }
        }
    }
}

fn kind(value: &str, label: &str, chosen: bool) -> Markup {
    html! { label { input type="radio" name="output" value=(value) checked[chosen]; span { (label) } } }
}

/// A field: what it is, and the fields inside where it is a group of them.
fn row(name: &str, kind: &str, description: &str) -> Markup {
    html! {
        li data-row="field" {
            label { span { "Name" } input type="text" data-field="name" value=(name) autocomplete="off" spellcheck="false" autocapitalize="none"; }
            label { span { "Type" } select data-field="type" { @for (value, label) in TYPES { option value=(value) selected[value == kind] { (label) } } } }
            label.wide { span { "Description" } input type="text" data-field="description" value=(description) autocomplete="off"; }
            label.check { input type="checkbox" data-field="nullable"; " may be unknown" }
            (remove("field"))
            label.wide.inside data-inside="choice" hidden { span { "The texts, separated by commas" } input type="text" data-field="choices" autocomplete="off"; }
            div.told {}
            div.nested data-inside="object objects" hidden {
                ul.repeated {}
                button.quiet type="button" data-add="field" { "Add a field inside" }
            }
        }
    }
}
