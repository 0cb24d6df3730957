//! What each run shall answer: `output_type`, `output_description`, `output_schema`, and `input_schema`.
//!
//! Schemas are held to the upstream's rules before anything is bought (`domain::schema`).

use std::sync::Arc;

use domain::fault::join;
use domain::group::{GroupSpec, Output, task_spec};
use domain::limits::SPEC_CHARS;
use domain::schema;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::{Fields, task_spec::input};

/// Warnings of one request that are kept.
pub(super) const WARNINGS: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Json,
    Auto,
}

/// The output and the schema of inputs; `needed` says whether a type must be told or may be concluded.
pub(super) fn output(
    fields: &mut Fields,
    needed: bool,
    warnings: &mut Vec<String>,
) -> (Output, Option<Arc<RawValue>>) {
    let is_told = fields.names().iter().any(|name| name == "output_type");
    let words = [("text", Type::Text), ("json", Type::Json), ("auto", Type::Auto)];
    let kind = fields.word("output_type", &words);
    let description = fields.text("output_description");
    let schema = schema(fields, "output_schema");
    let inputs = fields.value("input_schema").and_then(|given| input(fields, given, "/input_schema"));
    if kind.is_none() && needed && !is_told {
        fields.fault("/output_type", "is missing: text, json or auto");
    }
    let concluded = || if schema.is_some() || description.is_some() { Type::Json } else { Type::Auto };
    let output = match kind.unwrap_or_else(concluded) {
        Type::Json => json(schema, description, warnings),
        Type::Text => {
            if schema.is_some() {
                fields.fault("/output_schema", "goes with output_type json only");
            }
            Output::Text { description }
        }
        Type::Auto => {
            for (name, given) in
                [("/output_schema", schema.is_some()), ("/output_description", description.is_some())]
            {
                if given {
                    fields.fault(name, "does not go with output_type auto: ask for json or text");
                }
            }
            Output::Auto
        }
    };
    warnings.truncate(WARNINGS);
    let chars = chars(&output, inputs.as_deref());
    if chars > SPEC_CHARS {
        let place =
            if matches!(output, Output::Json { .. }) { "/output_schema" } else { "/output_description" };
        fields.fault(
            place,
            format!("the task specification has {chars} characters with it; the upstream takes {SPEC_CHARS}"),
        );
    }
    (output, inputs)
}

fn json(schema: Option<(Value, String)>, description: Option<String>, warnings: &mut Vec<String>) -> Output {
    match (schema, description) {
        (None, None) => Output::Auto,
        (None, Some(description)) => Output::Described { description },
        (Some((mut schema, pointer)), description) => {
            warnings.extend(schema::warnings(&schema, &pointer));
            if let (Some(description), Some(root)) = (description, schema.as_object_mut()) {
                let what = "output_description became the description at the root of output_schema";
                warnings.insert(0, what.to_owned());
                root.insert("description".to_owned(), description.into());
            }
            Output::Json { schema: raw(&schema) }
        }
    }
}

/// A schema and its place; one that is wrapped as the upstream's `{type, json_schema}` is unwrapped.
fn schema(fields: &mut Fields, name: &'static str) -> Option<(Value, String)> {
    let given = fields.value(name)?;
    let pointer = join("", name);
    let (schema, pointer) = match given {
        Value::Object(mut wrapped) if is_wrapped(&wrapped) => {
            let kind = wrapped.get("type").and_then(Value::as_str);
            if kind.is_some_and(|kind| kind != "json") {
                fields.fault(join(&pointer, "type"), "must be json around a json_schema");
            }
            (wrapped.remove("json_schema").unwrap_or_default(), join(&pointer, "json_schema"))
        }
        given => (given, pointer),
    };
    fields.faults(schema::faults(&schema, &pointer));
    Some((schema, pointer))
}

fn is_wrapped(object: &Map<String, Value>) -> bool {
    object.contains_key("json_schema") && !object.contains_key("properties")
}

pub(super) fn raw(schema: &Value) -> Arc<RawValue> {
    Arc::from(to_raw_value(schema).expect("a value has a JSON form"))
}

/// The characters of a task specification for these outputs and inputs, as far as it is known.
pub(super) fn chars(output: &Output, inputs: Option<&RawValue>) -> usize {
    let inputs: Option<Value> = inputs.and_then(|schema| serde_json::from_str(schema.get()).ok());
    let described = match output {
        Output::Described { description } => description.chars().count(),
        Output::Text { .. } | Output::Json { .. } | Output::Auto => 0,
    };
    task_spec(output, None, inputs.as_ref()).to_string().chars().count() + described
}

/// The characters that the upstream counts beside each row of this group.
pub(crate) fn spec_chars(spec: &GroupSpec) -> usize {
    chars(&spec.output, spec.input_schema.as_deref())
}

/// The places of these faults.
#[cfg(test)]
pub(super) fn places(faults: &[domain::fault::Fault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.pointer.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use domain::fault::Fault;
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> (Output, Vec<String>, Vec<Fault>) {
        let mut fields = super::super::json(body.to_string().as_bytes()).expect("JSON");
        let mut warnings = Vec::new();
        let (output, _) = output(&mut fields, true, &mut warnings);
        (output, warnings, fields.finish())
    }

    fn strict() -> Value {
        json!({"type": "object", "properties": {"ceo": {"type": "string"}}, "required": ["ceo"], "additionalProperties": false})
    }

    #[test]
    fn each_form_of_an_output_is_understood() {
        let schema = strict();
        let wrapped = json!({"type": "json", "json_schema": schema});
        let bare = json!({"json_schema": schema});
        for body in [&schema, &wrapped, &bare] {
            let (output, warnings, faults) = read(&json!({"output_type": "json", "output_schema": body}));
            let Output::Json { schema: read } = output else { panic!("{output:?}") };
            assert_eq!((read.get(), warnings.len(), faults.len()), (schema.to_string().as_str(), 0, 0));
        }
        let (output, ..) = read(&json!({"output_type": "json", "output_description": "the CEO"}));
        assert!(matches!(output, Output::Described { .. }));
        let (output, ..) = read(&json!({"output_type": "json"}));
        assert!(matches!(output, Output::Auto), "json with neither is auto");
        let (output, ..) = read(&json!({"output_type": "text", "output_description": "a line"}));
        assert!(matches!(output, Output::Text { description: Some(_) }));
    }

    #[test]
    fn a_description_beside_a_schema_becomes_its_roots_and_says_so() {
        let body =
            json!({"output_type": "json", "output_schema": strict(), "output_description": "who leads"});
        let (output, warnings, faults) = read(&body);
        let Output::Json { schema } = output else { panic!("{output:?}") };
        let schema: Value = serde_json::from_str(schema.get()).unwrap();
        assert_eq!(schema["description"], "who leads");
        assert_eq!((warnings.len(), faults.len()), (1, 0));
        assert!(warnings[0].contains("output_description"), "{}", warnings[0]);
    }

    #[test]
    fn what_does_not_go_together_is_told_at_its_place() {
        let loose = json!({"type": "array"});
        for (body, expected) in [
            (json!({}), vec!["/output_type"]),
            (json!({"output_type": "xml"}), vec!["/output_type"]),
            (json!({"output_type": "text", "output_schema": strict()}), vec!["/output_schema"]),
            (
                json!({"output_type": "auto", "output_schema": strict(), "output_description": "x"}),
                vec!["/output_schema", "/output_description"],
            ),
            (
                json!({"output_type": "json", "output_schema": {"json_schema": loose}}),
                vec!["/output_schema/json_schema/type", "/output_schema/json_schema/properties"],
            ),
            (
                json!({"output_type": "json", "output_schema": "x", "input_schema": 1}),
                vec!["/output_schema", "/input_schema"],
            ),
        ] {
            let (_, _, faults) = read(&body);
            assert_eq!(places(&faults), expected, "{body}");
        }
    }

    #[test]
    fn a_specification_may_have_its_length_and_no_more() {
        let frame = chars(&Output::Text { description: Some(String::new()) }, None);
        let of =
            |length: usize| json!({"output_type": "text", "output_description": "x".repeat(length - frame)});
        assert_eq!(read(&of(SPEC_CHARS)).2, []);
        assert_eq!(places(&read(&of(SPEC_CHARS + 1)).2), ["/output_description"]);
    }
}
