//! What the upstream suggests: a schema for a description, a processor for a specification.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Client, Key, Result};

/// A suggested specification, as raw JSON Schemas.
#[derive(Debug, Clone, Deserialize)]
pub struct SuggestedSpec {
    /// For an input.
    #[serde(default)]
    pub input_schema: Option<Value>,
    /// For an output.
    #[serde(default)]
    pub output_schema: Option<Value>,
}

impl Client {
    /// The schemas that fit what somebody wants.
    pub async fn suggest(&self, key: &Key, user_intent: &str) -> Result<SuggestedSpec> {
        let body = json!({ "user_intent": user_intent });
        self.post(key, &["v1beta", "tasks", "suggest"], &body).await
    }

    /// The processors that fit a specification, best first.
    pub async fn suggest_processor(&self, key: &Key, task_spec: &Value) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            recommended_processors: Vec<String>,
        }
        let body = json!({ "task_spec": task_spec });
        let answer: Answer = self.post(key, &["v1beta", "tasks", "suggest-processor"], &body).await?;
        Ok(answer.recommended_processors)
    }
}
