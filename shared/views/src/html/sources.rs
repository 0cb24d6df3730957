//! Where an output comes from: reasoning and citations by field, folded behind the confidence.

use domain::UnitId;
use maud::{Markup, html};
use std::fmt::Write as _;
use url::Url;

use crate::basis::{Citation, Confidence, Confidences, FieldBasis};
use crate::text;

/// Fields, and citations of one field, that are listed.
const LISTED: usize = 40;
/// Excerpts that a link points to, and the characters of each.
const FRAGMENTS: usize = 3;
const FRAGMENT_CHARS: usize = 300;

/// A coloured mark; its shape tells the same as its colour.
pub(crate) fn dot(confidence: Confidence) -> Markup {
    let word = confidence.word();
    html! { span class={ "dot " (word) } title={ (word) " confidence" } role="img" aria-label={ (word) " confidence" } {} }
}

/// The cell at the end of a row.
pub(crate) fn cell(confidences: &Confidences, basis: &[FieldBasis]) -> Markup {
    let entries: Vec<&FieldBasis> = basis.iter().filter(|entry| is_telling(entry)).take(LISTED).collect();
    if entries.is_empty() {
        return overall(confidences);
    }
    html! {
        details {
            summary { @if confidences.overall.is_some() { (overall(confidences)) } @else { "sources" } }
            dl.basis {
                @for entry in entries {
                    dt {
                        (text::visible(&entry.field))
                        @if let Some(confidence) = entry.confidence.as_deref().and_then(Confidence::of) { " " (dot(confidence)) }
                    }
                    dd {
                        @if let Some(reasoning) = &entry.reasoning { (text::visible(reasoning)) }
                        @if !entry.citations.is_empty() { (citations(&entry.citations)) }
                    }
                }
            }
        }
    }
}

/// The same where there are many rows: it leads to the run with its sources, which the script lays out in its place.
pub(super) fn link(confidences: &Confidences, basis: &[FieldBasis], id: &UnitId, row: u32) -> Markup {
    if !basis.iter().any(is_telling) {
        return overall(confidences);
    }
    html! {
        a.src href={ (id) "/runs/" (row) } { @if confidences.overall.is_some() { (overall(confidences)) } @else { "sources" } }
    }
}

fn overall(confidences: &Confidences) -> Markup {
    html! { @if let Some(overall) = confidences.overall { (dot(overall)) (overall.word()) } }
}

fn is_telling(entry: &FieldBasis) -> bool {
    entry.reasoning.as_deref().is_some_and(|text| !text.is_empty()) || !entry.citations.is_empty()
}

fn citations(citations: &[Citation]) -> Markup {
    html! {
        ul {
            @for citation in citations.iter().take(LISTED) {
                @let url = citation.url.as_deref();
                @let title = citation.title.as_deref().filter(|title| !title.trim().is_empty()).or(url).unwrap_or("source");
                li {
                    @if let Some(url) = url.and_then(text::link) {
                        a href=(fragment(url, &citation.excerpts)) rel="noopener noreferrer nofollow" { (text::visible(title)) }
                    } @else {
                        (text::visible(title))
                    }
                }
            }
        }
    }
}

/// The address with a text fragment, so that a browser scrolls to what was cited.
fn fragment(mut url: Url, excerpts: &[String]) -> String {
    let excerpts = excerpts.iter().map(|excerpt| excerpt.trim().trim_matches('.').trim_matches('…').trim());
    let usable = excerpts.filter(|excerpt| {
        !excerpt.is_empty()
            && excerpt.len() <= FRAGMENT_CHARS
            && !excerpt.contains("...")
            && !excerpt.contains('\n')
    });
    let mut directive = String::new();
    for excerpt in usable.take(FRAGMENTS) {
        directive.push_str(if directive.is_empty() { ":~:text=" } else { "&text=" });
        for byte in excerpt.bytes() {
            if byte.is_ascii_alphanumeric() {
                directive.push(char::from(byte));
            } else {
                let _ = write!(directive, "%{byte:02X}");
            }
        }
    }
    if url.fragment().is_none() && !directive.is_empty() {
        url.set_fragment(Some(&directive));
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_citation_leads_to_its_words() {
        let url = Url::parse("https://a.example/page").expect("a URL");
        let link = fragment(url, &["Cone 6, they say...".to_owned(), "a-b & c".to_owned()]);
        assert_eq!(link, "https://a.example/page#:~:text=Cone%206%2C%20they%20say&text=a%2Db%20%26%20c");
    }

    #[test]
    fn a_citation_of_a_script_is_text() {
        let entry = FieldBasis {
            field: "a".to_owned(),
            citations: vec![Citation {
                title: Some("<b>".to_owned()),
                url: Some("javascript:x".to_owned()),
                excerpts: vec![],
            }],
            ..FieldBasis::default()
        };
        let html = cell(&Confidences::default(), &[entry]).into_string();
        assert!(html.contains("&lt;b&gt;") && !html.contains("href"), "{html}");
    }
}
