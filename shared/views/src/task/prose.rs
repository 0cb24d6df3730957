//! Text rendered from Markdown, in elements of this page's choice: tags in it are text, links lead to the web alone, pictures are links.
//!
//! Invariant: every element is written here, and every text escaped; the page grows neither deep nor long by what it shows.

use std::fmt::Write as _;

use maud::{Escaper, Markup, PreEscaped};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::text;

/// Elements within each other; what lies deeper is shown without its own.
const DEPTH: usize = 24;
/// Pieces of the text that are set out; the rest is left out, with a word.
const PIECES: usize = 30_000;

/// The text, whose first headings are of this level.
pub(super) fn prose(markdown: &str, level: usize) -> Markup {
    let visible = text::visible(markdown);
    let mut page = Page { html: String::with_capacity(visible.len() + 256), level, ..Page::default() };
    let mut events = Parser::new_ext(&visible, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    for event in events.by_ref().take(PIECES) {
        page.take(event);
    }
    while let Some(end) = page.open.pop() {
        page.html.push_str(&end);
    }
    if events.next().is_some() {
        page.html.push_str("<p class=\"null\">… cut here.</p>");
    }
    PreEscaped(page.html)
}

#[derive(Default)]
struct Page {
    html: String,
    /// How each element that is open ends.
    open: Vec<String>,
    /// The levels of the headings that this place stands under, in the text's own reckoning.
    outline: Vec<u8>,
    level: usize,
    links: usize,
    is_head: bool,
}

impl Page {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => {
                let last = self.open.pop().unwrap_or_default();
                self.html.push_str(&last);
                match end {
                    TagEnd::Link | TagEnd::Image if !last.is_empty() => self.links -= 1,
                    TagEnd::TableHead => self.is_head = false,
                    _ => {}
                }
            }
            Event::Code(code) => {
                self.html.push_str("<code>");
                self.text(&code);
                self.html.push_str("</code>");
            }
            Event::SoftBreak => self.html.push('\n'),
            Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.html.push_str("<hr>"),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.text(&text),
            Event::TaskListMarker(done) => self.text(if done { "[x] " } else { "[ ] " }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        if self.open.len() >= DEPTH {
            return self.open.push(String::new());
        }
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.element("<p dir=\"auto\">", "</p>"),
            Tag::Heading { level, .. } => {
                let level = level as u8;
                self.outline.retain(|above| *above < level);
                self.outline.push(level);
                let level = (self.level + self.outline.len() - 1).min(6);
                self.element(&format!("<h{level} dir=\"auto\">"), &format!("</h{level}>"));
            }
            Tag::BlockQuote(_) => self.element("<blockquote>", "</blockquote>"),
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.element("<pre tabindex=\"0\"><code>", "</code></pre>");
            }
            Tag::List(None) => self.element("<ul>", "</ul>"),
            Tag::List(Some(first)) => self.element(&format!("<ol start=\"{first}\">"), "</ol>"),
            Tag::Item => self.element("<li dir=\"auto\">", "</li>"),
            Tag::Table(_) => {
                self.element("<div class=\"wide\" tabindex=\"0\"><table>", "</tbody></table></div>");
            }
            Tag::TableHead => {
                self.is_head = true;
                self.element("<thead><tr>", "</tr></thead><tbody>");
            }
            Tag::TableRow => self.element("<tr>", "</tr>"),
            Tag::TableCell if self.is_head => self.element("<th scope=\"col\">", "</th>"),
            Tag::TableCell => self.element("<td dir=\"auto\">", "</td>"),
            Tag::Emphasis => self.element("<em>", "</em>"),
            Tag::Strong => self.element("<strong>", "</strong>"),
            Tag::Strikethrough => self.element("<del>", "</del>"),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.link(&dest_url),
            Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => self.open.push(String::new()),
        }
    }

    /// A link to the web; a picture within a link, and what leads elsewhere, is its text alone.
    fn link(&mut self, to: &str) {
        match text::link(to).filter(|_| self.links == 0) {
            Some(url) => {
                self.links += 1;
                self.html.push_str("<a rel=\"noopener noreferrer nofollow\" href=\"");
                self.text(url.as_str());
                self.element("\">", "</a>");
            }
            None => self.open.push(String::new()),
        }
    }

    fn element(&mut self, begin: &str, end: &str) {
        self.html.push_str(begin);
        self.open.push(end.to_owned());
    }

    fn text(&mut self, text: &str) {
        Escaper::new(&mut self.html).write_str(text).expect("a String takes any text");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(markdown: &str) -> String {
        prose(markdown, 3).into_string()
    }

    #[test]
    fn a_report_has_its_headings_lists_emphasis_code_and_tables() {
        let html = of(
            "# A\n\nText *em* **strong** ~~no~~ `code`\nnext\n\n- one\n- two\n\n3. three\n\n```rust\n<b>\n```\n\n| h |\n|---|\n| c |\n\n> said\n\n---\n",
        );
        for part in [
            "<h3 dir=\"auto\">A</h3>",
            "<em>em</em>",
            "<strong>strong</strong>",
            "<del>no</del>",
            "<code>code</code>\nnext",
            "<ul><li dir=\"auto\">one</li>",
            "<ol start=\"3\">",
            "<pre tabindex=\"0\"><code>&lt;b&gt;\n</code></pre>",
            "<thead><tr><th scope=\"col\">h</th></tr></thead><tbody><tr><td dir=\"auto\">c</td></tr></tbody></table></div>",
            "<blockquote><p dir=\"auto\">said</p></blockquote>",
            "<hr>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn no_level_of_headings_is_left_out() {
        let html = of("### A\n\n###### B\n\n#### C\n\n# D\n");
        let levels: Vec<&str> = html.split("<h").skip(1).map(|rest| &rest[..1]).collect();
        assert_eq!(levels, ["3", "4", "4", "3"]);
    }

    #[test]
    fn tags_are_text_and_links_lead_to_the_web_alone() {
        let html = of(
            "<img src=x onerror=alert(1)> a <b>b</b>\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) [y](data:text/html,x) [z](/api) <javascript:alert(1)>\n\n[good](https://a.example/?q=\"><script>) ![picture](https://b.example/p.png) [![in](https://c.example/i.png)](https://d.example)",
        );
        assert!(!html.contains("<img") && !html.contains("<script") && !html.contains("<b>"), "{html}");
        let links: Vec<&str> =
            html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(
            links,
            ["https://a.example/?q=%22%3E%3Cscript%3E", "https://b.example/p.png", "https://d.example/"]
        );
        assert!(html.contains(">picture</a>"), "{html}");
    }

    #[test]
    fn what_is_made_to_grow_stays_bounded_and_every_element_ends() {
        for text in [
            "> ".repeat(50_000),
            "- a\n".repeat(50_000),
            "*a **b ".repeat(20_000),
            "[".repeat(50_000),
            "| a |\n|---|\n".to_owned(),
        ] {
            let html = of(&text);
            assert!(html.len() < 2_000_000);
            let depth = html
                .split('<')
                .skip(1)
                .filter(|tag| !tag.starts_with("br>") && !tag.starts_with("hr>"))
                .fold((0_i32, 0_i32), |(now, most), tag| {
                    let now = if tag.starts_with('/') { now - 1 } else { now + 1 };
                    (now, most.max(now))
                });
            assert_eq!(depth.0, 0);
            assert!(depth.1 < 40, "{depth:?}");
        }
    }
}
