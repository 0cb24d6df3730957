//! Task specs: what output is asked for, and what the input should look like.

use serde_json::{Value, json};

use super::{fault, rule, schema};
use crate::refusal::Complaint;

const SPEC_CHARS: usize = 15_000;

/// The output a run was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// An object that matches this JSON Schema.
    Json(Value),
    /// Text.
    Text,
    /// Whatever suits the question.
    Auto,
}

/// A judged task spec.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spec {
    /// The output.
    pub(crate) output: Shape,
    /// The input, where it was described.
    pub(crate) input: Option<Shape>,
    /// Its length as compact JSON, in characters.
    pub(crate) chars: usize,
    /// The spec as it was sent.
    pub(crate) raw: Value,
}

/// Reads the value of `task_spec` or `default_task_spec`; `loc` is where it stands.
pub(crate) fn parse(raw: &Value, loc: &[Value]) -> Result<Spec, Vec<Complaint>> {
    let at = |name: &str| [loc, &[json!(name)]].concat();
    let Some(fields) = raw.as_object() else {
        return Err(vec![fault("model_type", loc, "Input should be a valid dictionary", raw)]);
    };
    let chars = raw.to_string().chars().count();
    if chars > SPEC_CHARS {
        let msg = format!("Task spec has {chars} characters, at most {SPEC_CHARS} are allowed");
        return Err(vec![rule(loc, msg, &Value::Null)]);
    }
    let output = match fields.get("output_schema") {
        None => Err(vec![fault("missing", &at("output_schema"), "Field required", raw)]),
        Some(found) => shape(found, &at("output_schema"), true),
    };
    let input = match fields.get("input_schema") {
        None | Some(Value::Null) => Ok(None),
        Some(found) => shape(found, &at("input_schema"), false).map(Some),
    };
    match (output, input) {
        (Ok(output), Ok(input)) => Ok(Spec { output, input, chars, raw: raw.clone() }),
        (output, input) => {
            Err([output.err(), input.err()].into_iter().flatten().flatten().collect::<Vec<Complaint>>())
        }
    }
}

/// A variant without its `type` is told by its content, since each variant has a default type.
fn shape(found: &Value, loc: &[Value], may_be_auto: bool) -> Result<Shape, Vec<Complaint>> {
    let fields = match found {
        Value::String(_) => return Ok(Shape::Text),
        Value::Object(fields) => fields,
        other => return Err(vec![fault("model_type", loc, "Input should be a schema or a string", other)]),
    };
    let kind = fields.get("type").and_then(Value::as_str);
    match (kind, fields.get("json_schema")) {
        (Some("json") | None, Some(schema)) => {
            let broken = schema::broken_rules(schema);
            if broken.is_empty() {
                return Ok(Shape::Json(schema.clone()));
            }
            Err(broken
                .into_iter()
                .map(|msg| rule(&[loc, &[json!("json_schema")]].concat(), msg, schema))
                .collect())
        }
        (Some("json"), None) => {
            let loc = [loc, &[json!("json_schema")]].concat();
            Err(vec![fault("missing", &loc, "Field required", found)])
        }
        (Some("auto"), _) if may_be_auto => Ok(Shape::Auto),
        (Some("text"), _) => Ok(Shape::Text),
        (None, None) if fields.contains_key("description") => Ok(Shape::Text),
        _ => Err(vec![fault("union_tag_invalid", loc, "Input does not match any schema type", found)]),
    }
}
