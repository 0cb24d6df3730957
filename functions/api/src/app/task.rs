//! The form for one task.

use maud::{Markup, html};

use super::example::{self, curl};
use super::field::{more, processor, send, sources};
use super::output::output;
use super::shell::Credential;

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
                (processor(false))
            }
            (output(false))
            (sources())
            (more(true))
            (send("Run", &curl(base, "/api/tasks", credential, &example::task())))
        }
    }
}
