//! Every format of two groups, against files that were read by a person; how anything is held against such files.
//!
//! A test that fails leaves what it got beside the file, with `.new` at the end of its name.

use domain::group::{Output, Webhook};
use domain::run::{PastAttempt, Run, RunStatus};
use domain::unit::Unit;
use std::path::Path;

use crate::html::{SCRIPT, STYLE, TASK_SCRIPT, TASK_STYLE, UNIT_STYLE};
use crate::testing::{completed, ended, failed, group, raw, render};
use crate::{Format, Options};

type Rows = Vec<(&'static str, Option<Run>)>;

/// A finished group with an object for each output, one of which failed.
fn companies() -> (Unit, Rows) {
    let full = r#"{"basis":[{"field":"ceo","citations":[{"title":"About us","url":"https://openai.example/about","excerpts":["Sam Altman, CEO"]}],"reasoning":"The company says so.","confidence":"high"},{"field":"founded","citations":[],"reasoning":"Two sources differ.","confidence":"medium"}],"type":"json","content":{"ceo":"Sam Altman","founded":2015}}"#;
    let sure = r#"{"type":"json","content":{"ceo": "Arthur | Mensch","founded":2021.0},"basis":[{"field":"ceo","confidence":"high"},{"field":"founded","confidence":"high"}]}"#;
    let mut retried = completed(3, r#"{"type":"json","content":{"ceo":null,"founded":1998},"basis":[]}"#);
    retried.attempt = 2;
    retried.past = vec![PastAttempt {
        attempt: 1,
        status: RunStatus::Failed,
        run_id: Some("trun_old".to_owned()),
        error: None,
    }];
    let rows = vec![
        (r#"{"company":"OpenAI","website":"https://openai.example"}"#, Some(completed(0, full))),
        (r#"{"company":"Mistral","website":"https://mistral.example"}"#, Some(completed(1, sure))),
        (r#"{"company":"Nowhere","website":null}"#, Some(failed(2, "no such company"))),
        (r#"{"company":"Google","website":"https://google.example"}"#, Some(retried)),
    ];
    let mut unit = group(4);
    unit.spec.group.output =
        Output::Json { schema: raw(r#"{"type":"object","properties":{"ceo":{},"founded":{}}}"#) };
    unit.spec.group.warnings = vec!["the description became the root description of the schema".to_owned()];
    unit.spec.group.webhook = Some(Webhook {
        url: "https://hooks.example/secret-path?token=secret".to_owned(),
        sealed_secret: None,
    });
    unit.spec.group.metadata.insert("team".to_owned(), "research".into());
    unit.progress.upstream_group = Some("tgrp_abc123".to_owned());
    unit.progress.processor_reason = Some("asked for".to_owned());
    let runs: Vec<_> = rows.iter().map(|(_, run)| run.clone()).collect();
    (ended(unit, &runs), rows)
}

/// A group of texts that is under way.
fn texts() -> (Unit, Rows) {
    let rows = vec![
        (
            r#""What is Rust?""#,
            Some(completed(
                0,
                r#"{"type":"text","content":"A language.\nFast.","basis":[{"field":"output","confidence":"low"}]}"#,
            )),
        ),
        (r#""What is Go?""#, None),
    ];
    let mut unit = group(2);
    unit.spec.group.output = Output::Text { description: None };
    unit.counts.pending = 0;
    unit.counts.running = 1;
    unit.counts.completed = 1;
    unit.progress.waiting_for = Some("quota".to_owned());
    (unit, rows)
}

fn compare(name: &str, (unit, rows): (Unit, Rows)) {
    let got = Format::ALL.map(|format| (format.suffix(), render(format, &unit, &Options::default(), &rows)));
    hold(name, &got);
}

/// Holds what was got, by suffix, against the files of this name.
pub(super) fn hold(name: &str, got: &[(&str, String)]) {
    let mut differing = Vec::new();
    for (suffix, got) in got {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/golden/{name}.{suffix}"));
        // how a page looks and moves is not what these files hold still
        let got = [STYLE, UNIT_STYLE, TASK_STYLE, SCRIPT, TASK_SCRIPT]
            .iter()
            .fold(got.clone(), |got, asset| got.replace(asset, "…"));
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if got != expected {
            let new = path.with_file_name(format!("{name}.{suffix}.new"));
            std::fs::write(&new, &got).expect("the folder of golden files can be written");
            differing.push(new);
        }
    }
    assert!(differing.is_empty(), "not as expected: {differing:?}");
}

#[test]
fn a_finished_group_of_objects_looks_as_it_did() {
    compare("companies", companies());
}

#[test]
fn a_running_group_of_texts_looks_as_it_did() {
    compare("texts", texts());
}

#[test]
fn markdown_begins_as_the_predecessors_readers_parse_it() {
    let (unit, rows) = companies();
    let markdown = render(Format::Markdown, &unit, &Options::default(), &rows[..2]);
    let lines: Vec<&str> = markdown.lines().filter(|line| !line.is_empty()).take(6).collect();
    assert_eq!(
        lines,
        [
            "# Task Group Results",
            "**Status**: ⚠️ Completed in part",
            "**Total Tasks**: 4",
            "**Created**: 2025-01-11 10:00:00 UTC",
            "## Results",
            "| # | ceo | founded | Confidence |",
        ]
    );
    let (unit, rows) = texts();
    assert!(
        render(Format::Markdown, &unit, &Options::default(), &rows)
            .contains("\n| # | Result | Confidence |\n")
    );
}

#[test]
fn a_webhooks_path_and_query_are_on_no_page() {
    let (unit, rows) = companies();
    for format in Format::ALL {
        assert!(!render(format, &unit, &Options::default(), &rows).contains("secret"), "{format:?}");
    }
}
