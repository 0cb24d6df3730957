//! One row: what makes a JSON text a row, and the rows and faults gathered so far.

use serde_json::Value;
use serde_json::value::RawValue;

use super::Fault;
use crate::fault::TOLD;
use crate::input::Input;
use crate::limits::ROW_BYTES;

/// The bytes of a row as it is written in the list, white space included: what is longer is not even looked at.
pub(super) const WRITTEN_BYTES: usize = 4 * ROW_BYTES;

/// The rows and faults of a list so far.
#[derive(Debug, Default)]
pub(super) struct Rows {
    made: Vec<Input>,
    faults: Vec<Fault>,
    seen: u32,
}

impl Rows {
    /// The index of the row that comes next.
    pub(super) const fn next(&self) -> u32 {
        self.seen
    }

    /// Takes the next row, or what is wrong with it.
    pub(super) fn take(&mut self, row: Result<Input, String>) {
        match row {
            Ok(row) => self.made.push(row),
            Err(message) if self.faults.len() < TOLD => {
                self.faults.push(Fault { row: Some(self.seen), message });
            }
            Err(_) => {}
        }
        self.seen = self.seen.saturating_add(1);
    }

    /// The rows since the last time, or the first fault.
    pub(super) fn taken(&mut self) -> Result<Vec<Input>, Fault> {
        match self.faults.first() {
            Some(fault) => Err(fault.clone()),
            None => Ok(std::mem::take(&mut self.made)),
        }
    }

    pub(super) fn into_parts(self) -> (Vec<Input>, Vec<Fault>) {
        (self.made, self.faults)
    }
}

/// The row that this JSON text is.
pub(super) fn row(text: &[u8]) -> Result<Input, String> {
    let text = std::str::from_utf8(text).map_err(|_| "is not UTF-8".to_owned())?;
    // parsed, not only scanned: what is stored must be readable by everything behind, numbers and surrogates included
    let value: Value = serde_json::from_str(text).map_err(|error| format!("is no valid JSON: {error}"))?;
    match &value {
        Value::Object(fields) if fields.is_empty() => return Err("is empty".to_owned()),
        Value::String(text) if text.trim().is_empty() => return Err("is empty".to_owned()),
        Value::Object(_) | Value::String(_) => {}
        Value::Null => return Err(unfit("null")),
        Value::Bool(_) => return Err(unfit("a boolean")),
        Value::Number(_) => return Err(unfit("a number")),
        Value::Array(_) => return Err(unfit("an array")),
    }
    let text = without_space(text);
    if text.len() > ROW_BYTES {
        return Err(too_long());
    }
    let raw = RawValue::from_string(text).map_err(|error| format!("is no valid JSON: {error}"))?;
    Ok(Input::from(raw))
}

pub(super) fn too_long() -> String {
    format!("is longer than {ROW_BYTES} bytes")
}

fn unfit(what: &str) -> String {
    format!("must be an object or a string, not {what}")
}

/// Valid JSON without the white space between its tokens, else byte for byte.
fn without_space(text: &str) -> String {
    let mut in_string = false;
    let mut escaped = false;
    text.chars()
        .filter(|&char| {
            let was_in_string = in_string;
            match char {
                '"' if !escaped => in_string = !in_string,
                _ => {}
            }
            escaped = was_in_string && char == '\\' && !escaped;
            was_in_string || !char.is_ascii_whitespace()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_its_numbers_and_loses_the_space_between_its_tokens() {
        let text = "{ \"a b\" : 12345678901234567890123 ,\r\n \"c\\\" d\" : [ 1.0, \"\\\\\" ] }";
        let kept = r#"{"a b":12345678901234567890123,"c\" d":[1.0,"\\"]}"#;
        assert_eq!(row(text.as_bytes()).expect("a row").get(), kept);
    }

    #[test]
    fn only_objects_and_strings_that_say_something_are_rows() {
        for (text, fault) in [
            ("1", "must be an object or a string, not a number"),
            ("null", "must be an object or a string, not null"),
            ("[]", "must be an object or a string, not an array"),
            ("true", "must be an object or a string, not a boolean"),
            ("{}", "is empty"),
            ("\" \"", "is empty"),
        ] {
            assert_eq!(row(text.as_bytes()).map(|_| ()), Err(fault.to_owned()), "{text}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for text in [r#""\ud800""#, r#"{"a":1e999}"#, r#"{"a":1"#, deep.as_str()] {
            assert!(row(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_row_may_be_as_long_as_the_limit_and_no_longer() {
        let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
        assert!(row(text(ROW_BYTES).as_bytes()).is_ok());
        assert_eq!(row(text(ROW_BYTES + 1).as_bytes()).map(|_| ()), Err(too_long()));
    }
}
