//! A value that matches a JSON Schema, found by dice.
//!
//! Knows the schemas the upstream accepts: all types, nesting, arrays, enums, constants, unions and local references.
//! Invariant: what is returned matches the schema, whatever the dice say; recursion ends with a depth of 8.

use serde_json::{Map, Value, json};

use super::{hostile, words};
use crate::chance::Dice;
use crate::request::schema::kinds;

const DEPTH: usize = 8;

/// What findings are made of.
pub(super) struct Maker<'a> {
    /// The whole schema, to which references point.
    pub(super) root: &'a Value,
    /// What the input is about.
    pub(super) topic: &'a str,
    /// Whether free texts attack their reader.
    pub(super) hostile: bool,
    pub(super) dice: Dice,
}

impl Maker<'_> {
    /// A value for `schema`, in a field called `name`.
    pub(super) fn value(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        let Some(schema) = schema.as_object() else { return Value::Null };
        if depth > DEPTH {
            return Value::Null;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|r| self.resolve(r)) {
            return self.value(&target, name, depth + 1);
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array).filter(|values| !values.is_empty())
        {
            return self.dice.pick(values).clone();
        }
        for union in ["anyOf", "oneOf", "allOf"] {
            if let Some(branches) = schema.get(union).and_then(Value::as_array).filter(|all| !all.is_empty())
            {
                let branch = self.branch(branches).clone();
                return self.value(&branch, name, depth + 1);
            }
        }
        let mut kinds = kinds(schema);
        if kinds.is_empty() {
            kinds.push(if schema.contains_key("properties") { "object" } else { "string" });
        }
        if kinds.len() > 1 && kinds.contains(&"null") {
            if self.dice.below(8) == 0 {
                return Value::Null;
            }
            kinds.retain(|kind| *kind != "null");
        }
        match *self.dice.pick(&kinds) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, name, depth),
            "integer" => json!(words::integer(name, &mut self.dice)),
            "number" => json!(f64::from(u16::try_from(self.dice.below(50_000)).unwrap_or(0)) / 100.0),
            "boolean" => json!(self.dice.below(2) == 0),
            "null" => Value::Null,
            _ => Value::String(self.text(name)),
        }
    }

    /// A free text for a field called `name`.
    pub(super) fn text(&mut self, name: &str) -> String {
        if self.hostile {
            hostile::text(&mut self.dice)
        } else {
            words::text(name, self.topic, &mut self.dice)
        }
    }

    fn object(&mut self, schema: &Map<String, Value>, depth: usize) -> Value {
        let properties = schema.get("properties").and_then(Value::as_object);
        let fields = properties.into_iter().flatten();
        fields
            .map(|(name, each)| (name.clone(), self.value(each, name, depth + 1)))
            .collect::<Map<_, _>>()
            .into()
    }

    fn array(&mut self, schema: &Map<String, Value>, name: &str, depth: usize) -> Value {
        let count = 2 + self.dice.below(3);
        let items = schema.get("items").cloned().unwrap_or_else(|| json!({"type": "string"}));
        (0..count).map(|_| self.value(&items, name, depth + 1)).collect::<Vec<_>>().into()
    }

    /// A branch of a union: mostly one that is not null.
    fn branch<'v>(&mut self, branches: &'v [Value]) -> &'v Value {
        let real: Vec<&Value> = branches.iter().filter(|each| each["type"] != "null").collect();
        if real.is_empty() || (real.len() < branches.len() && self.dice.below(8) == 0) {
            return branches.iter().find(|each| each["type"] == "null").unwrap_or(&branches[0]);
        }
        real[self.dice.below(real.len())]
    }

    fn resolve(&self, reference: &str) -> Option<Value> {
        self.root.pointer(reference.strip_prefix('#')?).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(schema: &Value, seed: &str) -> Value {
        let dice = Dice::of(&[seed]);
        Maker { root: schema, topic: "Acme", hostile: false, dice }.value(schema, "", 0)
    }

    #[test]
    fn every_type_is_met_by_a_value_of_that_type() {
        for (kind, is) in [
            ("string", Value::is_string as fn(&Value) -> bool),
            ("integer", Value::is_i64),
            ("number", Value::is_number),
            ("boolean", Value::is_boolean),
            ("array", Value::is_array),
            ("null", Value::is_null),
        ] {
            let schema = json!({"type": "object", "properties": {"x": {"type": kind}}});
            for seed in ["a", "b", "c", "d"] {
                assert!(is(&make(&schema, seed)["x"]), "{kind}");
            }
        }
    }

    #[test]
    fn unions_are_null_sometimes_and_mostly_not() {
        for schema in
            [json!({"type": ["integer", "null"]}), json!({"anyOf": [{"type": "integer"}, {"type": "null"}]})]
        {
            let values: Vec<Value> = (0..100).map(|n| make(&schema, &n.to_string())).collect();
            let nulls = values.iter().filter(|value| value.is_null()).count();
            assert!((1..40).contains(&nulls), "{nulls}");
            assert!(values.iter().all(|value| value.is_null() || value.is_i64()));
        }
    }

    #[test]
    fn enums_constants_references_and_nested_arrays_are_kept() {
        let schema = json!({"type": "object", "$defs": {"fuel": {"enum": ["gas", "wood"]}}, "properties": {
            "kilns": {"type": "array", "items": {"type": "object", "properties": {
                "fuel": {"$ref": "#/$defs/fuel"}, "v": {"const": 2}}}}}});
        let kilns = make(&schema, "x")["kilns"].as_array().cloned().expect("an array");
        assert!(kilns.len() >= 2);
        assert!(kilns.iter().all(|kiln| kiln["v"] == 2 && (kiln["fuel"] == "gas" || kiln["fuel"] == "wood")));
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({"type": "object", "properties": {"child": {"$ref": "#"}}});
        assert!(make(&schema, "x").is_object());
    }
}
