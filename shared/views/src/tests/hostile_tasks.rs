//! Tasks of which every text is made to break what surrounds it: inputs, outputs, sources, messages, kinds, errors.

use std::sync::Arc;

use domain::event::Told;
use domain::progress::Failure;
use domain::run::Run;
use domain::unit::{Kind, Unit};
use serde_json::{Value, json};

use super::hostile::{KNOWN, NASTY, check_markup, elements};
use crate::testing::{completed, drive, ended, failed, group, raw, told};
use crate::{Format, Options, sse, task};

/// A task in which this text is everywhere; `content` is its output.
fn task(text: &str, content: &Value) -> (Unit, Run, Vec<Told>) {
    let citation = json!({"title": text, "url": text, "excerpts": [text]});
    let untitled = json!({"url": text});
    let basis = json!([{"field": "a", "confidence": text, "reasoning": text, "citations": [citation, untitled]}, {"field": text, "reasoning": text}]);
    let run = completed(0, &json!({"content": content, "basis": basis}).to_string());
    let mut unit = group(1);
    unit.kind = Kind::Task;
    unit.spec.group.metadata.insert(text.to_owned(), json!(text));
    unit.spec.group.warnings = vec![text.to_owned()];
    unit.progress.processor = Some(text.to_owned());
    unit.progress.waiting_for = Some(text.to_owned());
    let message = json!({"message": text}).to_string();
    let stats = json!({"source_stats": {"num_sources_read": 1, "sources_read_sample": [text, format!("https://a.example/{text}")]}});
    let history = vec![
        told("task_run.progress_msg.plan", &message),
        told(&format!("task_run.progress_msg.{text}"), &message),
        told(text, &json!({ text: [text] }).to_string()),
        told("task_run.state", &json!({"run": {"status": text}}).to_string()),
        told("error", &json!({"error": {"message": text}}).to_string()),
        told("task_run.progress_stats", &stats.to_string()),
    ];
    (unit, run, history)
}

fn rendered(format: Format, unit: &Unit, input: &str, run: Option<Run>, history: &[Told]) -> String {
    let view = task::view(format, Arc::new(unit.clone()), history.to_vec(), &Options::default());
    drive(view, &[(input, run)])
}

fn check(unit: &Unit, text: &str, run: Option<&Run>, history: &[Told]) {
    let input = json!({ text: text }).to_string();
    let page = rendered(Format::Html, unit, &input, run.cloned(), history);
    let body = page.split_once("</head>").expect("a head").1;
    let shown = body.split_once("<script type=\"module\">").expect("a script").0;
    for element in elements(shown) {
        let name = element.trim_start_matches('/');
        let rendered = ["ol", "h3", "h4", "h5", "h6", "pre", "em", "strong", "del", "blockquote", "hr", "br"];
        assert!(KNOWN.contains(&name) || rendered.contains(&name), "<{element}>: {text}");
    }
    assert_eq!(page.matches("<script").count(), 1, "{text}");
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{2066}']), "{text}");
    for link in shown.split("href=\"").skip(1) {
        let target = link.split('"').next().expect("an end");
        let own = ["./", "?show=group", "?show=list"].contains(&target) || target.starts_with("task/");
        assert!(own || target.starts_with("https://"), "{target}");
    }
    let markdown = rendered(Format::Markdown, unit, &input, run.cloned(), history);
    assert!(!markdown.contains(['\u{1b}', '\u{202e}', '\u{2028}']), "{markdown}");
    check_markup(&markdown);
}

#[test]
fn whatever_a_task_holds_is_text_on_its_page_and_in_its_markdown() {
    for text in NASTY {
        for content in [json!(text), json!({"a": text, text: [{ text: text }]}), json!([text])] {
            let (unit, run, history) = task(text, &content);
            check(&unit, text, None, &history);
            check(&ended(unit.clone(), &[Some(run.clone())]), text, Some(&run), &history);
            let run = failed(0, text);
            let mut unit = ended(unit, &[Some(run.clone())]);
            unit.progress.failure = Some(Failure::new(text, text));
            check(&unit, text, Some(&run), &history);
        }
    }
}

#[test]
fn whatever_the_upstream_tells_is_one_frame() {
    for text in NASTY {
        let (.., history) = task(text, &Value::Null);
        for (told, is_named) in history.iter().zip([true, false].into_iter().cycle()) {
            let bytes = task::event(told, is_named, "1.2").take();
            let frame = std::str::from_utf8(&bytes).expect("text");
            let lines: Vec<&str> = frame.trim_end_matches('\n').split(['\n', '\r']).collect();
            let fields: Vec<&str> =
                lines.iter().filter_map(|line| line.split_once(": ").map(|(field, _)| field)).collect();
            assert_eq!(lines.len(), fields.len(), "{frame}");
            assert_eq!(fields.iter().filter(|field| **field == "id").count(), 1, "{frame}");
            assert!(
                fields.iter().filter(|field| **field == "event").count() <= usize::from(is_named),
                "{frame}"
            );
        }
    }
    let broken = Told { data: raw("{\n\"a\"\r\n: 1}"), ..told("x", "0") };
    let bytes = task::event(&broken, true, "1.2").take();
    assert_eq!(std::str::from_utf8(&bytes).expect("text").matches("\n\n").count(), 1);
    assert!(sse::opening().ends_with("\n\n"));
}
