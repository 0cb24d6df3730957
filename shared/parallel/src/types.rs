//! The objects of the API, read leniently.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::budget::Held;

/// Where the upstream says that a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunStatus {
    /// Waiting.
    Queued,
    /// Stopped, and not successful: nothing explains how a run leaves this.
    ActionRequired,
    /// Running.
    Running,
    /// Over, with an output.
    Completed,
    /// Over, without.
    Failed,
    /// About to be over.
    Cancelling,
    /// Over, without.
    Cancelled,
    /// A word that this program does not know; counts as active.
    Other(String),
}

impl RunStatus {
    /// Whether the run is over.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::ActionRequired)
    }
}

impl<'de> Deserialize<'de> for RunStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Ok(match word.as_str() {
            "queued" => Self::Queued,
            "action_required" => Self::ActionRequired,
            "running" => Self::Running,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "cancelling" => Self::Cancelling,
            "cancelled" => Self::Cancelled,
            _ => Self::Other(word),
        })
    }
}

/// A run, without its output.
#[derive(Debug, Clone, Deserialize)]
pub struct TaskRun {
    /// The upstream's id.
    pub run_id: String,
    /// Where it stands.
    pub status: RunStatus,
    /// The processor, as requested.
    #[serde(default, deserialize_with = "or_default")]
    pub processor: String,
    /// When it was created.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, deserialize_with = "time")]
    pub modified_at: Option<Timestamp>,
    /// What was given with it.
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: Map<String, Value>,
    /// What the upstream warns of.
    #[serde(default, deserialize_with = "or_default")]
    pub warnings: Vec<Warning>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<UpstreamError>,
}

/// Something the upstream warns of.
#[derive(Debug, Clone, Deserialize)]
pub struct Warning {
    /// For people.
    #[serde(default, deserialize_with = "or_default")]
    pub message: String,
}

/// An error object of the upstream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UpstreamError {
    /// The upstream's reference.
    #[serde(default)]
    pub ref_id: Option<String>,
    /// For people.
    #[serde(default, deserialize_with = "or_default")]
    pub message: String,
    /// More, of no fixed form.
    #[serde(default)]
    pub detail: Option<Value>,
}

/// A run with its output.
#[derive(Debug, Clone, Deserialize)]
pub struct RunResult {
    /// The run.
    pub run: TaskRun,
    /// The whole output object, byte for byte; none if the upstream gave none.
    #[serde(default)]
    pub output: Option<Arc<RawValue>>,
    /// The memory that it takes; to be kept as long as the output is.
    #[serde(skip)]
    pub held: Held,
}

pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A time, if it is one: what is written otherwise is worth no run.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<Value>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.as_str()?.parse().ok()))
}
