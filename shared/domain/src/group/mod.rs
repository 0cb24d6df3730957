//! A group: one specification, many rows.
//!
//! What a caller asked for, after validation. Invariant: a [`GroupSpec`] holds no secret in the clear: the
//! upstream key and the headers of MCP servers are sealed beside the unit, the webhook secret is sealed here.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What was asked of a group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GroupSpec {
    /// Where the rows come from.
    pub inputs: Inputs,
    /// What each run shall answer.
    pub output: Output,
    /// What a row is: a JSON Schema, or a text that says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Arc<RawValue>>,
    /// The processor that was asked for; none leaves the choice to us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// Whom to tell at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// The caller's own, echoed and filtered by.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// The first row to take, counted from 0.
    #[serde(default)]
    pub offset: u32,
    /// How many rows to take at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// What the purchases of this unit never exceed, in millionths of a dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<u64>,
    /// The time for the whole unit, in seconds from its creation (or revival).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// How often a failed row is bought again by itself.
    #[serde(default)]
    pub retry_failed: u32,
    /// How old an identical run's result may be, in hours, to be taken instead of buying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_hours: Option<u32>,
    /// What passes through to the upstream with each run: `source_policy`, `advanced_settings`,
    /// `previous_interaction_id`, `memory_scope_key`, `enable_events`. MCP servers are sealed beside the unit.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub pass_through: Map<String, Value>,
    /// What the validation had to say that is no fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Where the rows come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Inputs {
    /// They came with the request, or were fetched before its answer, and are stored.
    Stored {
        /// How many, after `offset` and `limit`.
        rows: u32,
    },
    /// They are still to be fetched: the unit's first step.
    Url {
        /// Where from.
        url: String,
    },
}

/// What each run shall answer.
///
/// Stored with the variant outside: inside a tagged form serde could not read a raw value back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Text.
    Text {
        /// What it shall say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    },
    /// An object of this schema.
    Json {
        /// A JSON Schema.
        schema: Arc<RawValue>,
    },
    /// An object of a schema that the upstream shall suggest.
    Described {
        /// What it shall hold.
        description: String,
    },
    /// Whatever the upstream finds fit.
    Auto,
}

impl Output {
    /// The word that the caller used for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Json { .. } | Self::Described { .. } => "json",
            Self::Auto => "auto",
        }
    }
}

/// Whom to tell when the unit is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// The receiver.
    pub url: String,
    /// The unit's own signing secret, sealed; the owner's signs when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_secret: Option<String>,
}

/// The secrets of a unit that live until it is over; sealed as one JSON text, bound to the unit's id.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// The upstream key.
    pub key: String,
    /// MCP servers for the upstream, whose headers may hold secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp_servers: Option<Value>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(***)")
    }
}

/// The upstream's task specification for these outputs and inputs; an input schema that is a text describes the inputs in words.
///
/// `suggested` is the schema that the upstream suggested for [`Output::Described`]; without it such an output is asked for as `auto`.
///
/// # Panics
/// Never: a [`RawValue`] holds valid JSON.
#[must_use]
pub fn task_spec(output: &Output, suggested: Option<&Value>, input_schema: Option<&Value>) -> Value {
    let json_schema = |schema: &Value| json!({ "type": "json", "json_schema": schema });
    let output_schema = match output {
        Output::Text { description: Some(text) } => json!({ "type": "text", "description": text }),
        Output::Text { description: None } => json!({ "type": "text" }),
        Output::Json { schema } => {
            json_schema(&serde_json::from_str(schema.get()).expect("a RawValue holds valid JSON"))
        }
        Output::Described { .. } => suggested.map_or_else(|| json!({ "type": "auto" }), json_schema),
        Output::Auto => json!({ "type": "auto" }),
    };
    let mut spec = json!({ "output_schema": output_schema });
    if let Some(schema) = input_schema {
        spec["input_schema"] = match schema.as_str() {
            None => json_schema(schema),
            Some("") => json!({ "type": "text" }),
            Some(text) => json!({ "type": "text", "description": text }),
        };
    }
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_of_inputs_is_passed_on_as_what_it_is() {
        let spec = |schema: &Value| task_spec(&Output::Auto, None, Some(schema))["input_schema"].take();
        assert_eq!(spec(&json!("a company")), json!({"type": "text", "description": "a company"}));
        assert_eq!(spec(&json!("")), json!({"type": "text"}));
        let schema = json!({"type": "object", "properties": {"company": {"type": "string"}}});
        assert_eq!(spec(&schema), json!({"type": "json", "json_schema": schema}));
    }

    #[test]
    fn every_kind_of_output_is_read_back_as_it_was_stored() {
        let schema = RawValue::from_string(r#"{ "type":"object", "max":1.0 }"#.to_owned()).expect("JSON");
        for output in [
            Output::Text { description: Some("a line".to_owned()) },
            Output::Text { description: None },
            Output::Json { schema: Arc::from(schema) },
            Output::Described { description: "the CEO".to_owned() },
            Output::Auto,
        ] {
            let stored = serde_json::to_string(&output).expect("JSON");
            let read: Output = serde_json::from_str(&stored).expect("what was stored");
            assert_eq!(serde_json::to_string(&read).expect("JSON"), stored);
            assert_eq!(task_spec(&read, None, None), task_spec(&output, None, None));
        }
    }
}
