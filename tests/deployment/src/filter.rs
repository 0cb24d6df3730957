//! Filter patterns of event source mappings: which records Lambda would hand to a function.
//!
//! Knows the forms that the template uses (a list of texts, a prefix) and refuses the others, so that a pattern cannot
//! come to mean something here that it does not mean there.

use serde_json::Value;

/// Whether a record matches a pattern: every field of the pattern is there and has one of the values listed.
///
/// # Panics
/// When the pattern has a form that is not known here.
#[must_use]
pub fn matches(pattern: &Value, record: &Value) -> bool {
    match pattern {
        Value::Object(fields) => {
            fields.iter().all(|(name, pattern)| record.get(name).is_some_and(|value| matches(pattern, value)))
        }
        Value::Array(rules) => rules.iter().any(|rule| obeys(rule, record)),
        other => panic!("{other} is no filter pattern"),
    }
}

fn obeys(rule: &Value, value: &Value) -> bool {
    match rule {
        Value::String(text) => value == text,
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("prefix") => {
            let prefix = fields["prefix"].as_str().expect("a prefix is a text");
            value.as_str().is_some_and(|value| value.starts_with(prefix))
        }
        other => panic!("the rule {other} is not known here"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_field_and_another_value_do_not_match() {
        let pattern = json!({"kind": ["a", "b"], "key": {"S": [{"prefix": "D#"}]}});
        assert!(matches(&pattern, &json!({"kind": "b", "key": {"S": "D#1"}, "more": 1})));
        assert!(!matches(&pattern, &json!({"kind": "c", "key": {"S": "D#1"}})));
        assert!(!matches(&pattern, &json!({"kind": "a", "key": {"S": "E#1"}})));
        assert!(!matches(&pattern, &json!({"kind": "a"})));
    }
}
