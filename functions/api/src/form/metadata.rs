//! `metadata`: the caller's own, under the upstream's limits, and not under the names that tie runs to their rows and units.

use domain::fault::{Fault, join};
use domain::limits::{METADATA_ENTRIES, METADATA_KEY_CHARS, METADATA_VALUE_CHARS};
use serde_json::{Map, Value};

use super::Fields;

/// The names that tie each run upstream to its row, and to its unit.
const RESERVED: [&str; 2] = ["mt_row", domain::wake::UNIT_KEY];

/// The metadata, and its faults.
pub(super) fn metadata(fields: &mut Fields) -> Map<String, Value> {
    let metadata = fields.object("metadata").unwrap_or_default();
    fields.faults(faults(&metadata));
    metadata
}

fn faults(metadata: &Map<String, Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if metadata.len() > METADATA_ENTRIES {
        let message = format!("has {} entries; at most {METADATA_ENTRIES}", metadata.len());
        faults.push(Fault::new("/metadata", message));
    }
    for (name, value) in metadata.iter().take(METADATA_ENTRIES) {
        let shown: String = name.chars().take(100).collect();
        let mut fault = |message: String| faults.push(Fault::new(join("/metadata", &shown), message));
        if RESERVED.contains(&name.as_str()) {
            fault("is reserved: it ties each run to its row and its group".to_owned());
        }
        if name.is_empty() || name.chars().count() > METADATA_KEY_CHARS {
            fault(format!("a name has 1 to {METADATA_KEY_CHARS} characters"));
        }
        match value {
            Value::String(text) if text.chars().count() > METADATA_VALUE_CHARS => {
                fault(format!("a value has {METADATA_VALUE_CHARS} characters at most"));
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) => {}
            Value::Null | Value::Array(_) | Value::Object(_) => {
                fault("must be text, a number, true or false".to_owned());
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(entries: impl IntoIterator<Item = (String, Value)>) -> Vec<String> {
        faults(&Map::from_iter(entries)).into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn each_limit_holds_at_its_value_and_fails_one_past_it() {
        let entry = |name: usize, value: usize| [("n".repeat(name), Value::from("v".repeat(value)))];
        assert_eq!(told(entry(METADATA_KEY_CHARS, METADATA_VALUE_CHARS)), Vec::<String>::new());
        assert_eq!(told(entry(METADATA_KEY_CHARS + 1, 1)).len(), 1);
        assert_eq!(told(entry(1, METADATA_VALUE_CHARS + 1)), ["/metadata/n"]);
        let many = |count: usize| (0..count).map(|at| (format!("n{at}"), Value::from(1)));
        assert_eq!(told(many(METADATA_ENTRIES)), Vec::<String>::new());
        assert_eq!(told(many(METADATA_ENTRIES + 1)), ["/metadata"]);
    }

    #[test]
    fn the_name_that_ties_runs_to_rows_is_ours_and_values_are_plain() {
        let entry = |name: &str, value: Value| told([(name.to_owned(), value)]);
        assert_eq!(entry("mt_row", Value::from("0.1")), ["/metadata/mt_row"]);
        assert_eq!(entry("mt_unit", Value::from("x")), ["/metadata/mt_unit"]);
        for value in [Value::Null, serde_json::json!([]), serde_json::json!({})] {
            assert_eq!(entry("a/b", value), ["/metadata/a~1b"]);
        }
        assert_eq!(entry("", Value::from(true)), ["/metadata/"]);
    }
}
