//! The rows of a request in all their forms, and the part of them that is taken.

use domain::fault::Fault;
use domain::input::Input;
use domain::limits::{ROWS, SPEC_AND_INPUT_CHARS};
use domain::rows::{self, Form};

use super::Fields;

const PLACE: &str = "/inputs";
const FORMS: &str =
    "must be an array of objects or texts, a JSON text of one, or the URL of a list as JSON, NDJSON or CSV";

/// The rows of a request, as far as they came with it.
#[derive(Debug, Clone)]
pub(crate) enum List {
    /// They came with it.
    Rows(Vec<Input>),
    /// They are behind this URL.
    Url(String),
    /// Only their number was told, which is enough for an estimate.
    Count(u32),
    /// There are none, or they are faulty; that is told.
    Nothing,
}

/// The list of a request: the body itself where it is one, else what its `inputs` are.
pub(crate) fn whole_list(fields: &mut Fields, body: Option<(Form, &[u8])>) -> List {
    if let Some((form, bytes)) = body {
        return parsed(fields, form, bytes);
    }
    let is_told = fields.names().iter().any(|name| name == "inputs");
    let Some(raw) = fields.raw("inputs") else {
        fields
            .fault(PLACE, if is_told { FORMS } else { "is missing: an array of rows, or the URL of a list" });
        return List::Nothing;
    };
    match raw.get().as_bytes().first() {
        Some(b'[') => parsed(fields, Form::Json, raw.get().as_bytes()),
        Some(b'"') => match serde_json::from_str::<String>(raw.get()) {
            Ok(text) => of_text(fields, text.trim()),
            Err(error) => {
                fields.fault(PLACE, format!("cannot be read: {error}"));
                List::Nothing
            }
        },
        _ => {
            fields.fault(PLACE, FORMS);
            List::Nothing
        }
    }
}

fn of_text(fields: &mut Fields, text: &str) -> List {
    let begins =
        |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if text.starts_with('[') {
        parsed(fields, Form::Json, text.as_bytes())
    } else if begins("http://") || begins("https://") {
        List::Url(text.to_owned())
    } else {
        fields.fault(PLACE, FORMS);
        List::Nothing
    }
}

fn parsed(fields: &mut Fields, form: Form, bytes: &[u8]) -> List {
    match read(form, bytes) {
        Ok(rows) => List::Rows(rows),
        Err(faults) => {
            fields.faults(faults);
            List::Nothing
        }
    }
}

/// The rows of a list, or everything that is wrong with them.
pub(crate) fn read(form: Form, bytes: &[u8]) -> Result<Vec<Input>, Vec<Fault>> {
    rows::read_all(form, bytes).map_err(|faults| faults.iter().map(|fault| fault.under(PLACE)).collect())
}

/// Which part of a list is taken, and what stands beside each row upstream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Rows to pass over.
    pub(crate) offset: u32,
    /// Rows to take at most.
    pub(crate) limit: Option<u32>,
    /// Characters of the task specification.
    pub(crate) spec_chars: usize,
    /// Rows that the group has already.
    pub(crate) there: u32,
}

/// The part of the rows that is taken, or everything that is wrong with it.
pub(crate) fn rows(mut rows: Vec<Input>, taken: Taken) -> Result<Vec<Input>, Vec<Fault>> {
    if rows.is_empty() {
        return Err(vec![Fault::new(PLACE, "has no rows")]);
    }
    let (all, offset) = (rows.len(), taken.offset as usize);
    if offset >= all {
        return Err(vec![Fault::new("/offset", format!("the list has {all} rows only"))]);
    }
    rows.drain(..offset);
    rows.truncate(taken.limit.map_or(usize::MAX, |limit| limit as usize));
    let most = ROWS.saturating_sub(taken.there) as usize;
    if rows.len() > most {
        let message = match taken.there {
            0 => format!("has {} rows; a group takes {ROWS}, and limit takes a part of a list", rows.len()),
            there => format!("has {} rows; the group has {there} of {ROWS} already", rows.len()),
        };
        return Err(vec![Fault::new(PLACE, message)]);
    }
    let faults: Vec<Fault> =
        rows.iter().zip(offset..).filter_map(|(row, at)| too_long(row, at, taken.spec_chars)).collect();
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

fn too_long(row: &Input, at: usize, spec_chars: usize) -> Option<Fault> {
    // Bytes are no fewer than characters, and quicker to count.
    if row.get().len() + spec_chars <= SPEC_AND_INPUT_CHARS {
        return None;
    }
    let chars = row.get().chars().count() + spec_chars;
    let message = format!(
        "has {chars} characters together with the task specification; the upstream takes {SPEC_AND_INPUT_CHARS}"
    );
    (chars > SPEC_AND_INPUT_CHARS).then(|| Fault::new(format!("{PLACE}/{at}"), message))
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn list(body: &str) -> (List, Vec<String>) {
        let mut fields = super::super::json(body.as_bytes()).expect("JSON");
        let list = whole_list(&mut fields, None);
        (list, fields.finish().iter().map(ToString::to_string).collect())
    }

    fn texts(list: &List) -> Vec<&str> {
        let List::Rows(rows) = list else { panic!("{list:?}") };
        rows.iter().map(|row| row.get()).collect()
    }

    #[test]
    fn an_array_and_a_text_of_one_are_the_same_rows_byte_for_byte() {
        let rows = r#"[{"n":12345678901234567890123,"x":1.0},"b"]"#;
        let escaped = serde_json::Value::from(rows).to_string();
        for inputs in [rows, &escaped] {
            let (list, faults) = list(&format!("{{\"inputs\": {inputs}}}"));
            assert_eq!(faults, Vec::<String>::new());
            assert_eq!(texts(&list), [r#"{"n":12345678901234567890123,"x":1.0}"#, "\"b\""]);
        }
    }

    #[test]
    fn a_url_is_told_from_everything_else() {
        for url in ["https://a.example/x", " HTTP://a.example"] {
            let (list, faults) = list(&format!("{{\"inputs\": \"{url}\"}}"));
            assert!(matches!(list, List::Url(found) if found == url.trim()), "{url}");
            assert_eq!(faults, Vec::<String>::new());
        }
        for inputs in ["\"a,b\"", "{}", "7", "true", "\"ftp://a.example\"", "\"\"", "null", "\"\\ud800\""] {
            let (list, faults) = list(&format!("{{\"inputs\": {inputs}}}"));
            assert!(matches!(list, List::Nothing), "{inputs}");
            assert_eq!(faults.len(), 1, "{inputs}: {faults:?}");
            assert!(faults[0].starts_with("/inputs: "), "{}", faults[0]);
        }
        assert_eq!(list("{}").1, ["/inputs: is missing: an array of rows, or the URL of a list"]);
    }

    #[test]
    fn every_bad_row_is_told() {
        let (_, faults) = list(r#"{"inputs": ["a", 1, {}, "b", null]}"#);
        let places: Vec<&str> = faults.iter().filter_map(|fault| Some(fault.split_once(':')?.0)).collect();
        assert_eq!(places, ["/inputs/1", "/inputs/2", "/inputs/4"]);
    }

    fn made(count: usize) -> Vec<Input> {
        let row: Input = Input::from(RawValue::from_string("\"a\"".to_owned()).expect("JSON"));
        vec![row; count]
    }

    #[test]
    fn a_part_is_taken_and_the_part_has_its_limits() {
        let taken = |offset, limit| Taken { offset, limit, ..Taken::default() };
        let count = |rows: Vec<Input>, taken| super::rows(rows, taken).map(|rows| rows.len());
        assert_eq!(count(made(10), taken(3, Some(2))), Ok(2));
        assert_eq!(count(made(10), taken(8, Some(5))), Ok(2));
        assert_eq!(count(made(10), taken(10, None)).expect_err("nothing")[0].pointer, "/offset");
        assert_eq!(count(made(0), taken(0, None)).expect_err("nothing")[0].pointer, "/inputs");
        let most = ROWS as usize;
        assert_eq!(count(made(most), taken(0, None)), Ok(most));
        assert_eq!(count(made(most + 1), taken(0, None)).expect_err("too many")[0].pointer, "/inputs");
        assert_eq!(count(made(most + 1), taken(1, None)), Ok(most));
        let beside = Taken { there: ROWS - 1, ..Taken::default() };
        assert_eq!(count(made(1), beside), Ok(1));
        assert_eq!(count(made(2), beside).expect_err("too many").len(), 1);
    }

    #[test]
    fn a_row_and_the_specification_have_their_length_together() {
        let row = |chars: usize| {
            let text = format!("\"{}\"", "\u{e4}".repeat(chars - 2));
            vec![Input::from(RawValue::from_string(text).expect("JSON"))]
        };
        let taken = Taken { spec_chars: 15_000, ..Taken::default() };
        assert!(rows(row(10_000), taken).is_ok());
        assert_eq!(rows(row(10_001), taken).expect_err("too long")[0].pointer, "/inputs/0");
    }
}
