//! Lists of every form, good and bad, whole and cut anywhere.

use proptest::prelude::*;

use super::*;

fn texts(rows: &[Input]) -> Vec<&str> {
    rows.iter().map(|row| row.get()).collect()
}

fn good(form: Form, list: &str) -> Vec<String> {
    let rows = read_all(form, list.as_bytes()).expect("a good list");
    texts(&rows).into_iter().map(str::to_owned).collect()
}

fn bad(form: Form, list: &[u8]) -> Vec<String> {
    read_all(form, list).expect_err("a bad list").iter().map(ToString::to_string).collect()
}

/// What the parser that stops at the first fault makes of a list that comes in these chunks.
fn cut(form: Form, list: &[u8], sizes: &[usize]) -> Result<Vec<String>, Fault> {
    let mut parser = Parser::new(form);
    let mut rows = Vec::new();
    let mut rest = list;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(1).clamp(1, rest.len());
        let (chunk, behind) = rest.split_at(size);
        rows.extend(parser.push(chunk)?);
        rest = behind;
    }
    rows.extend(parser.finish()?);
    Ok(texts(&rows).into_iter().map(str::to_owned).collect())
}

#[test]
fn every_form_gives_the_same_rows() {
    let rows = [r#"{"name":"A, B","n":"1"}"#, r#"{"name":"line\nbreak \"q\"","n":""}"#];
    assert_eq!(good(Form::Json, &format!("\u{feff} [ {} ,\n{} ] ", rows[0], rows[1])), rows);
    assert_eq!(good(Form::Ndjson, &format!("{}\r\n\n  \n{}", rows[0], rows[1])), rows);
    let csv = "\u{feff}name, n\r\n\"A, B\",1\r\n\r\n,\r\n\"line\nbreak \"\"q\"\"\",";
    assert_eq!(good(Form::Csv, csv), rows);
    for form in [Form::Json, Form::Ndjson] {
        assert_eq!(
            good(form, if form == Form::Json { "[\"a]\\\"\"]" } else { "\"a]\\\"\"" }),
            ["\"a]\\\"\""]
        );
    }
}

#[test]
fn a_form_that_nobody_told_is_known_by_its_beginning() {
    assert_eq!(good(Form::Unknown, "\n [\"a\"]"), ["\"a\""]);
    assert_eq!(good(Form::Unknown, "{\"a\":1}\n{\"a\":2}"), [r#"{"a":1}"#, r#"{"a":2}"#]);
    assert_eq!(good(Form::Unknown, "a\n1\n"), [r#"{"a":"1"}"#]);
    assert_eq!(bad(Form::Unknown, b"<!doctype html>"), ["this is no list: it begins like a web page"]);
}

#[test]
fn an_empty_array_and_a_lone_header_are_lists_without_rows() {
    assert_eq!(good(Form::Json, "[]"), Vec::<String>::new());
    assert_eq!(good(Form::Csv, "a,b\n"), Vec::<String>::new());
}

#[test]
fn every_bad_row_is_named_and_the_good_ones_do_not_hide_it() {
    let faults = bad(Form::Json, br#"[1, "a", [], {"a": tru}, null, {"b": 1}]"#);
    assert_eq!(faults.len(), 4);
    assert_eq!(faults[0], "row 1: must be an object or a string, not a number");
    assert!(faults[2].starts_with("row 4: is no valid JSON"), "{}", faults[2]);
    assert_eq!(bad(Form::Csv, b"a,b\n1,2\n3\n4,5,6\n").len(), 2);
    assert_eq!(bad(Form::Csv, b"a,b\n3\n"), ["row 1: has 1 columns, but the header has 2"]);
}

#[test]
fn what_spoils_a_whole_list_is_said() {
    for (form, list, fault) in [
        (Form::Json, &b""[..], "the list is empty"),
        (Form::Json, b" \n", "the list is empty"),
        (Form::Json, b"[\"a\"", "row 2: the list ends in the middle: it may have been cut off"),
        (Form::Json, b"[\"a\",]", "row 2: a comma without a row behind it"),
        (Form::Json, b"[\"a\" \"b\"]", "row 2: there must be a comma before it"),
        (Form::Json, b"[\"a\"] x", "there is something behind the list's end"),
        (Form::Json, b"{\"a\":1}", "a JSON list must be an array (objects line by line are NDJSON)"),
        (Form::Csv, b"a,a\n1,2", "the header names the column \"a\" twice"),
        (Form::Csv, b"a,\n1,2", "column 2 of the header has no name"),
        (Form::Csv, b"a;b\n1;2", "the columns must be separated by commas"),
        (Form::Csv, b"a\n\"1", "row 1: has a quote that is not closed"),
        (Form::Csv, b"\"a\n1", "the header has a quote that is not closed"),
        (Form::Csv, b"\xff\xfea\0", "the list is UTF-16; UTF-8 is needed"),
        (Form::Csv, b"a\n\xff", "row 1: is not UTF-8"),
        (Form::Ndjson, b"\"a\"\n\"\xff\"", "row 2: is not UTF-8"),
    ] {
        assert_eq!(bad(form, list), [fault], "{}", String::from_utf8_lossy(list));
    }
}

#[test]
fn memory_stays_bounded_whatever_is_sent() {
    let long = "x".repeat(row::WRITTEN_BYTES + 1);
    let too_long = "row 1: is longer than 25000 bytes";
    assert_eq!(bad(Form::Json, format!("[\"{long}\",\"b\"]").as_bytes()), [too_long]);
    assert_eq!(bad(Form::Ndjson, format!("\"{long}\"\n\"b\"").as_bytes()), [too_long]);
    let unclosed = format!("a\n\"{}", "x\n".repeat(row::WRITTEN_BYTES));
    assert_eq!(bad(Form::Csv, unclosed.as_bytes()), [format!("{too_long} (is a quote not closed?)")]);
    for more in [1, 2, 1_000] {
        let wide = vec!["a"; crate::limits::COLUMNS + more].join(",") + "\n";
        assert_eq!(bad(Form::Csv, wide.as_bytes()), ["the header has more than 1000 columns"]);
    }
    let spaces = " ".repeat(10_000);
    assert_eq!(bad(Form::Json, spaces.as_bytes()), ["the list begins with nothing"]);
    let faults = read_all(Form::Json, format!("[{}1]", "1,".repeat(5_000)).as_bytes()).expect_err("numbers");
    assert_eq!(faults.len(), fault::TOLD);
}

/// Lists that are mostly well formed, and some that are not.
fn lists() -> impl Strategy<Value = (Form, Vec<u8>)> {
    let cell = prop_oneof![
        "[a-z]{0,6}",
        "[a-zé\u{1f600}\n\r,]{0,6}".prop_map(|text| format!("\"{text}\"")),
        Just("\"a\"\"b\"".to_owned())
    ];
    let csv = proptest::collection::vec((cell.clone(), cell), 0..6).prop_map(|rows| {
        let rows: Vec<_> = rows.into_iter().map(|(a, b)| format!("{a},{b}")).collect();
        (Form::Csv, format!("x,y\r\n{}", rows.join("\r\n")).into_bytes())
    });
    let value = prop_oneof![
        "[a-zé \\\\\"\\[\\]{},]{0,8}".prop_map(|text| serde_json::Value::from(text).to_string()),
        Just("{\"a\": [1, {\"b\": \"]}\"}]}".to_owned()),
        Just("{ }".to_owned()),
        Just("12".to_owned()),
    ];
    let values = proptest::collection::vec(value, 0..6);
    let json = values.clone().prop_map(|rows| (Form::Json, format!("[{}]", rows.join(" ,\n")).into_bytes()));
    let lines = values.prop_map(|rows| (Form::Ndjson, rows.join("\r\n").into_bytes()));
    let forms = prop_oneof![Just(Form::Json), Just(Form::Ndjson), Just(Form::Csv), Just(Form::Unknown)];
    let noise = (
        forms,
        proptest::collection::vec(
            prop_oneof![any::<u8>(), proptest::sample::select(b"[]{},\"\n\r ab\\".to_vec())],
            0..40,
        ),
    );
    prop_oneof![csv, json, lines, noise]
}

#[test]
fn the_first_fault_is_told_also_when_a_later_one_comes_in_the_same_chunk() {
    for list in [&b"[x \"b\"]"[..], b"[x"] {
        let first = read_all(Form::Json, list).expect_err("two faults").remove(0);
        assert_eq!(first.row, Some(0));
        assert_eq!(cut(Form::Json, list, &[list.len()]), Err(first));
    }
}

proptest! {
    #[test]
    fn how_a_list_is_cut_changes_neither_its_rows_nor_its_fault(
        (form, list) in lists(),
        sizes in proptest::collection::vec(1_usize..7, 1..9),
    ) {
        let whole = read_all(form, &list).map(|rows| texts(&rows).into_iter().map(str::to_owned).collect::<Vec<_>>());
        let cut = cut(form, &list, &sizes);
        match whole {
            Ok(rows) => prop_assert_eq!(cut, Ok(rows)),
            Err(faults) => prop_assert_eq!(cut.as_ref().err(), faults.first()),
        }
    }
}
