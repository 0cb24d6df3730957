//! The shapes of the JSON, and what survives in it.

use serde_json::{Value, json};

use crate::testing::{completed, ended, failed, group, render};
use crate::{Format, Options, Shape};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn contents_stand_in_input_order_with_null_where_there_is_none() {
    let rows = [
        ("1", Some(completed(0, r#"{"content":{"a":1}}"#))),
        ("2", Some(failed(1, "no"))),
        ("3", None),
        ("4", Some(completed(3, r#"{"content":"text"}"#))),
    ];
    let json = parsed(&render(Format::Json, &group(4), &Options::default(), &rows));
    assert_eq!(json["results"], json!([{ "a": 1 }, null, null, "text"]));
    assert_eq!(json["runs"][1]["error"]["message"], "no");
    assert_eq!(json["runs"][2]["status"], "pending");
    assert_eq!(json["runs"][3]["index"], 3);
}

#[test]
fn contents_go_through_byte_for_byte() {
    let content = r#"{ "n" : 1.0,"big":123456789012345678901234567890,"e":"\u00e9\/",  "n":2 }"#;
    let rows = [("{ \"x\":1.50 }", Some(completed(0, &format!(r#"{{"content":{content},"basis":[]}}"#))))];
    for format in [Format::Json, Format::Ndjson, Format::Sse] {
        let text = render(format, &group(1), &Options::default(), &rows);
        assert!(text.contains(content) && text.contains("{ \"x\":1.50 }"), "{format:?}");
    }
}

#[test]
fn twelve_megabytes_go_through_byte_for_byte() {
    let content = format!("\"{}\"", "0123456789abcdef\\n".repeat(12_000_000 / 18));
    let rows = [("1", Some(completed(0, &format!(r#"{{"content":{content}}}"#))))];
    let text = render(Format::Json, &group(1), &Options::default(), &rows);
    assert!(text.contains(&format!("\"results\":[{content}]}}")));
}

#[test]
fn pretty_printed_content_stays_on_one_line_of_ndjson_and_in_one_event() {
    let rows = [("1", Some(completed(0, "{\"content\":{\n  \"a\": 1\r\n}}")))];
    let ndjson = render(Format::Ndjson, &group(1), &Options::default(), &rows);
    assert_eq!(ndjson.lines().count(), 1);
    assert_eq!(parsed(&ndjson)["output"], json!({ "a": 1 }));
    let sse = render(Format::Sse, &group(1), &Options::default(), &rows);
    let frames: Vec<&str> = sse.split("\n\n").filter(|frame| !frame.is_empty()).collect();
    assert_eq!(frames.len(), 2);
    let data: Vec<&str> = frames[0].lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(parsed(&data.join("\n"))["results"], json!([{ "a": 1 }]));
    assert!(frames[1].ends_with("data: [DONE]"));
}

#[test]
fn flat_rows_hold_input_and_output_side_by_side() {
    let rows = [
        (r#"{"name":"x","site":"s"}"#, Some(completed(0, r#"{"content":{"name":"X","$id":7}}"#))),
        (r#"{"name":"y"}"#, None),
        (r#""text""#, Some(completed(2, r#"{"content":"answer"}"#))),
    ];
    let options = Options { shape: Shape::Rows, ..Options::default() };
    let json = parsed(&render(Format::Json, &group(3), &options, &rows));
    assert_eq!(
        json["results"],
        json!([
            { "$id": "trun_0", "$status": "completed", "input_name": "x", "site": "s", "name": "X", "output_$id": 7 },
            { "$id": null, "$status": "pending", "input_name": "y" },
            { "$id": "trun_2", "$status": "completed", "input": "text", "output": "answer" },
        ])
    );
}

#[test]
fn flat_rows_carry_their_basis_where_it_is_asked_for_and_that_of_their_fields_only() {
    let about = |field: &str| {
        format!(r#"{{"field":"{field}","citations":[ {{"url":"https://a.example"}} ],"confidence":"high"}}"#)
    };
    let basis = ["a", "a.0", "ab", "b"].map(about);
    let whole = format!(r#"{{"content":{{"a":[1],"ab":2,"b":3}},"basis":[{}]}}"#, basis.join(","));
    let rows = [("1", Some(completed(0, &whole))), ("2", None)];
    let shown = |fields: Option<Vec<String>>| {
        let options = Options { shape: Shape::Rows, basis: true, fields, ..Options::default() };
        render(Format::Json, &group(2), &options, &rows)
    };
    let text = shown(None);
    assert!(text.contains(&format!("\"$basis\":[{}]", basis.join(","))), "byte for byte: {text}");
    assert_eq!(parsed(&text)["results"][1]["$basis"], json!([]));
    let chosen = parsed(&shown(Some(vec!["a".to_owned()])));
    let fields = chosen["results"][0]["$basis"].as_array().expect("a basis").iter();
    assert_eq!(fields.map(|entry| entry["field"].clone()).collect::<Vec<_>>(), ["a", "a.0"]);
    let without = Options { shape: Shape::Rows, ..Options::default() };
    assert!(!render(Format::Json, &group(2), &without, &rows).contains("$basis"));
}

#[test]
fn fields_choose_the_columns() {
    let rows = [("1", Some(completed(0, r#"{"content":{"a":1,"b":2,"c":3}}"#)))];
    let options = Options { fields: Some(vec!["c".to_owned(), "a".to_owned()]), ..Options::default() };
    let csv = render(Format::Csv, &group(1), &options, &rows);
    assert!(csv.starts_with("#,input,c,a,status,error,confidence\r\n1,1,3,1,completed,,\r\n"), "{csv}");
    let markdown = render(Format::Markdown, &group(1), &options, &rows);
    assert!(markdown.contains("| # | c | a | Confidence |"));
}

#[test]
fn a_group_without_rows_is_whole_in_every_format() {
    let mut unit = group(0);
    unit.progress.rows = None;
    let json = parsed(&render(Format::Json, &unit, &Options::default(), &[]));
    assert_eq!((&json["results"], &json["runs"]), (&json!([]), &json!([])));
    assert_eq!(json["status"]["progress_percent"], 0);
    for format in Format::ALL {
        let _ = render(format, &unit, &Options::default(), &[]);
    }
}

#[test]
fn the_cost_is_that_of_completed_runs_and_never_more_than_allowed() {
    let mut unit = group(10);
    unit.counts.pending = 6;
    unit.counts.completed = 4;
    unit.spec.group.max_cost = Some(150_000);
    let cost = |unit: &domain::Unit| {
        parsed(&render(Format::Json, unit, &Options::default(), &[]))["status"]["cost"].clone()
    };
    assert_eq!(cost(&unit), json!({ "so_far_usd": 0.1, "at_most_usd": 0.15 }));
    let rows: Vec<_> = (0..10)
        .map(|index| Some(if index < 7 { completed(index, "{}") } else { failed(index, "x") }))
        .collect();
    assert_eq!(cost(&ended(group(10), &rows)), json!({ "so_far_usd": 0.175, "at_most_usd": 0.175 }));
    unit.spec.group.processor = Some("unheard-of".to_owned());
    assert_eq!(cost(&unit), json!({ "so_far_usd": null, "at_most_usd": null }));
}

#[test]
fn results_that_do_not_fit_beside_the_runs_are_read_again_and_stay_in_order() {
    let content = |row: u32| format!("\"{row}{}\"", "x".repeat(1_000_000));
    let rows: Vec<_> = (0..9)
        .map(|row| ("1", Some(completed(row, &format!(r#"{{"content":{}}}"#, content(row))))))
        .collect();
    for format in [Format::Json, Format::Sse] {
        let text = render(format, &group(9), &Options::default(), &rows);
        let all: Vec<String> = (0..9).map(content).collect();
        assert!(text.contains(&format!("\"results\":[{}]}}", all.join(","))), "{format:?}");
    }
}
