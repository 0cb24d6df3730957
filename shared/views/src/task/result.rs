//! The result of a task in three views: field by field with reasoning and citations, as text rendered from Markdown, as JSON.
//!
//! Without JavaScript they stand below each other; with it they are tabs. Each is bounded, and says where the whole is.

use domain::unit::Unit;
use maud::{Markup, html};
use serde_json::value::RawValue;

use super::pretty::pretty;
use super::prose::prose;
use crate::basis::{self, Confidences, FieldBasis};
use crate::html::{cell, value};
use crate::row::Row;
use crate::{cell as plain, object, text, words};

/// Fields of a result that are shown.
const FIELDS: usize = 200;
/// Characters of a text that are rendered, and bytes of JSON that are shown.
const CHARS: usize = 100_000;

type Entries<'a> = Vec<(std::borrow::Cow<'a, str>, &'a RawValue)>;

/// The result, once there is one.
pub(super) fn result(unit: &Unit, row: &Row<'_>) -> Markup {
    let (Some(content), Some(whole)) = (row.output.content, row.whole_output()) else { return html! {} };
    let basis = basis::read(row.output.basis);
    let entries = object::entries(content);
    let first = if entries.is_some() { "table" } else { "text" };
    html! {
        section.card.result #result data-first=(first) {
            h2 { "Result" }
            (view("table", "Table", &table(content, entries.as_ref(), &basis)))
            (view("text", "Text", &html! {
                (report(unit, content, entries.as_ref()))
                @if entries.is_none() { div.c.below { (cell(&Confidences::of(&basis), &basis)) } }
            }))
            (view("json", "JSON", &json(unit, whole)))
        }
    }
}

fn view(name: &str, title: &str, shown: &Markup) -> Markup {
    html! { div #{ "view-" (name) } data-view=(name) { h3 { (title) } (shown) } }
}

fn table(content: &RawValue, entries: Option<&Entries<'_>>, basis: &[FieldBasis]) -> Markup {
    let confidences = Confidences::of(basis);
    html! {
        table.fields {
            thead { tr { th scope="col" { "Field" } th scope="col" { "Value" } th scope="col" { "Confidence" } } }
            tbody {
                @if let Some(entries) = entries {
                    @for (name, found) in entries.iter().take(FIELDS) {
                        tr {
                            th scope="row" { (text::visible(name)) }
                            td { (value(found, None)) }
                            td.c { (of_field(name, basis, &confidences)) }
                        }
                    }
                } @else {
                    tr { th scope="row" { "output" } td { (value(content, None)) } td.c { (cell(&confidences, basis)) } }
                }
            }
        }
        @if let Some(entries) = entries {
            @if entries.len() > FIELDS { p.null { "… " (entries.len()) " fields in all; the JSON has each." } }
            @let others = basis_beside(entries, basis);
            @if !others.is_empty() { div.c { (cell(&Confidences::of(&others), &others)) } }
        }
    }
}

/// The result as something to read: a text, or each field under its name.
fn report(unit: &Unit, content: &RawValue, entries: Option<&Entries<'_>>) -> Markup {
    let mut left = CHARS;
    let mut part = |raw: &RawValue, level: usize| {
        if !raw.get().starts_with('"') {
            return value(raw, None);
        }
        let all = plain::text(raw);
        let shown = text::beginning(&all, left);
        left -= shown.chars().count();
        html! { (prose(shown, level)) @if shown.len() < all.len() { (cut(unit, all.len(), "md", "Markdown")) } }
    };
    html! {
        div.prose {
            @if let Some(entries) = entries {
                @for (name, found) in entries.iter().take(FIELDS) { h3 dir="auto" { (text::visible(name)) } (part(found, 4)) }
            } @else {
                (part(content, 3))
            }
        }
    }
}

fn json(unit: &Unit, whole: &RawValue) -> Markup {
    let (shown, is_whole) = pretty(whole.get(), CHARS);
    html! {
        pre.json tabindex="0" aria-label="The result as JSON" role="region" { code { (text::visible(&shown)) } }
        @if !is_whole { (cut(unit, whole.get().len(), "json", "JSON")) }
    }
}

fn cut(unit: &Unit, bytes: usize, suffix: &str, name: &str) -> Markup {
    html! { p.null { "… cut here; " (words::size(bytes)) " in all, whole in the " a href={ "task/" (unit.id) "." (suffix) } { (name) } "." } }
}

/// The confidence of one field, with its reasoning and citations and those of its parts.
fn of_field(name: &str, basis: &[FieldBasis], confidences: &Confidences) -> Markup {
    let own: Vec<FieldBasis> = basis.iter().filter(|entry| is_of(&entry.field, name)).cloned().collect();
    let sure = Confidences {
        overall: confidences.fields.get(name).copied().or(Confidences::of(&own).overall),
        ..Confidences::default()
    };
    cell(&sure, &own)
}

fn is_of(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What a basis says of no field of the result.
fn basis_beside(entries: &Entries<'_>, basis: &[FieldBasis]) -> Vec<FieldBasis> {
    let stray = |entry: &&FieldBasis| !entries.iter().any(|(name, _)| is_of(&entry.field, name));
    basis.iter().filter(stray).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{completed, group};
    use domain::run::RunStatus;

    fn of(output: &str) -> String {
        let run = completed(0, output);
        let row = Row::new(0, None, Some(&run), None, RunStatus::Completed);
        result(&group(1), &row).into_string()
    }

    #[test]
    fn a_text_is_rendered_and_stands_as_it_is_beside() {
        let html = of(
            r##"{"type":"text","content":"# Findings\n\n* one\n* <b>two</b>","basis":[{"field":"output","reasoning":"It says so."}]}"##,
        );
        assert!(
            html.contains("data-first=\"text\"") && html.contains("<h3 dir=\"auto\">Findings</h3>"),
            "{html}"
        );
        assert!(html.contains("<li dir=\"auto\">&lt;b&gt;two&lt;/b&gt;</li>"), "{html}");
        assert!(html.contains("# Findings\n\n* one"), "as it is, in the table: {html}");
        assert_eq!(
            html.matches("It says so.").count(),
            3,
            "its sources stand below it, in the table, and in the JSON: {html}"
        );
        assert!(html.contains("&quot;content&quot;: &quot;# Findings\\n"), "as JSON: {html}");
    }

    #[test]
    fn an_object_is_a_table_first_and_its_texts_are_rendered() {
        let html = of(
            r#"{"content":{"name":"A **bold** one","year":1.50},"basis":[{"field":"year","confidence":"low"}]}"#,
        );
        assert!(
            html.contains("data-first=\"table\"") && html.contains("A <strong>bold</strong> one"),
            "{html}"
        );
        assert!(html.contains("<td><div class=\"v\" dir=\"auto\">A **bold** one</div></td>"), "{html}");
        assert!(html.contains("&quot;year&quot;: 1.50"), "{html}");
    }

    #[test]
    fn twelve_megabytes_make_a_small_page_that_says_where_the_whole_is() {
        for content in [
            format!("\"{}\"", "word ".repeat(2_500_000)),
            format!("{{\"a\":\"{}\",\"b\":\"c\"}}", "word\\n".repeat(2_000_000)),
        ] {
            let html = of(&format!("{{\"content\":{content}}}"));
            assert!(html.len() < 600_000, "{}", html.len());
            assert!(
                html.contains(".json\">JSON</a>")
                    && html.contains(".md\">Markdown</a>")
                    && html.contains("12."),
                "{}",
                &html[html.len() - 300..]
            );
        }
    }
}
