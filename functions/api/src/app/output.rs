//! What is to be found out: fields, which become a schema; a schema as it is; a text; or whatever fits.

use maud::{Markup, html};

use super::example::FIELDS;
use super::field::remove;

const TYPES: [(&str, &str); 5] = [
    ("string", "text"),
    ("integer", "whole number"),
    ("number", "number"),
    ("boolean", "yes or no"),
    ("list", "list of texts"),
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
            div data-kind="json" {
                ul.repeated #field-rows { @for (name, kind, description) in FIELDS { (row(name, kind, description)) } }
                template #field-row { (row("", "string", "")) }
                button.quiet type="button" data-add="field" { "Add a field" }
            }
            div.part data-kind="schema" hidden {
                label.field for="schema" { "JSON Schema of the output" }
                textarea.code #schema rows="12" spellcheck="false" {}
            }
            div.part data-kind="described text" hidden {
                label.field for="description" { "What is to be found out" }
                textarea #description rows="3" {}
            }
            p.hint data-kind="auto" hidden { "The processor decides what its findings look like. Meant for pro and above." }
        }
    }
}

fn kind(value: &str, label: &str, chosen: bool) -> Markup {
    html! { label { input type="radio" name="output" value=(value) checked[chosen]; span { (label) } } }
}

fn row(name: &str, kind: &str, description: &str) -> Markup {
    html! {
        li data-row="field" {
            label { span { "Name" } input type="text" data-field="name" value=(name) autocomplete="off" spellcheck="false" autocapitalize="none"; }
            label { span { "Type" } select data-field="type" { @for (value, label) in TYPES { option value=(value) selected[value == kind] { (label) } } } }
            label.wide { span { "Description" } input type="text" data-field="description" value=(description) autocomplete="off"; }
            (remove("field"))
        }
    }
}
