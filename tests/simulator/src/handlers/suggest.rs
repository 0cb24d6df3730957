//! Operations L and M: suggest a task for an intent, and processors for a task.
//!
//! Deterministic: field names are words of the intent. Invariant: what is suggested passes the rules of a create.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::call::{Call, reply};
use crate::refusal::Refusal;
use crate::request::fault;

const FIELDS: usize = 6;
const IDLE: [&str; 44] = [
    "a", "about", "all", "an", "and", "any", "are", "as", "at", "by", "each", "every", "find", "for", "from",
    "get", "give", "how", "i", "in", "is", "it", "its", "list", "me", "my", "of", "on", "or", "out",
    "please", "that", "the", "their", "them", "this", "to", "want", "we", "what", "which", "who", "with",
    "research",
];
const CHOICES: [&str; 8] = ["base", "core", "core2x", "pro", "ultra", "ultra2x", "ultra4x", "ultra8x"];

/// L: raw schemas for the intent, after those of an earlier suggestion if one is given.
pub(super) fn task(call: &Call) -> Result<Response, Refusal> {
    let body = call.json()?;
    let intent = match body.get("user_intent") {
        Some(Value::String(intent)) => intent,
        other => return Err(missing("user_intent", other, &body)),
    };
    let words = words(intent);
    let earlier = |name: &str| {
        let found = body.get("previous_task").and_then(|task| task.get(name)).cloned();
        found.filter(|schema| schema.get("properties").is_some())
    };
    let subject = json!({"company": {"type": "string", "description": "What the task is about"}});
    let input = earlier("input_schema").unwrap_or_else(|| object(&subject));
    let mut fields: Map<String, Value> = earlier("output_schema")
        .and_then(|schema| schema.get("properties").and_then(Value::as_object).cloned())
        .unwrap_or_default();
    for word in words.iter().take(FIELDS) {
        let description =
            format!("The {word}, as asked for in: {}", intent.chars().take(200).collect::<String>());
        fields.entry(word.replace(' ', "_")).or_insert(json!({"type": "string", "description": description}));
    }
    if fields.is_empty() {
        fields.insert("answer".into(), json!({"type": "string", "description": "The answer"}));
    }
    let title = intent.split_whitespace().take(6).collect::<Vec<_>>().join(" ");
    let body =
        json!({"input_schema": input, "output_schema": object(&fields.into()), "inputs": [], "title": title});
    Ok(reply(StatusCode::OK, &body))
}

/// M: by the number of output fields, among those that may be chosen; never `lite`.
pub(super) fn processor(call: &Call) -> Result<Response, Refusal> {
    let body = call.json()?;
    let spec = match body.get("task_spec") {
        Some(spec @ Value::Object(_)) => spec,
        other => return Err(missing("task_spec", other, &body)),
    };
    let choices: Vec<&str> = match body.get("choose_processors_from") {
        None | Some(Value::Null) => CHOICES.to_vec(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(other) => return Err(missing("choose_processors_from", Some(other), &body)),
    };
    let plain = |name: &str| name.strip_suffix("-fast").unwrap_or(name).to_owned();
    let choices: Vec<&str> =
        choices.into_iter().filter(|name| CHOICES.contains(&plain(name).as_str())).collect();
    let schema = spec.get("output_schema").unwrap_or(&Value::Null);
    let schema = schema.get("json_schema").unwrap_or(schema);
    let fields = schema.get("properties").and_then(Value::as_object).map_or(0, Map::len);
    let wanted = match fields {
        0..=3 => "base",
        4..=8 => "core",
        9..=16 => "pro",
        _ => "ultra",
    };
    let mut recommended: Vec<&str> = choices.iter().copied().filter(|name| plain(name) == wanted).collect();
    recommended.extend(choices.first().filter(|_| recommended.is_empty()));
    Ok(reply(StatusCode::OK, &json!({"recommended_processors": recommended})))
}

fn object(properties: &Value) -> Value {
    let required: Vec<&String> = properties.as_object().into_iter().flat_map(Map::keys).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// The words of an intent that could be fields: lower case, in order, each once.
fn words(intent: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in intent.split(|c: char| !c.is_alphanumeric() && c != '_') {
        let word: String = word.to_lowercase().chars().take(40).collect();
        if word.len() > 1 && !IDLE.contains(&word.as_str()) && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

fn missing(name: &str, found: Option<&Value>, body: &Value) -> Refusal {
    let loc = [json!("body"), json!(name)];
    Refusal::Invalid(vec![match found {
        None => fault("missing", &loc, "Field required", body),
        Some(other) => fault("type_error", &loc, "Input is of the wrong type", other),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_gives_its_own_words_as_fields() {
        assert_eq!(
            words("Find the CEO and the founding year of each company"),
            ["ceo", "founding", "year", "company"]
        );
        assert_eq!(words("!!! of the"), Vec::<String>::new());
    }
}
