//! A run's request: judged field by field, then kept as it was sent.
//!
//! Owns the rules of a create body; schemas are judged in `schema`, specs in `spec`, sources in `policy`. Leaves
//! to the book what needs other runs (an earlier interaction). Invariant: a [`Request`] holds no secret of an MCP server.

mod policy;
pub(crate) mod schema;
pub(crate) mod spec;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::processor::Choice;
use crate::refusal::{Complaint, RULE, Refusal};
pub(crate) use spec::{Shape, Spec};

const METADATA_KEY_CHARS: usize = 16;
const METADATA_VALUE_CHARS: usize = 512;
const TOTAL_CHARS: usize = 25_000;
const NEAR: usize = 90;
const MCP_SERVERS: usize = 10;
const MEMORY_KEY_CHARS: usize = 128;

/// Something worth telling about an accepted run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Warning {
    /// `spec_validation_warning`, `input_validation_warning` or `warning`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// What, for a reader.
    pub(crate) message: String,
    /// Always an object.
    pub(crate) detail: Value,
}

/// An accepted request for one run.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The body as sent, without the headers of MCP servers.
    pub(crate) body: Map<String, Value>,
    /// Its processor.
    pub(crate) choice: Choice,
    /// Its own spec, or the group's default.
    pub(crate) spec: Option<Arc<Spec>>,
    /// What it was warned about.
    pub(crate) warnings: Vec<Warning>,
}

impl Request {
    /// The input: a string or an object.
    pub(crate) fn input(&self) -> &Value {
        self.body.get("input").unwrap_or(&Value::Null)
    }

    /// The processor as it was named.
    pub(crate) fn processor(&self) -> &str {
        self.body.get("processor").and_then(Value::as_str).unwrap_or_default()
    }

    /// What output is wanted; no spec means automatic.
    pub(crate) fn shape(&self) -> &Shape {
        self.spec.as_ref().map_or(&Shape::Auto, |spec| &spec.output)
    }

    /// The metadata to echo.
    pub(crate) fn metadata(&self) -> Map<String, Value> {
        self.body.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// Where to tell that the run has finished, if it subscribed to that.
    pub(crate) fn webhook(&self) -> Option<&str> {
        let webhook = self.body.get("webhook")?;
        let subscribed = webhook.get("event_types")?.as_array()?.iter().any(|kind| kind == "task_run.status");
        webhook.get("url").and_then(Value::as_str).filter(|_| subscribed)
    }

    /// The MCP servers, if any.
    pub(crate) fn mcp_servers(&self) -> &[Value] {
        self.body.get("mcp_servers").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The request as the upstream tells it back: a group's default spec is merged in.
    pub(crate) fn told_back(&self) -> Value {
        let mut body = self.body.clone();
        if let Some(spec) = &self.spec
            && body.get("task_spec").is_none_or(Value::is_null)
        {
            body.insert("task_spec".into(), spec.raw.clone());
        }
        body.into()
    }
}

/// Reads one run's body; `default` is the spec used when it brings none.
///
/// An unknown processor is refused on its own, since the upstream answers 403 to it and not 422.
pub(crate) fn parse(body: &Value, default: Option<&Arc<Spec>>) -> Result<Request, Refusal> {
    let root = [json!("body")];
    let Some(fields) = body.as_object() else {
        return Err(Refusal::Invalid(vec![fault(
            "model_attributes_type",
            &root,
            "Input should be an object",
            body,
        )]));
    };
    let mut found = Vec::new();
    let spec = match fields.get("task_spec") {
        None | Some(Value::Null) => default.cloned(),
        Some(raw) => match spec::parse(raw, &[json!("body"), json!("task_spec")]) {
            Ok(spec) => Some(Arc::new(spec)),
            Err(complaints) => {
                found.extend(complaints);
                None
            }
        },
    };
    let choice = match fields.get("processor") {
        Some(Value::String(name)) => Some(Choice::parse(name)),
        Some(other) => {
            found.push(fault("string_type", &at("processor"), "Input should be a valid string", other));
            None
        }
        None => {
            found.push(fault("missing", &at("processor"), "Field required", body));
            None
        }
    };
    match fields.get("input") {
        Some(Value::String(_) | Value::Object(_)) => {}
        Some(other) => {
            found.push(fault("string_type", &at("input"), "Input should be a string or an object", other));
        }
        None => found.push(fault("missing", &at("input"), "Field required", body)),
    }
    found.extend(plain_fields(fields));
    if let Some(spec) = &spec {
        let total = spec.chars + length(fields.get("input"));
        if total > TOTAL_CHARS {
            let msg =
                format!("Task spec and input have {total} characters, at most {TOTAL_CHARS} are allowed");
            found.push(rule(&root, msg, &Value::Null));
        }
    }
    if !found.is_empty() {
        return Err(Refusal::Invalid(found));
    }
    let choice = choice.flatten().ok_or(Refusal::BadProcessor)?;
    let warnings = warnings(fields, spec.as_deref(), choice);
    Ok(Request { body: without_secrets(fields), choice, spec, warnings })
}

/// Judges a `metadata` value.
pub(crate) fn metadata(found: Option<&Value>) -> Vec<Complaint> {
    let fields = match found {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Object(fields)) => fields,
        Some(other) => {
            return vec![fault("dict_type", &at("metadata"), "Input should be a valid dictionary", other)];
        }
    };
    let mut complaints = Vec::new();
    for (key, value) in fields {
        let loc = [json!("body"), json!("metadata"), json!(key)];
        if key.chars().count() > METADATA_KEY_CHARS {
            let msg = format!("Metadata key is longer than {METADATA_KEY_CHARS} characters");
            complaints.push(rule(&loc, msg, value));
        }
        match value {
            Value::String(text) if text.chars().count() > METADATA_VALUE_CHARS => {
                let msg = format!("Metadata value is longer than {METADATA_VALUE_CHARS} characters");
                complaints.push(rule(&loc, msg, &Value::Null));
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) => {}
            other => {
                complaints.push(fault(
                    "string_type",
                    &loc,
                    "Input should be a string, number or boolean",
                    other,
                ));
            }
        }
    }
    complaints
}

/// The fields that are judged one by one.
fn plain_fields(fields: &Map<String, Value>) -> Vec<Complaint> {
    let given = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let mut found = metadata(fields.get("metadata"));
    for name in ["previous_interaction_id", "memory_scope_key"] {
        if let Some(other) = given(name).filter(|value| !value.is_string()) {
            found.push(fault("string_type", &at(name), "Input should be a valid string", other));
        }
    }
    if let Some(key) = given("memory_scope_key").and_then(Value::as_str)
        && !(1..=MEMORY_KEY_CHARS).contains(&key.chars().count())
            | !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    {
        let msg = "String should match pattern '^[a-zA-Z0-9_-]+$' with 1 to 128 characters";
        found.push(fault("string_pattern_mismatch", &at("memory_scope_key"), msg, &json!(key)));
    }
    if let Some(other) = given("enable_events").filter(|value| !value.is_boolean()) {
        found.push(fault("bool_type", &at("enable_events"), "Input should be a valid boolean", other));
    }
    found.extend(given("source_policy").into_iter().flat_map(policy::sources));
    let mut servers = Vec::new();
    match given("mcp_servers") {
        None => {}
        Some(Value::Array(list)) => found.extend(mcp_servers(list, &mut servers)),
        Some(other) => {
            found.push(fault("list_type", &at("mcp_servers"), "Input should be a valid list", other));
        }
    }
    found.extend(given("advanced_settings").into_iter().flat_map(|each| policy::settings(each, &servers)));
    found.extend(given("webhook").into_iter().flat_map(webhook));
    found
}

fn mcp_servers<'a>(list: &'a [Value], names: &mut Vec<&'a str>) -> Vec<Complaint> {
    let mut found = Vec::new();
    if list.len() > MCP_SERVERS {
        let msg = format!("At most {MCP_SERVERS} MCP servers are allowed");
        found.push(rule(&at("mcp_servers"), msg, &Value::Null));
    }
    for (n, server) in list.iter().enumerate() {
        let loc = |name: &str| [at("mcp_servers"), vec![json!(n), json!(name)]].concat();
        for name in ["url", "name"] {
            match server.get(name) {
                Some(Value::String(text)) if name == "name" => names.push(text),
                Some(Value::String(_)) => {}
                Some(other) => {
                    found.push(fault("string_type", &loc(name), "Input should be a valid string", other));
                }
                None => found.push(fault("missing", &loc(name), "Field required", server)),
            }
        }
        if let Some(kind) = server.get("type").filter(|kind| *kind != "url") {
            found.push(fault("literal_error", &loc("type"), "Input should be 'url'", kind));
        }
    }
    found
}

fn webhook(webhook: &Value) -> Vec<Complaint> {
    let loc = |name: &str| [at("webhook"), vec![json!(name)]].concat();
    let mut found = Vec::new();
    match webhook.get("url") {
        Some(Value::String(text)) if text.starts_with("https://") || text.starts_with("http://") => {}
        Some(other) => {
            found.push(rule(&loc("url"), "Webhook URL must be an http or https URL".into(), other));
        }
        None => found.push(fault("missing", &loc("url"), "Field required", webhook)),
    }
    let kinds = webhook.get("event_types").and_then(Value::as_array).into_iter().flatten();
    for kind in kinds.filter(|kind| *kind != "task_run.status") {
        found.push(fault("enum", &loc("event_types"), "Input should be 'task_run.status'", kind));
    }
    found
}

fn warnings(fields: &Map<String, Value>, spec: Option<&Spec>, choice: Choice) -> Vec<Warning> {
    let input = fields.get("input").unwrap_or(&Value::Null);
    let warning = |kind: &str, message: String| Warning { kind: kind.into(), message, detail: json!({}) };
    let mut found = Vec::new();
    if let Some(spec) = spec {
        if let Shape::Json(schema) = &spec.output {
            let advice = schema::advice(schema, choice.processor.fields);
            found.extend(advice.into_iter().map(|message| warning("spec_validation_warning", message)));
        }
        if (spec.chars + length(Some(input))) * 100 > TOTAL_CHARS * NEAR {
            let message = format!("Task spec and input are near the limit of {TOTAL_CHARS} characters");
            found.push(warning("spec_validation_warning", message));
        }
        let mismatch = match &spec.input {
            Some(Shape::Json(schema)) => schema::mismatch(schema, input, ""),
            Some(Shape::Text) if !input.is_string() => Some("root is not of type string".to_owned()),
            _ => None,
        };
        found.extend(mismatch.map(|what| {
            warning("input_validation_warning", format!("Input does not match the input schema: {what}"))
        }));
    }
    let servers = fields.get("mcp_servers").and_then(Value::as_array).into_iter().flatten();
    found.extend(servers.filter(|server| unreachable(server)).map(|server| {
        let text = |name: &str| server.get(name).and_then(Value::as_str).unwrap_or_default();
        let (name, url) = (text("name"), text("url"));
        let message = format!(
            "Error listing tools from MCP server {name}: 502 Bad gateway. Server details: Name: {name}, URL: {url}"
        );
        warning("warning", message)
    }));
    found
}

/// Whether a simulated MCP server does not answer: its URL says `unreachable`.
pub(crate) fn unreachable(server: &Value) -> bool {
    server.get("url").and_then(Value::as_str).is_some_and(|url| url.contains("unreachable"))
}

fn without_secrets(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut fields = fields.clone();
    for server in fields.get_mut("mcp_servers").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(server) = server.as_object_mut() {
            server.remove("headers");
        }
    }
    fields
}

/// The characters of an input: of the text, or of the object as compact JSON.
fn length(input: Option<&Value>) -> usize {
    match input {
        Some(Value::String(text)) => text.chars().count(),
        Some(other) => other.to_string().chars().count(),
        None => 0,
    }
}

fn at(name: &str) -> Vec<Value> {
    vec![json!("body"), json!(name)]
}

pub(crate) fn fault(kind: &'static str, loc: &[Value], msg: &str, input: &Value) -> Complaint {
    Complaint { kind, loc: loc.to_vec(), msg: msg.to_owned(), input: input.clone() }
}

pub(crate) fn rule(loc: &[Value], msg: String, input: &Value) -> Complaint {
    Complaint { kind: RULE, loc: loc.to_vec(), msg, input: input.clone() }
}
