//! What is seldom needed: MCP servers, limits and repetitions, who may read, metadata, whom to tell.
//!
//! Invariant: the values of headers are typed into fields that show no text, and go nowhere but into the request.

use maud::{Markup, html};

use super::field::{remove, repeated, text};

/// Which form the settings stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// One task.
    Task,
    /// Many rows.
    Group,
}

/// All of them, folded away.
pub(super) fn settings(of: For) -> Markup {
    html! {
        (servers())
        (limits(of))
        (more(of))
    }
}

fn servers() -> Markup {
    html! {
        details.card.panel data-place="/mcp_servers" {
            summary { "MCP servers: tools of yours that may be used" }
            ul.repeated #server-rows {}
            template #server-row {
                li data-row="server" {
                    (text("name", "Name", "text"))
                    label.wide { span { "URL" } input type="url" data-field="url" placeholder="https://" autocomplete="off"; }
                    label.wide { span { "Tools, by name; all if empty" } input type="text" data-field="tools" autocomplete="off" spellcheck="false" autocapitalize="none"; }
                    (remove("server"))
                    div.told {}
                    div.nested {
                        ul.repeated {}
                        button.quiet type="button" data-add="header" { "Add a header" }
                    }
                }
            }
            template #header-row {
                li data-row="header" {
                    (text("name", "Header", "text"))
                    (text("value", "Value", "password"))
                    (remove("header"))
                    div.told {}
                }
            }
            button.quiet type="button" data-add="server" { "Add a server" }
            p.hint { "Headers are sealed while the work lasts and erased with its end; they are shown nowhere." }
        }
    }
}

fn limits(of: For) -> Markup {
    html! {
        details.card.panel {
            summary { "Limits and repetitions" }
            div.columns {
                @if of == For::Group {
                    (number("/offset", "skip", "Rows to skip", "none", None))
                    (number("/limit", "take", "Rows to take at most", "all", None))
                }
                (number("/timeout_seconds", "timeout", "Time at most, in seconds", "no limit", Some("What is not done by then ends as timed out.")))
                div.part data-place="/retry_failed" {
                    label.field for="retries" { "What failed is bought again" }
                    select #retries {
                        option value="" { "Never by itself" }
                        @for (times, word) in (1..).zip(["Once", "Twice", "Three times", "Four times", "Five times"]) {
                            option value=(times) { (word) }
                        }
                    }
                    p.hint { "Runs that fail cost nothing." }
                }
                (number("/cache/max_age_hours /cache", "age", "Take results up to so old, in hours", "none: all is bought", Some("The same question of yours costs nothing then.")))
            }
        }
    }
}

fn number(place: &str, id: &str, label: &str, without: &str, hint: Option<&str>) -> Markup {
    let described = hint.map(|_| format!("{id}-hint"));
    html! {
        div.part data-place=(place) {
            label.field for=(id) { (label) }
            input #(id) type="text" inputmode="numeric" autocomplete="off" placeholder=(without) aria-describedby=[described.as_deref()];
            @if let Some(hint) = hint { p.hint #{ (id) "-hint" } { (hint) } }
        }
    }
}

fn more(of: For) -> Markup {
    html! {
        details.card.panel {
            summary { "More: who may read it, metadata, webhook" @if of == For::Task { ", earlier interaction" } }
            div.part data-place="/visibility" {
                p.field #visibility-label { "Who may read it" }
                div.choice role="radiogroup" aria-labelledby="visibility-label" {
                    label { input type="radio" name="visibility" value="link" checked; span { "Whoever has its URL" } }
                    label { input type="radio" name="visibility" value="key"; span { "Only with my key" } }
                }
                p.hint data-visibility="link" { "Its URL cannot be guessed. Whoever you give it to can read the results, and change nothing." }
                p.hint data-visibility="key" hidden { "Its URL alone opens nothing: each request has to bring your key, which a link does not. Read it from a program, or from the list of all of yours." }
            }
            div.part data-place="/metadata" {
                p.field { "Metadata" }
                (repeated("metadata", "Add an entry", &[("name", "Name"), ("value", "Value")]))
            }
            div.part data-place="/input_schema /taskSpec/input_schema" {
                label.field for="input-schema" { @if of == For::Task { "What the input is" } @else { "What a row is" } }
                textarea #input-schema rows="2" spellcheck="false" aria-describedby="input-schema-hint" {}
                p.hint #input-schema-hint { "A sentence, or a JSON Schema. It may be left empty; it helps the processor to read what you give it." }
            }
            div.columns {
                div.part data-place="/webhook_url /webhook" {
                    label.field for="webhook" { "Webhook" }
                    input #webhook type="url" placeholder="https://" autocomplete="off" aria-describedby="webhook-hint";
                    p.hint #webhook-hint { "It is told once when all is over." }
                }
                @if of == For::Task {
                    div.part data-place="/previous_interaction_id" {
                        label.field for="interaction" { "Earlier interaction" }
                        input #interaction type="text" autocomplete="off" spellcheck="false" aria-describedby="interaction-hint";
                        p.hint #interaction-hint { "The id of one whose context is to be used." }
                    }
                }
            }
            @if of == For::Task {
                label.check.part { input #follow type="checkbox" checked; " Keep what is told while it works: plan, searches, sources" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_what_makes_sense_in_it() {
        let (task, group) = (settings(For::Task).0, settings(For::Group).0);
        for id in ["timeout", "retries", "age", "webhook", "input-schema", "server-rows", "metadata-rows"] {
            let id = format!("id=\"{id}\"");
            assert!(task.contains(&id) && group.contains(&id), "{id}");
        }
        for id in ["follow", "interaction"] {
            let id = format!("id=\"{id}\"");
            assert!(task.contains(&id) && !group.contains(&id), "{id}");
        }
        for id in ["skip", "take"] {
            let id = format!("id=\"{id}\"");
            assert!(!task.contains(&id) && group.contains(&id), "{id}");
        }
    }

    #[test]
    fn no_field_has_a_name_under_which_a_browser_would_send_or_keep_it() {
        for of in [For::Task, For::Group] {
            let markup = settings(of).0;
            assert_eq!(markup.matches(" name=").count(), markup.matches(" name=\"visibility\"").count());
            assert!(markup.contains("type=\"password\" data-field=\"value\""));
        }
    }
}
