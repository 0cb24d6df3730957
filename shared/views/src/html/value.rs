//! A JSON value as HTML: nested lists and tables, links to the web only, bounded in depth and length.
//!
//! A hostile value cannot make a page much larger than itself: each cell has a budget of parts, and long texts are cut with a note.

use maud::{Markup, html};
use serde_json::value::RawValue;

use crate::{cell, object, text, words};

/// Levels of nesting that are laid out; what lies deeper is shown as JSON.
const DEPTH: u8 = 4;
/// Values laid out in one cell.
const PARTS: usize = 1_000;
/// Characters of one text.
const CHARS: usize = 20_000;
/// Columns of a nested table; a list of wider objects is a list.
const WIDTH: usize = 12;

/// The value laid out, with a mark behind it.
pub(crate) fn value(raw: &RawValue, mark: Option<Markup>) -> Markup {
    let content = Layout { left: PARTS }.value(raw, 0);
    html! { div.v dir="auto" { (content) @if let Some(mark) = mark { (mark) } } }
}

struct Layout {
    left: usize,
}

impl Layout {
    fn value(&mut self, raw: &RawValue, depth: u8) -> Markup {
        let Some(left) = self.left.checked_sub(1) else { return html! { "…" } };
        self.left = left;
        match raw.get().as_bytes().first() {
            Some(b'n') => html! { span.null { "–" } },
            Some(b'{') if depth < DEPTH => self.object(raw, depth),
            Some(b'[') if depth < DEPTH => self.array(raw, depth),
            _ => string(&cell::text(raw)),
        }
    }

    fn object(&mut self, raw: &RawValue, depth: u8) -> Markup {
        let entries = object::entries(raw).unwrap_or_default();
        let shown = entries.len().min(self.left);
        html! {
            dl {
                @for (name, value) in &entries[..shown] {
                    dt { (text::visible(name)) }
                    dd { (self.value(value, depth + 1)) }
                }
            }
            @if shown < entries.len() { "…" }
        }
    }

    fn array(&mut self, raw: &RawValue, depth: u8) -> Markup {
        let elements = object::elements(raw).unwrap_or_default();
        let shown = elements.len().min(self.left);
        let elements_shown = &elements[..shown];
        html! {
            @if let Some(columns) = columns(elements_shown) {
                (self.table(&columns, elements_shown, depth))
            } @else {
                ul { @for element in elements_shown { li { (self.value(element, depth + 1)) } } }
            }
            @if shown < elements.len() { "… " (elements.len()) " in all" }
        }
    }

    fn table(&mut self, columns: &[String], rows: &[&RawValue], depth: u8) -> Markup {
        html! {
            table {
                thead { tr { @for name in columns { th { (text::visible(name)) } } } }
                tbody {
                    @for row in rows {
                        @let entries = object::entries(row).unwrap_or_default();
                        tr {
                            @for name in columns {
                                td {
                                    @if let Some((_, value)) = entries.iter().find(|(key, _)| key == name) {
                                        (self.value(value, depth + 1))
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The columns of a list of objects; none if it is not worth a table.
fn columns(elements: &[&RawValue]) -> Option<Vec<String>> {
    let mut columns: Vec<String> = Vec::new();
    for element in elements {
        for (name, _) in object::entries(element)? {
            if !columns.iter().any(|known| *known == name) {
                columns.push(name.into_owned());
            }
        }
        if columns.len() > WIDTH {
            return None;
        }
    }
    (elements.len() > 1 && !columns.is_empty()).then_some(columns)
}

fn string(value: &str) -> Markup {
    if let Some(link) = text::link(value) {
        return html! { a href=(link) rel="noopener noreferrer nofollow" { (text::visible(value.trim())) } };
    }
    let shown = text::beginning(value, CHARS);
    html! {
        (text::visible(shown))
        @if shown.len() < value.len() { span.null { " … cut here; " (words::size(value.len())) " in all, whole in the JSON" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> String {
        value(&RawValue::from_string(json.to_owned()).expect("JSON"), None).into_string()
    }

    #[test]
    fn markup_in_data_is_text() {
        let html = of(r#"{"<b>":"<img src=x onerror=alert(1)>"}"#);
        assert!(html.contains("&lt;b&gt;") && html.contains("&lt;img"), "{html}");
    }

    #[test]
    fn only_web_links_are_links() {
        assert!(
            of(r#""https://a.example/?q=\"><script>""#)
                .contains("href=\"https://a.example/?q=%22%3E%3Cscript%3E\"")
        );
        assert!(!of(r#""javascript:alert(1)""#).contains("href"));
    }

    #[test]
    fn a_list_of_objects_is_a_table() {
        let html = of(r#"[{"a":1},{"a":2,"b":3}]"#);
        assert!(html.contains("<th>a</th><th>b</th>") && html.contains("<td>3</td>"), "{html}");
    }

    #[test]
    fn a_hostile_value_stays_bounded() {
        let wide = format!("[{}1]", "1,".repeat(100_000));
        assert!(of(&wide).len() < 100_000);
        let deep = format!("{}1{}", "[".repeat(120), "]".repeat(120));
        assert!(of(&deep).len() < 1_000);
        let long = format!("\"{}\"", "é".repeat(1_000_000));
        assert!(of(&long).len() < 50_000);
    }
}
