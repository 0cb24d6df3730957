//! The upstream's rules for JSON Schemas, judged when a run is created.
//!
//! Owns what is refused (depth, counts, sizes, keywords) and what is only warned about. Does not look at outputs.
//! Invariant: a schema that passes describes an object with properties, and recursion into it ends.

use serde_json::{Map, Value};

const UNSUPPORTED: [&str; 19] = [
    "contains",
    "format",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "patternProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];
const RESERVED: [&str; 7] =
    ["citations", "confidence", "evidence", "reasoning", "source", "sources", "source_urls"];
const LEVELS: usize = 5;
const PROPERTIES: usize = 100;
const NAME_CHARS: usize = 25_000;
const ENUM_VALUES: usize = 500;
const LONG_ENUM: usize = 250;
const LONG_ENUM_CHARS: usize = 7_500;

/// Every rule that `schema` breaks, in words; empty when it may be used.
pub(crate) fn broken_rules(schema: &Value) -> Vec<String> {
    let Some(root) = schema.as_object() else { return vec!["Schema must be a JSON object".into()] };
    let mut tally = Tally::default();
    if root.contains_key("anyOf") {
        tally.broken.push("Schema root must not use 'anyOf'".into());
    } else if root.get("type").and_then(Value::as_str) != Some("object") {
        tally.broken.push("Schema root must have type 'object'".into());
    } else {
        tally.walk(schema, "", 0, false);
    }
    tally.close()
}

#[derive(Default)]
struct Tally {
    properties: usize,
    chars: usize,
    enum_values: usize,
    broken: Vec<String>,
}

impl Tally {
    fn walk(&mut self, schema: &Value, path: &str, level: usize, in_union: bool) {
        let Some(schema) = schema.as_object() else {
            self.broken.push(format!("Schema is not an object at path: {}", shown(path)));
            return;
        };
        let unsupported = schema.keys().filter(|key| UNSUPPORTED.contains(&key.as_str()));
        self.broken.extend(
            unsupported.map(|key| format!("Keyword '{key}' is not supported at path: {}", shown(path))),
        );
        let kinds = kinds(schema);
        if !in_union && kinds == ["null"] {
            self.broken.push(format!("Type 'null' is only allowed in a union at path: {}", shown(path)));
        }
        if kinds.contains(&"object") || schema.contains_key("properties") {
            self.object(schema, path, level + 1);
        }
        self.values(schema, path);
        if let Some(items) = schema.get("items") {
            self.walk(items, &format!("{path}.items"), level, false);
        }
        for union in ["anyOf", "oneOf", "allOf"] {
            for branch in schema.get(union).and_then(Value::as_array).into_iter().flatten() {
                self.walk(branch, path, level, true);
            }
        }
        for definitions in ["$defs", "definitions"] {
            for (name, each) in schema.get(definitions).and_then(Value::as_object).into_iter().flatten() {
                self.chars += name.chars().count();
                self.walk(each, &format!("{path}.{definitions}.{name}"), level, false);
            }
        }
    }

    fn object(&mut self, schema: &Map<String, Value>, path: &str, level: usize) {
        if level > LEVELS {
            self.broken
                .push(format!("Schema is nested deeper than {LEVELS} levels at path: {}", shown(path)));
            return;
        }
        let properties = schema.get("properties").and_then(Value::as_object).filter(|map| !map.is_empty());
        let Some(properties) = properties else {
            self.broken.push(format!("Object 'properties' empty at path: {}", shown(path)));
            return;
        };
        for (name, property) in properties {
            self.properties += 1;
            self.chars += name.chars().count();
            self.walk(property, &format!("{path}.{name}"), level, false);
        }
    }

    fn values(&mut self, schema: &Map<String, Value>, path: &str) {
        let length =
            |value: &Value| value.as_str().map_or_else(|| value.to_string().len(), |s| s.chars().count());
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let chars: usize = values.iter().map(length).sum();
            self.enum_values += values.len();
            self.chars += chars;
            if values.is_empty() {
                self.broken.push(format!("Enum is empty at path: {}", shown(path)));
            }
            if values.len() > LONG_ENUM && chars > LONG_ENUM_CHARS {
                let limit = format!("{LONG_ENUM_CHARS} characters for over {LONG_ENUM} values");
                self.broken.push(format!("Enum exceeds {limit} at path: {}", shown(path)));
            }
        }
        self.chars += schema.get("const").map_or(0, length);
    }

    fn close(mut self) -> Vec<String> {
        for (count, limit, what) in [
            (self.properties, PROPERTIES, "properties"),
            (self.chars, NAME_CHARS, "characters of names and values"),
            (self.enum_values, ENUM_VALUES, "enum values"),
        ] {
            if count > limit {
                self.broken.push(format!("Schema has {count} {what}, at most {limit} are allowed"));
            }
        }
        self.broken
    }
}

/// What an accepted output schema should better do, one sentence each; `fields` is the processor's guidance.
pub(super) fn advice(schema: &Value, fields: usize) -> Vec<String> {
    let mut advice = Vec::new();
    advise(schema, "", &mut advice);
    let properties = schema.get("properties").and_then(Value::as_object);
    for name in properties.into_iter().flat_map(Map::keys) {
        if RESERVED.contains(&name.as_str()) {
            advice.push(format!("Output field '{name}' duplicates what the basis already tells"));
        }
    }
    let count = properties.map_or(0, Map::len);
    if count > fields {
        advice.push(format!("{count} output fields exceed the about {fields} suited to this processor"));
    }
    advice
}

fn advise(schema: &Value, path: &str, advice: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else { return };
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let optional: Vec<&str> =
            properties.keys().map(String::as_str).filter(|name| !required.contains(name)).collect();
        if !optional.is_empty() {
            let names = optional.join(", ");
            advice.push(format!("Properties missing from 'required' at path {}: {names}", shown(path)));
        }
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            advice.push(format!("'additionalProperties' is not false at path: {}", shown(path)));
        }
        for (name, property) in properties {
            advise(property, &format!("{path}.{name}"), advice);
        }
    }
    if let Some(items) = schema.get("items") {
        advise(items, &format!("{path}.items"), advice);
    }
}

/// The types a schema allows, in its order.
pub(crate) fn kinds(schema: &Map<String, Value>) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// How `input` departs from the input schema, if it does: the first difference, in words.
pub(super) fn mismatch(schema: &Value, input: &Value, path: &str) -> Option<String> {
    let schema = schema.as_object()?;
    let kinds = kinds(schema);
    if !kinds.is_empty() && !kinds.iter().any(|kind| is_of(input, kind)) {
        return Some(format!("{} is not of type {}", shown(path), kinds.join(" or ")));
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array)
        && !values.contains(input)
    {
        return Some(format!("{} is not one of the allowed values", shown(path)));
    }
    if let Some(object) = input.as_object() {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        if let Some(name) = required.filter_map(Value::as_str).find(|name| !object.contains_key(*name)) {
            return Some(format!("{} lacks '{name}'", shown(path)));
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let found =
                object.get(name).and_then(|value| mismatch(property, value, &format!("{path}.{name}")));
            if found.is_some() {
                return found;
            }
        }
    }
    let items = schema.get("items")?;
    input.as_array()?.iter().enumerate().find_map(|(n, item)| mismatch(items, item, &format!("{path}.{n}")))
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => true,
    }
}

fn shown(path: &str) -> &str {
    if path.is_empty() { "root" } else { path.trim_start_matches('.') }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(properties: &Value) -> Value {
        json!({"type": "object", "properties": properties})
    }

    fn nested(levels: usize) -> Value {
        (1..levels).fold(object(&json!({"x": {"type": "string"}})), |inner, _| object(&json!({"x": inner})))
    }

    fn many(count: usize) -> Value {
        let properties: Map<String, Value> =
            (0..count).map(|n| (format!("p{n}"), json!({"type": "string"}))).collect();
        object(&properties.into())
    }

    fn choices(count: usize, length: usize) -> Value {
        let values: Vec<String> = (0..count).map(|n| format!("{n:0length$}")).collect();
        object(&json!({"x": {"enum": values}}))
    }

    #[test]
    fn each_rule_refuses_what_breaks_it_and_nothing_less() {
        let text = json!({"type": "string"});
        for (schema, refused) in [
            (json!([]), true),
            (json!({"type": "string"}), true),
            (json!({"type": "object"}), true),
            (object(&json!({})), true),
            (json!({"anyOf": [object(&json!({"x": text}))]}), true),
            (object(&json!({"x": {"type": "null"}})), true),
            (object(&json!({"x": {"type": ["string", "null"]}})), false),
            (object(&json!({"x": {"anyOf": [{"type": "string"}, {"type": "null"}]}})), false),
            (nested(5), false),
            (nested(6), true),
            (many(100), false),
            (many(101), true),
            (choices(500, 3), false),
            (choices(501, 3), true),
            (choices(251, 30), true),
            (choices(250, 30), false),
            (object(&json!({"x": {"const": "c".repeat(25_000)}})), true),
            (object(&json!({"x": {"type": "string", "format": "date"}})), true),
            (object(&json!({"x": {"type": "array", "items": text, "uniqueItems": true}})), true),
            (object(&json!({"format": text, "pattern": text})), false),
            (object(&json!({"x": {"type": "array", "items": {"type": "object", "properties": {}}}})), true),
        ] {
            assert_eq!(!broken_rules(&schema).is_empty(), refused, "{schema}");
        }
    }

    #[test]
    fn an_empty_object_deeper_down_is_named_by_its_path() {
        let plans = json!({"type": "array", "items": object(&json!({"params": object(&json!({}))}))});
        let broken = broken_rules(&object(&json!({"plans": plans})));
        assert_eq!(broken, ["Object 'properties' empty at path: plans.items.params"]);
    }

    #[test]
    fn a_faultless_schema_gets_no_advice_and_each_fault_its_own() {
        let strict = json!({"type": "object", "properties": {"ceo": {"type": "string"}},
            "required": ["ceo"], "additionalProperties": false});
        assert_eq!(advice(&strict, 5), Vec::<String>::new());
        let loose = object(&json!({"sources": {"type": "string"}, "b": {"type": "string"}}));
        assert_eq!(advice(&loose, 1).len(), 4);
    }

    #[test]
    fn an_input_is_held_against_its_schema() {
        let schema = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}});
        assert_eq!(mismatch(&schema, &json!({"a": 1}), ""), None);
        assert_eq!(mismatch(&schema, &json!({}), "").as_deref(), Some("root lacks 'a'"));
        assert_eq!(mismatch(&schema, &json!({"a": 1.5}), "").as_deref(), Some("a is not of type integer"));
        assert_eq!(mismatch(&schema, &json!("text"), "").as_deref(), Some("root is not of type object"));
    }
}
