//! `taskSpec`: the upstream's own way to say what a run shall answer, in each of its forms.
//!
//! An output schema is an object of `type` text, json or auto, a bare text, a bare JSON Schema, or absent, which is auto.

use std::sync::Arc;

use domain::fault::join;
use domain::group::Output;
use domain::limits::SPEC_CHARS;
use domain::schema;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Fields;
use super::output::{chars, raw};

/// An output as a specification asks for it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) output: Output,
    /// Whether it is so because somebody said so.
    is_told: bool,
}

impl Asked {
    const ABSENT: Self = Self { output: Output::Auto, is_told: false };

    const fn told(output: Output) -> Self {
        Self { output, is_told: true }
    }

    /// Whether auto is what somebody asked for, and not only what is left.
    pub(super) const fn is_asked_to_be_auto(&self) -> bool {
        self.is_told && matches!(self.output, Output::Auto)
    }
}

/// The output and the schema of the input.
pub(super) fn task_spec(fields: &mut Fields, warnings: &mut Vec<String>) -> (Asked, Option<Arc<RawValue>>) {
    let (camel, snake) = (fields.value("taskSpec"), fields.value("task_spec"));
    if camel.is_some() && snake.is_some() {
        fields.fault("/task_spec", "is the same as taskSpec: send one of them");
    }
    let root = if camel.is_some() { "/taskSpec" } else { "/task_spec" };
    let spec = match camel.or(snake) {
        None => return (Asked::ABSENT, None),
        Some(Value::Object(spec)) => spec,
        Some(_) => {
            fields.fault(root, "must be an object with output_schema");
            return (Asked::ABSENT, None);
        }
    };
    let (mut asked, mut input_schema) = (Asked::ABSENT, None);
    for (name, value) in spec {
        let pointer = join(root, &name);
        match name.as_str() {
            "output_schema" => asked = output(fields, value, &pointer, warnings),
            "input_schema" => input_schema = input(fields, value, &pointer),
            _ => fields.fault(pointer, "is not a known field; known are output_schema and input_schema"),
        }
    }
    let chars = chars(&asked.output, input_schema.as_deref());
    if chars > SPEC_CHARS {
        fields.fault(root, format!("has {chars} characters; the upstream takes {SPEC_CHARS}"));
    }
    (asked, input_schema)
}

fn output(fields: &mut Fields, given: Value, pointer: &str, warnings: &mut Vec<String>) -> Asked {
    let object = match given {
        Value::Null => return Asked::ABSENT,
        Value::String(text) => return Asked::told(text_of(text)),
        Value::Object(object) => object,
        _ => {
            fields.fault(pointer, "must be an object with a type of text, json or auto, or a text");
            return Asked::ABSENT;
        }
    };
    if let Some(schema) = schema_of(fields, &object, pointer, warnings) {
        return Asked::told(Output::Json { schema });
    }
    match object.get("type").and_then(Value::as_str) {
        Some("text") => {
            only(fields, &object, pointer, &["type", "description"]);
            let description = match object.get("description") {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(_) => {
                    fields.fault(join(pointer, "description"), "must be text");
                    String::new()
                }
            };
            Asked::told(text_of(description))
        }
        Some("auto") => {
            only(fields, &object, pointer, &["type"]);
            Asked::told(Output::Auto)
        }
        Some("json") => {
            fields.fault(join(pointer, "json_schema"), "is missing: a JSON Schema");
            Asked::ABSENT
        }
        _ => {
            fields.fault(join(pointer, "type"), "must be text, json or auto");
            Asked::ABSENT
        }
    }
}

fn text_of(description: String) -> Output {
    Output::Text { description: Some(description).filter(|text| !text.trim().is_empty()) }
}

/// The JSON Schema that an object is, or that it wraps; none if it is neither.
fn schema_of(
    fields: &mut Fields,
    object: &Map<String, Value>,
    pointer: &str,
    warnings: &mut Vec<String>,
) -> Option<Arc<RawValue>> {
    let kind = object.get("type").and_then(Value::as_str);
    let (schema, place) = match object.get("json_schema") {
        Some(schema) if !object.contains_key("properties") => {
            if kind.is_some_and(|kind| kind != "json") {
                fields.fault(join(pointer, "type"), "must be json around a json_schema");
            }
            only(fields, object, pointer, &["type", "json_schema"]);
            (schema.clone(), join(pointer, "json_schema"))
        }
        _ if kind == Some("object") || object.contains_key("properties") => {
            (Value::Object(object.clone()), pointer.to_owned())
        }
        _ => return None,
    };
    fields.faults(schema::faults(&schema, &place));
    warnings.extend(schema::warnings(&schema, &place).into_iter().take(super::output::WARNINGS));
    Some(raw(&schema))
}

fn only(fields: &mut Fields, object: &Map<String, Value>, pointer: &str, known: &[&str]) {
    for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
        let message = format!("is not a known field here; known are {}", known.join(" and "));
        fields.fault(join(pointer, name), message);
    }
}

/// What an input is: a JSON Schema, bare or wrapped, or a text, bare or wrapped. Looseness is no matter for what is only read.
pub(super) fn input(fields: &mut Fields, given: Value, pointer: &str) -> Option<Arc<RawValue>> {
    let object = match given {
        Value::Null => return None,
        Value::String(_) => return Some(raw(&given)),
        Value::Object(object) => object,
        _ => {
            fields.fault(pointer, "must be an object with a type of json or text, or a text");
            return None;
        }
    };
    if object.get("type").is_some_and(|kind| kind == "text") {
        only(fields, &object, pointer, &["type", "description"]);
        return match object.get("description") {
            None | Some(Value::Null) => Some(raw(&Value::from(""))),
            Some(Value::String(text)) => Some(raw(&Value::from(text.as_str()))),
            Some(_) => {
                fields.fault(join(pointer, "description"), "must be text");
                None
            }
        };
    }
    let schema = schema_of(fields, &object, pointer, &mut Vec::new());
    if schema.is_none() {
        fields.fault(join(pointer, "json_schema"), "is missing: a JSON Schema");
    }
    schema
}
