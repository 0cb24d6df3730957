//! The form for a group: rows in any form, what they would cost, and what is asked of each.

use maud::{Markup, html};

use super::example::{self, curl};
use super::field::{send, sources};
use super::output::output;
use super::processor::{cost, processor};
use super::settings::{For, settings};
use super::shell::{Credential, View};

/// The view.
pub(super) fn view(base: &str, credential: Credential) -> Markup {
    html! {
        h1 { "A group of rows" }
        p.lead { "Each row becomes a research task of its own. You see what it costs before anything is bought." }
        form #group autocomplete="off" novalidate {
            section.card.panel #drop data-place="/inputs" {
                div.choice role="radiogroup" aria-label="Where the rows come from" {
                    label { input type="radio" name="from" value="here" checked; span { "Paste or drop a file" } }
                    label { input type="radio" name="from" value="url"; span { "From a URL" } }
                }
                div.part data-from="here" {
                    label.field for="rows" { "Rows, as CSV or JSON" }
                    textarea.code #rows rows="7" spellcheck="false" { (example::ROWS) }
                    div.line {
                        label.file { span { "Or a file:" } input #file type="file" accept=".csv,.json,.ndjson,.jsonl,text/csv,application/json"; }
                        p.hint #read role="status" aria-live="polite" {}
                    }
                }
                div.part data-from="url" hidden {
                    label.field for="url" { "URL of a list as CSV, JSON or NDJSON" }
                    input #url type="url" placeholder="https://";
                }
                div.preview tabindex="0" role="region" aria-label="Preview of the rows" hidden { table #preview {} }
            }
            (output(true))
            section.card.panel {
                (processor(true))
                (cost())
            }
            (sources())
            (settings(For::Group))
            (send("Create the group", View::Group, &curl(base, "/v1beta/tasks/groups", credential, &example::group())))
        }
    }
}
