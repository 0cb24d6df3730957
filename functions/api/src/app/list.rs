//! The list of an owner's tasks and groups: search, filter, pages. The rows come with the key, from the browser.

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

const COLUMNS: [&str; 6] = ["What", "Status", "Progress", "Processor", "Created", "Actions"];

/// The view. Its roles are said, since a narrow screen shows rows as blocks.
pub(super) fn view() -> Markup {
    html! {
        h1 { "Tasks and groups" }
        form.card.panel.filters #filters role="search" {
            div.part { label.field for="q" { "Search" } input #q type="search" placeholder="id, input or metadata"; }
            div.part {
                label.field for="status" { "Status" }
                select #status { option value="" { "Any" } @for (word, name) in STATUSES { option value=(word) { (name) } } }
            }
        }
        p.status #told role="status" aria-live="polite" { "Loading\u{2026}" }
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
