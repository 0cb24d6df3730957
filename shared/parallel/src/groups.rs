//! Task groups: free, listable, and the only way to buy runs without paying twice.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::connections::Use;
use crate::types::{or_default, time};
use crate::{Client, EventStream, Key, Result};

/// A group.
#[derive(Debug, Clone, Deserialize)]
pub struct TaskGroup {
    /// The upstream's id.
    pub taskgroup_id: String,
    /// How its runs stand.
    pub status: GroupStatus,
    /// When it was created.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
}

/// How the runs of a group stand.
#[derive(Debug, Clone, Deserialize)]
pub struct GroupStatus {
    /// All of them.
    #[serde(default, deserialize_with = "or_default")]
    pub num_task_runs: u64,
    /// By status; absent means none.
    #[serde(default, deserialize_with = "or_default")]
    pub task_run_status_counts: BTreeMap<String, u64>,
    /// Whether one is queued, running or cancelling.
    #[serde(default, deserialize_with = "or_default")]
    pub is_active: bool,
}

/// Runs to add to a group.
#[derive(Debug, Clone, Serialize)]
pub struct NewRuns<'a> {
    /// The specification for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_task_spec: Option<&'a Value>,
    /// Complete run inputs, each with its own processor and metadata.
    pub inputs: &'a [Value],
}

/// What adding runs answers.
#[derive(Debug, Clone, Deserialize)]
pub struct AddedRuns {
    /// The new runs, in the order of the inputs.
    pub run_ids: Vec<String>,
    /// The position in the group's event stream just before these runs; none for the first ones.
    #[serde(default)]
    pub event_cursor: Option<String>,
}

impl Client {
    /// Creates a group. It costs nothing; doing it twice leaves an empty group behind.
    pub async fn create_group(&self, key: &Key, metadata: &Map<String, Value>) -> Result<TaskGroup> {
        let body = serde_json::json!({ "metadata": metadata });
        self.post(key, &["v1", "tasks", "groups"], &body).await
    }

    /// A group as it stands.
    pub async fn group(&self, key: &Key, id: &str) -> Result<TaskGroup> {
        self.get(key, &["v1", "tasks", "groups", id]).await
    }

    /// Adds runs, which costs money. There is no way to make a repetition harmless but to list the group first; the request, its
    /// waiting included, is abandoned after `timeout`, and may be executed all the same.
    pub async fn add_runs(
        &self,
        key: &Key,
        id: &str,
        runs: &NewRuns<'_>,
        timeout: Duration,
    ) -> Result<AddedRuns> {
        let ask = self.ask_with(key, &["v1", "tasks", "groups", id, "runs"], runs)?;
        self.answer(&ask.query(&[("refresh_status", "false")]), timeout).await
    }

    /// Every run now in the group, active ones included; the stream then ends.
    pub async fn group_runs(&self, key: &Key, id: &str, include_output: bool) -> Result<EventStream> {
        let include = if include_output { "true" } else { "false" };
        let ask = self
            .ask(Method::GET, key, &["v1", "tasks", "groups", id, "runs"])?
            .query(&[("include_input", "false"), ("include_output", include)]);
        self.list(ask).await
    }

    /// The group's live events after the event `cursor`: status, and each run when it becomes inactive.
    pub async fn group_events(&self, key: &Key, id: &str, cursor: Option<&str>) -> Result<EventStream> {
        let mut ask = self.ask(Method::GET, key, &["v1", "tasks", "groups", id, "events"])?;
        if let Some(cursor) = cursor {
            ask = ask.query(&[("last_event_id", cursor)]);
        }
        self.stream(ask, Use::Stream).await
    }
}
