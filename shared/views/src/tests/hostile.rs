//! Outputs and inputs made to break what surrounds them.

use domain::run::Run;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::testing::{completed, failed, group, render};
use crate::{Format, Options};

pub(super) const NASTY: [&str; 17] = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--<script>",
    "javascript:alert(1)",
    "[click](javascript:alert(1))",
    "a|b\\|c`d`\n\n| 9 | forged | 🟢 |",
    "=HYPERLINK(\"https://evil.example\",\"x\")",
    "\u{1b}[2J\u{1b}]0;title\u{7}",
    "safe\u{202e}txt.exe\u{2066}",
    "line\u{2028}break\u{2029}\u{85}\r\n",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "[a]: javascript:alert(1)\n\n[a] [b][a]",
    "![x](https://evil.example/x.png) [x](\njavascript:alert(1))",
    "<javascript:alert(1)> <https://evil.example/>",
    "~~~\nnot code\n\n```js\nnor this",
    "\\[x](javascript:alert(1)) \\<img src=x onerror=alert(1)>",
];

/// The elements that pages are made of.
pub(super) const KNOWN: &[&str] = &[
    "!DOCTYPE", "html", "head", "meta", "base", "title", "link", "style", "noscript", "body", "main",
    "header", "div", "h1", "h2", "span", "nav", "a", "p", "section", "progress", "ul", "li", "b", "dl", "dt",
    "dd", "time", "table", "thead", "tbody", "tr", "th", "td", "small", "details", "summary", "script",
    "code", "button", "form", "label", "input", "textarea", "select", "option",
];

fn rows_of(value: &Value) -> [(String, Option<Run>); 2] {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let output = json!({
        "content": { "a": value, text.as_str(): "x" },
        "basis": [{ "field": text, "confidence": text, "reasoning": text, "citations": [{ "title": text, "url": text, "excerpts": [text] }] }],
    });
    let failed = failed(1, if text.is_empty() { "?" } else { &text });
    [(value.to_string(), Some(completed(0, &output.to_string()))), (value.to_string(), Some(failed))]
}

fn rendered(format: Format, rows: &[(String, Option<Run>)]) -> String {
    let rows: Vec<_> = rows.iter().map(|(input, run)| (input.as_str(), run.clone())).collect();
    render(format, &group(2), &Options::default(), &rows)
}

/// The names of all elements that a page holds.
pub(super) fn elements(page: &str) -> Vec<String> {
    let tags = page.split('<').skip(1);
    tags.map(|tag| tag.chars().take_while(|c| !c.is_whitespace() && *c != '>').collect()).collect()
}

fn check_page(value: &Value) {
    let page = rendered(Format::Html, &rows_of(value));
    let harmless = rendered(Format::Html, &rows_of(&json!("harmless")));
    let scripts = |page: &str| page.matches("<script").count();
    assert_eq!(scripts(&page), scripts(&harmless), "{value}");
    let body = page.split_once("</head>").expect("a head").1;
    let without_script = body.split_once("<script type=\"module\">").expect("a script").0;
    for element in elements(without_script) {
        let name = element.trim_start_matches('/');
        assert!(KNOWN.contains(&name), "{value}: <{element}>");
    }
    let shown = body.split_once("<main>").expect("a page").1.split_once("</main>").expect("its end").0;
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{2066}']), "{value}");
    for link in page.split("href=\"").skip(1) {
        let target = link.split('"').next().expect("an end");
        assert!(!target.to_ascii_lowercase().starts_with("javascript:"), "{target}");
    }
    let data =
        page.split_once("id=\"resultData\">").expect("data").1.split_once("</script>").expect("its end").0;
    assert!(!data.contains(['<', '\u{2028}', '\u{2029}']));
    let data: Value = serde_json::from_str(data).expect("embedded JSON");
    assert_eq!(data["results"][0]["a"], *value);
}

fn check_csv(value: &Value) {
    let text = rendered(Format::Csv, &rows_of(value));
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
    let columns = reader.headers().expect("a header").len();
    let records: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("a record")).collect();
    assert_eq!(records.len(), 2, "{value}");
    for cell in records.iter().flatten() {
        let number = cell.parse::<f64>().is_ok();
        assert!(number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
        assert!(!cell.contains(['\u{1b}', '\0', '\u{202e}']));
    }
    assert!(records.iter().all(|record| record.len() == columns));
}

fn check_markdown(value: &Value) {
    let text = rendered(Format::Markdown, &rows_of(value));
    let cells = |line: &str| {
        let mut bars = 0;
        let mut escaped = false;
        for c in line.chars() {
            bars += usize::from(c == '|' && !escaped);
            escaped = c == '\\' && !escaped;
        }
        bars
    };
    let table: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("| #"))
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(table.len(), 4, "{text}");
    assert!(table.iter().all(|line| cells(line) == cells(table[0])), "{text}");
    assert!(!text.replace("<br>", "").contains(['<', '\u{1b}', '\u{202e}', '\u{2028}']), "{text}");
    check_markup(&text);
}

/// What a reader of Markdown makes of it: no element but line breaks, no picture, no code, and links to the web alone.
pub(super) fn check_markup(text: &str) {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => assert_eq!(html.as_ref(), "<br>", "{text}"),
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(
                    dest_url.starts_with("https://") || dest_url.starts_with("http://"),
                    "{dest_url}: {text}"
                );
                assert!(!dest_url.contains("evil.example"), "{dest_url}: {text}");
            }
            Event::Start(Tag::Image { dest_url, .. }) => panic!("a picture of {dest_url}: {text}"),
            Event::Start(Tag::CodeBlock(_)) | Event::Code(_) => panic!("code: {text}"),
            _ => {}
        }
    }
}

#[test]
fn what_is_made_to_break_out_stays_in_its_place() {
    for text in NASTY {
        for value in
            [json!(text), json!([text]), json!({ text: [{ text: text }] }), json!([{ text: 1 }, { text: 2 }])]
        {
            check_page(&value);
            check_csv(&value);
            check_markdown(&value);
        }
    }
}

#[test]
fn hostile_names_of_the_group_itself_are_text_too() {
    for text in NASTY {
        let mut unit = group(0);
        unit.spec.group.metadata.insert(text.to_owned(), json!(text));
        unit.spec.group.warnings = vec![text.to_owned()];
        unit.progress.processor = Some(text.to_owned());
        unit.progress.processor_reason = Some(text.to_owned());
        unit.progress.waiting_for = Some(text.to_owned());
        unit.progress.failure = Some(domain::progress::Failure::new(text, text));
        let page = render(Format::Html, &unit, &Options::default(), &[]);
        assert_eq!(page.matches("<script").count(), 2, "{text}");
        assert!(
            !page.contains("<img") && !page.contains("<svg onload") && !page.contains("\" onmouseover"),
            "{text}"
        );
        let markdown = render(Format::Markdown, &unit, &Options::default(), &[]);
        assert!(!markdown.replace("<br>", "").contains('<') && !markdown.contains("\n| 9 |"), "{markdown}");
    }
}

/// JSON of any shape, a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![".{0,20}", "[<>\"'&|`\\\\=+@\\-\n\r\t\u{2028}\u{202e}\u{1b}/a-c]{0,12}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((text.clone(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_output_every_format_stays_in_shape(value in any_json()) {
        check_page(&value);
        check_csv(&value);
        check_markdown(&value);
    }
}
