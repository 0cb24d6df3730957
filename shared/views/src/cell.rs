//! A JSON value as the text of a table's cell.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// The value as people read it: a text without its quotes, nothing for `null`, all else as the JSON that it is.
pub(crate) fn text(value: &RawValue) -> Cow<'_, str> {
    let json = value.get();
    match json.as_bytes().first() {
        Some(b'"') => match serde_json::from_str::<&str>(json) {
            Ok(text) => Cow::Borrowed(text),
            // a text with escapes cannot be borrowed; one with a lone surrogate cannot be had at all
            Err(_) => serde_json::from_str::<String>(json).map_or(Cow::Borrowed(json), Cow::Owned),
        },
        Some(b'n') => Cow::Borrowed(""),
        _ => Cow::Borrowed(json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_reads_as_it_means() {
        for (json, expected) in [
            (r#""plain""#, "plain"),
            (r#""esc\"aped\n""#, "esc\"aped\n"),
            ("null", ""),
            ("1.00", "1.00"),
            ("true", "true"),
            (r#"{"a": [1]}"#, r#"{"a": [1]}"#),
        ] {
            let raw = RawValue::from_string(json.to_owned()).expect("JSON");
            assert_eq!(text(&raw), expected);
        }
    }
}
