//! The upstream's rules for the JSON Schemas of a task, checked before anything is bought.
//!
//! What the upstream refuses is a fault, what it only warns of a warning; both with the pointer of the place. The rules and
//! figures are those of its documentation of October 2026. Property names are names, never keywords.

use serde_json::{Map, Value};

use crate::fault::{Fault, join};

/// Levels of objects within each other.
pub const LEVELS: usize = 5;
/// Properties in total.
pub const PROPERTIES: usize = 100;
/// Characters of names and values in total.
pub const NAME_CHARS: usize = 25_000;
/// Enum values in total.
pub const ENUM_VALUES: usize = 500;
/// An enum of more values than this is a long one.
pub const LONG_ENUM: usize = 250;
/// Characters of a long enum's values.
pub const LONG_ENUM_CHARS: usize = 7_500;

/// Keywords that the upstream refuses.
pub const UNSUPPORTED: [&str; 19] = [
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
    "minimum",
    "minProperties",
    "multipleOf",
    "pattern",
    "patternProperties",
    "propertyNames",
    "uniqueItems",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Output fields that repeat what the basis of every output tells anyway.
const IN_BASIS: [&str; 7] =
    ["citations", "confidence", "evidence", "reasoning", "source", "sources", "source_urls"];

const TYPES: [&str; 7] = ["object", "array", "string", "integer", "number", "boolean", "null"];

/// What the upstream would refuse of this schema, which stands at `pointer`.
#[must_use]
pub fn faults(schema: &Value, pointer: &str) -> Vec<Fault> {
    let Some(root) = schema.as_object() else {
        return vec![Fault::new(pointer, "must be a JSON Schema, as an object")];
    };
    let mut walk = Walk::default();
    if root.contains_key("anyOf") {
        walk.fault(join(pointer, "anyOf"), "is not allowed at the root");
    }
    if root.get("type").and_then(Value::as_str) != Some("object") {
        walk.fault(join(pointer, "type"), "must be \"object\" at the root");
    }
    if root.get("type").and_then(Value::as_str) == Some("object") || root.contains_key("properties") {
        walk.node(schema, pointer, 0, false);
    } else {
        walk.fault(join(pointer, "properties"), "is missing: it names the fields");
    }
    walk.close(pointer)
}

/// What the upstream would only warn of in this output schema, a sentence each, with the place.
#[must_use]
pub fn warnings(schema: &Value, pointer: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    for name in fields(schema) {
        if IN_BASIS.contains(&name) {
            let place = join(&join(pointer, "properties"), name);
            warnings
                .push(format!("{place}: every output carries its basis anyway, so this field is not needed"));
        }
    }
    strictness(schema, pointer, &mut warnings);
    warnings
}

/// The names of the fields at the root.
pub fn fields(schema: &Value) -> impl Iterator<Item = &str> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(Map::keys).map(String::as_str)
}

/// The levels of objects within each other; 0 where there is none.
#[must_use]
pub fn levels(schema: &Value) -> usize {
    let Some(schema) = schema.as_object() else { return 0 };
    let below = children(schema, "").map(|(_, child, _)| levels(child)).max().unwrap_or(0);
    below + usize::from(is_object(schema))
}

/// The names that the schema requires at its root.
pub fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

#[derive(Default)]
struct Walk {
    faults: Vec<Fault>,
    properties: usize,
    chars: usize,
    enum_values: usize,
}

impl Walk {
    fn fault(&mut self, pointer: String, message: impl Into<String>) {
        self.faults.push(Fault::new(pointer, message));
    }

    fn node(&mut self, schema: &Value, pointer: &str, above: usize, in_union: bool) {
        let Some(schema) = schema.as_object() else {
            return self.fault(pointer.to_owned(), "must be a JSON Schema, as an object");
        };
        for keyword in schema.keys().filter(|key| UNSUPPORTED.contains(&key.as_str())) {
            self.fault(join(pointer, keyword), "is a keyword that the upstream does not support");
        }
        self.types(schema, pointer, in_union);
        self.values(schema, pointer);
        let level = above + usize::from(is_object(schema));
        if level > LEVELS {
            return self.fault(pointer.to_owned(), format!("lies deeper than {LEVELS} levels of objects"));
        }
        if is_object(schema) {
            self.object(schema, pointer);
        }
        for (pointer, child, in_union) in children(schema, pointer) {
            self.node(child, &pointer, level, in_union);
        }
    }

    fn object(&mut self, schema: &Map<String, Value>, pointer: &str) {
        let place = join(pointer, "properties");
        match schema.get("properties") {
            None => self.fault(place, "is missing: it names the fields"),
            Some(Value::Object(properties)) if properties.is_empty() => {
                self.fault(place, "is empty: it names the fields");
            }
            Some(Value::Object(properties)) => {
                self.properties += properties.len();
                self.chars += properties.keys().map(|name| name.chars().count()).sum::<usize>();
            }
            Some(_) => self.fault(place, "must be an object: a schema for each name"),
        }
        if schema.get("required").is_some_and(|required| !is_list_of_text(required)) {
            self.fault(join(pointer, "required"), "must be an array of names");
        }
    }

    fn types(&mut self, schema: &Map<String, Value>, pointer: &str, in_union: bool) {
        let Some(given) = schema.get("type") else { return };
        let place = join(pointer, "type");
        let types: Vec<&Value> = given.as_array().map_or_else(|| vec![given], |types| types.iter().collect());
        if types.iter().any(|kind| !kind.as_str().is_some_and(|kind| TYPES.contains(&kind))) {
            return self.fault(place, format!("must be one or several of {}", TYPES.join(", ")));
        }
        if !in_union && types.iter().all(|kind| kind.as_str() == Some("null")) {
            self.fault(place, "null alone is not allowed: use it in a union such as [\"string\", \"null\"]");
        }
    }

    fn values(&mut self, schema: &Map<String, Value>, pointer: &str) {
        self.chars += schema.get("const").map_or(0, chars);
        let Some(values) = schema.get("enum") else { return };
        let place = join(pointer, "enum");
        let Some(values) = values.as_array().filter(|values| !values.is_empty()) else {
            return self.fault(place, "must be an array of values");
        };
        let text: usize = values.iter().map(chars).sum();
        self.enum_values += values.len();
        self.chars += text;
        if values.len() > LONG_ENUM && text > LONG_ENUM_CHARS {
            let limit = format!("{LONG_ENUM_CHARS} characters for an enum of over {LONG_ENUM} values");
            self.fault(place, format!("has {text} characters; at most {limit}"));
        }
    }

    fn close(mut self, pointer: &str) -> Vec<Fault> {
        for (count, limit, what) in [
            (self.properties, PROPERTIES, "properties"),
            (self.chars, NAME_CHARS, "characters of names and values"),
            (self.enum_values, ENUM_VALUES, "enum values"),
        ] {
            if count > limit {
                self.fault(pointer.to_owned(), format!("has {count} {what}; at most {limit}"));
            }
        }
        self.faults
    }
}

fn strictness(schema: &Value, pointer: &str, warnings: &mut Vec<String>) {
    let Some(node) = schema.as_object() else { return };
    if is_object(node) {
        let required: Vec<&str> = required(schema).collect();
        let optional: Vec<&str> = fields(schema).filter(|name| !required.contains(name)).collect();
        if !optional.is_empty() {
            let place = join(pointer, "required");
            let names = optional.join(", ");
            warnings
                .push(format!("{place}: lacks {names}; for values that may be missing, allow null instead"));
        }
        if node.get("additionalProperties") != Some(&Value::Bool(false)) {
            warnings.push(format!("{}: should be false", join(pointer, "additionalProperties")));
        }
    }
    for (pointer, child, _) in children(node, pointer) {
        strictness(child, &pointer, warnings);
    }
}

/// The schemas within a schema, with their pointers, and whether each is a branch of a union.
fn children<'a>(
    schema: &'a Map<String, Value>,
    pointer: &'a str,
) -> impl Iterator<Item = (String, &'a Value, bool)> + 'a {
    let named = ["properties", "$defs", "definitions"].into_iter().flat_map(move |keyword| {
        let schemas = schema.get(keyword).and_then(Value::as_object).into_iter().flatten();
        schemas.map(move |(name, child)| (join(&join(pointer, keyword), name), child, false))
    });
    let listed = ["anyOf", "oneOf", "allOf", "prefixItems"].into_iter().flat_map(move |keyword| {
        let schemas = schema.get(keyword).and_then(Value::as_array).into_iter().flatten().enumerate();
        let is_union = keyword != "prefixItems";
        schemas.map(move |(at, child)| (format!("{}/{at}", join(pointer, keyword)), child, is_union))
    });
    let single = ["items", "additionalProperties", "not"].into_iter().filter_map(move |keyword| {
        let child = schema.get(keyword).filter(|child| !child.is_boolean())?;
        Some((join(pointer, keyword), child, false))
    });
    named.chain(listed).chain(single)
}

fn is_object(schema: &Map<String, Value>) -> bool {
    let says = |kind: &Value| kind.as_str() == Some("object");
    schema.contains_key("properties")
        || schema
            .get("type")
            .is_some_and(|kind| says(kind) || kind.as_array().is_some_and(|kinds| kinds.iter().any(says)))
}

fn is_list_of_text(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

fn chars(value: &Value) -> usize {
    value.as_str().map_or_else(|| value.to_string().len(), |text| text.chars().count())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(properties: &Value) -> Value {
        json!({ "type": "object", "properties": properties })
    }

    fn nested(levels: usize) -> Value {
        (1..levels).fold(object(&json!({"x": {"type": "string"}})), |inner, _| object(&json!({ "x": inner })))
    }

    fn many(count: usize) -> Value {
        let properties: Map<String, Value> =
            (0..count).map(|at| (format!("p{at}"), json!({"type": "string"}))).collect();
        object(&properties.into())
    }

    fn choices(count: usize, length: usize) -> Value {
        let values: Vec<String> = (0..count).map(|at| format!("{at:0length$}")).collect();
        object(&json!({"x": { "enum": values }}))
    }

    #[test]
    fn each_rule_of_the_upstream_has_its_fault_at_its_place() {
        let text = json!({"type": "string"});
        let with = |schema: &Value| object(&json!({ "x": schema }));
        let root_any_of = json!({"type": "object", "properties": {"x": text}, "anyOf": [with(&text)]});
        for (rule, schema, places) in [
            ("not a schema", json!([]), vec![""]),
            ("root not an object", json!({"type": "string"}), vec!["/type", "/properties"]),
            ("root without a type", json!({"properties": {"x": text}}), vec!["/type"]),
            ("root without properties", json!({"type": "object"}), vec!["/properties"]),
            ("root with empty properties", object(&json!({})), vec!["/properties"]),
            ("root anyOf", root_any_of, vec!["/anyOf"]),
            ("bare null", with(&json!({"type": "null"})), vec!["/properties/x/type"]),
            ("null in a type union", with(&json!({"type": ["string", "null"]})), vec![]),
            ("null in anyOf", with(&json!({"anyOf": [text, {"type": "null"}]})), vec![]),
            ("misspelt type", with(&json!({"type": "strng"})), vec!["/properties/x/type"]),
            ("5 levels", nested(5), vec![]),
            (
                "6 levels",
                nested(6),
                vec!["/properties/x/properties/x/properties/x/properties/x/properties/x"],
            ),
            ("100 properties", many(100), vec![]),
            ("101 properties", many(101), vec![""]),
            ("25,000 characters", with(&json!({"const": "c".repeat(24_999)})), vec![]),
            ("25,001 characters", with(&json!({"const": "c".repeat(25_000)})), vec![""]),
            ("500 enum values", choices(500, 3), vec![]),
            ("501 enum values", choices(501, 3), vec![""]),
            ("a long enum of 7,500 characters", choices(300, 25), vec![]),
            ("a long enum of more", choices(300, 26), vec!["/properties/x/enum"]),
            ("250 values of any length", choices(250, 40), vec![]),
            ("empty enum", with(&json!({"enum": []})), vec!["/properties/x/enum"]),
            (
                "empty properties below",
                with(&json!({"type": "array", "items": object(&json!({}))})),
                vec!["/properties/x/items/properties"],
            ),
            ("a property that is no schema", with(&json!(true)), vec!["/properties/x"]),
            (
                "required that is no list",
                with(&json!({"type": "object", "properties": {"y": text}, "required": true})),
                vec!["/properties/x/required"],
            ),
            ("keywords as names", object(&json!({"format": text, "pattern": text, "anyOf": text})), vec![]),
            (
                "a name to escape",
                object(&json!({"a/b": {"format": "date"}})),
                vec!["/properties/a~1b/format"],
            ),
        ] {
            let found: Vec<String> = faults(&schema, "").into_iter().map(|fault| fault.pointer).collect();
            assert_eq!(found, places, "{rule}");
        }
    }

    #[test]
    fn each_unsupported_keyword_is_refused_wherever_it_stands() {
        for keyword in UNSUPPORTED {
            let mut node = json!({"type": "array", "items": {"type": "string"}});
            node["items"][keyword] = json!(1);
            let found = faults(&object(&json!({ "x": node })), "/output_schema");
            let place = format!("/output_schema/properties/x/items/{keyword}");
            assert_eq!(found.iter().map(|fault| &fault.pointer).collect::<Vec<_>>(), [&place]);
        }
    }

    #[test]
    fn a_strict_schema_gets_no_warning_and_each_looseness_its_own() {
        let strict = json!({"type": "object", "required": ["ceo"], "additionalProperties": false,
            "properties": {"ceo": {"type": ["string", "null"]}}});
        assert_eq!(warnings(&strict, ""), Vec::<String>::new());
        let loose = json!({"type": "object", "required": ["b"], "properties": {"sources": {"type": "string"}, "b": strict}});
        let found = warnings(&loose, "/output_schema");
        assert_eq!(found.len(), 3);
        assert!(found[0].starts_with("/output_schema/properties/sources: "), "{}", found[0]);
        assert!(found[1].starts_with("/output_schema/required: lacks sources"), "{}", found[1]);
        assert_eq!(found[2], "/output_schema/additionalProperties: should be false");
    }

    #[test]
    fn levels_count_objects_within_each_other() {
        for (schema, expected) in [(json!({"type": "string"}), 0), (nested(1), 1), (nested(4), 4)] {
            assert_eq!(levels(&schema), expected);
        }
        assert_eq!(levels(&object(&json!({"x": {"type": "array", "items": nested(2)}}))), 3);
    }
}
