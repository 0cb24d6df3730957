//! The list of an owner's tasks and groups: search, filter, pages. The rows come with the key, from the browser.

use domain::processor::PROCESSORS;
use maud::{Markup, html};

const STATUSES: [(&str, &str); 7] = [
    ("pending", "Pending"),
    ("running", "Running"),
    ("completed", "Completed"),
    ("partial", "Partial"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
    ("timed_out", "Timed out"),
];

const KINDS: [(&str, &str); 2] = [("task", "Tasks"), ("group", "Groups")];

const COLUMNS: [&str; 6] = ["What", "Status", "Progress", "Processor", "Created", "Actions"];

/// The view. Its roles are said, since a narrow screen shows rows as blocks.
pub(super) fn view() -> Markup {
    html! {
        h1 { "Tasks and groups" }
        form.card.panel #filters role="search" autocomplete="off" {
            div.filters {
                div.part { label.field for="q" { "Search" } input #q type="search" placeholder="id, input or metadata"; }
                (choice("status", "Status", &STATUSES))
                (choice("kind", "Kind", &KINDS))
            }
            details #further {
                summary { "More filters" }
                div.filters {
                    div.part {
                        label.field for="processor" { "Processor" }
                        select #processor {
                            option value="" { "Any" }
                            @for known in &PROCESSORS { option { (known.name) } }
                            @for known in &PROCESSORS { option { (known.name) "-fast" } }
                        }
                    }
                    div.part { label.field for="from" { "Created from" } input #from type="date"; }
                    div.part { label.field for="to" { "Created until" } input #to type="date"; }
                    div.part {
                        label.field for="entry" { "Metadata" }
                        input #entry type="text" placeholder="name=value" spellcheck="false" autocapitalize="none";
                        p.fault #entry-fault hidden { "Write it as name=value." }
                    }
                }
            }
        }
        div.line.asked {
            p.status #told role="status" aria-live="polite" { "Loading\u{2026}" }
            button.quiet #stop type="button" hidden { "Stop" }
            button.quiet #refresh type="button" { "Refresh" }
        }
        div.card.table tabindex="0" role="region" aria-label="Tasks and groups" {
            table.rows.listed role="table" {
                thead role="rowgroup" {
                    tr role="row" { @for name in COLUMNS { th scope="col" role="columnheader" { (name) } } }
                }
                tbody #units role="rowgroup" {}
            }
            div.empty #empty hidden {}
        }
        nav.pages aria-label="Pages of the list" {
            button.quiet #newer type="button" disabled { "Newer" }
            button.quiet #older type="button" disabled { "Older" }
        }
    }
}

fn choice(id: &str, label: &str, words: &[(&str, &str)]) -> Markup {
    html! {
        div.part {
            label.field for=(id) { (label) }
            select #(id) { option value="" { "Any" } @for (word, name) in words { option value=(word) { (name) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::unit::Status;

    use super::*;

    #[test]
    fn every_status_that_a_list_can_show_is_a_filter() {
        let shown = Status::ALL.into_iter().filter(|status| *status != Status::Deleted);
        let words: Vec<&str> = STATUSES.iter().map(|(word, _)| *word).collect();
        assert_eq!(shown.map(Status::word).collect::<Vec<_>>(), words);
    }
}
