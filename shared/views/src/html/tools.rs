//! What the owner can do with a unit, ready for the script that shows it: without JavaScript none of it is seen.
//!
//! Which tools there are follows from where the unit stands; whether who presses them may use them is the service's to say.

use domain::unit::{Kind, Status, Unit};
use maud::{Markup, html};

/// The tools and their panels, all hidden.
pub(crate) fn tools(unit: &Unit) -> Markup {
    let is_over = unit.status.is_terminal();
    let again = unit.counts.failed + unit.counts.timed_out + unit.counts.cancelled;
    let never_began = is_over && unit.progress.rows.is_none();
    let name = unit.kind.word();
    html! {
        section.tools #tools aria-label={ "What its owner can do" } data-id=(unit.id) hidden {
            div.line {
                @if !is_over { button.quiet #cancel type="button" data-act="cancel" { "Cancel" } }
                @if is_over && again > 0 && unit.kind == Kind::Group {
                    button.quiet #retry type="button" data-act="retry" { "Retry failed (" (again) ")" }
                } @else if is_over && (again > 0 || never_began) {
                    button.quiet #retry type="button" data-act="retry" { "Retry" }
                }
                @if takes_rows(unit) { (opens("adding", None, "Add rows")) }
                @if unit.spec.group.webhook.is_some() { (opens("deliveries", Some("deliveries"), "Deliveries")) }
                (opens("removing", None, "Delete"))
            }
            p.status #told role="status" {}
            (asking())
            @if takes_rows(unit) { (adding()) }
            @if unit.spec.group.webhook.is_some() { (deliveries()) }
            div.card.panel #removing hidden {
                p { "Delete this " (name) " with all its results? Its URL will answer no more." }
                div.line {
                    button.quiet.danger type="button" data-act="remove" { "Delete it" }
                    (closes("removing", "Keep it"))
                }
            }
        }
    }
}

/// Whether rows can be added: a group that was given up as a whole takes none.
fn takes_rows(unit: &Unit) -> bool {
    let given_up = matches!(unit.status, Status::Cancelled | Status::TimedOut)
        || (unit.status.is_terminal() && unit.progress.failure.is_some());
    unit.kind == Kind::Group && !given_up
}

fn opens(panel: &str, act: Option<&str>, label: &str) -> Markup {
    html! { button.quiet #{ "open-" (panel) } type="button" data-act=[act] aria-controls=(panel) aria-expanded="false" { (label) } }
}

fn closes(panel: &str, label: &str) -> Markup {
    html! { button.quiet type="button" data-close=(panel) { (label) } }
}

fn asking() -> Markup {
    html! {
        form.card.panel #asking aria-labelledby="why" autocomplete="off" hidden {
            p #why {}
            label.field for="key" { "Key" }
            div.line {
                input #key type="password" autocomplete="off" spellcheck="false" aria-describedby="key-hint";
                label.check { input #remember type="checkbox"; " Remember it in this browser" }
                button.quiet type="submit" { "Use this key" }
                (closes("asking", "Leave it"))
            }
            p.hint #key-hint { "It stays in this tab, unless it is to be remembered, and is sent nowhere else." }
        }
    }
}

fn adding() -> Markup {
    html! {
        form.card.panel #adding autocomplete="off" hidden {
            label.field for="rows" { "Rows to add, as CSV or JSON" }
            textarea.code #rows rows="6" spellcheck="false" {}
            div.line {
                label.file { span { "Or a file:" } input #file type="file" accept=".csv,.json,.ndjson,.jsonl,text/csv,application/json"; }
                p.hint #rows-read role="status" {}
            }
            div.line {
                button.quiet type="submit" { "Add these rows" }
                (closes("adding", "Close"))
            }
        }
    }
}

fn deliveries() -> Markup {
    html! {
        div.card.panel #deliveries hidden {
            h2 { "Deliveries" }
            p.null #none hidden { "Nothing was told yet: the webhook is told at the end." }
            div.log tabindex="0" role="region" aria-label="Deliveries" {
                table {
                    thead { tr { @for name in ["What", "To", "State", "Attempts", "Again"] { th scope="col" { (name) } } } }
                    tbody #log {}
                }
            }
            div.line { (closes("deliveries", "Close")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{completed, ended, failed, group};

    /// The names of the buttons that stand in the first line.
    fn offered(unit: &Unit) -> Vec<String> {
        let markup = tools(unit).into_string();
        let line = markup.split_once("<p class=\"status\"").expect("what was told").0;
        line.split("</button>")
            .filter_map(|part| Some(part.rsplit_once('>')?.1.to_owned()))
            .filter(|name| !name.is_empty())
            .collect()
    }

    #[test]
    fn the_tools_are_those_that_make_sense_where_the_unit_stands() {
        assert_eq!(offered(&group(2)), ["Cancel", "Add rows", "Delete"]);
        let mixed = ended(group(2), &[Some(completed(0, "{}")), Some(failed(1, "no"))]);
        assert_eq!(offered(&mixed), ["Retry failed (1)", "Add rows", "Delete"]);
        let done = ended(group(1), &[Some(completed(0, "{}"))]);
        assert_eq!(offered(&done), ["Add rows", "Delete"]);
        let cancelled = Unit { status: Status::Cancelled, ..mixed.clone() };
        assert_eq!(offered(&cancelled), ["Retry failed (1)", "Delete"]);
        let task = Unit { kind: Kind::Task, ..mixed };
        assert_eq!(offered(&task), ["Retry", "Delete"]);
        let mut unread = done;
        unread.progress.rows = None;
        unread.status = Status::Failed;
        assert_eq!(offered(&unread)[0], "Retry");
    }

    #[test]
    fn without_a_script_nothing_of_it_is_seen() {
        let markup = tools(&group(1)).into_string();
        assert!(
            markup.starts_with("<section") && markup.split_once('>').expect("its tag").0.ends_with(" hidden"),
            "{markup}"
        );
    }
}
