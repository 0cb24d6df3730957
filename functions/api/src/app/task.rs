//! The form for one task.

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
        h1 { "One research task" }
        p.lead { "Ask, get a URL at once, and watch the answer come. It stands there for 30 days." }
        form #task autocomplete="off" novalidate {
            section.card.panel {
                div.part data-place="/input" {
                    label.field for="input" { "Input" }
                    div.choice role="radiogroup" aria-label="Kind of input" {
                        label { input type="radio" name="kind" value="text" checked; span { "Text" } }
                        label { input type="radio" name="kind" value="json"; span { "JSON" } }
                    }
                    textarea #input rows="3" { (example::INPUT) }
                }
            }
            (output(false))
            section.card.panel {
                (processor(false))
                (cost())
            }
            (sources())
            (settings(For::Task))
            (send("Run", View::Task, &curl(base, "/api/tasks", credential, &example::task())))
        }
    }
}
