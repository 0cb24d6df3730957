//! How far the holder of a unit has come: its checkpoint, from which any other runner goes on.
//!
//! Invariant: what costs money upstream is announced here ([`Adding`]) before it is asked for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A holder's checkpoint. Only the holder writes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The rows of the first source; none until a list that comes by URL has been read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u32>,
    /// The processor in use; none until chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// Why this processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor_reason: Option<String>,
    /// The upstream's task specification in use; none until settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_spec: Option<Value>,
    /// What went otherwise than asked for, for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The upstream's group; none until created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_group: Option<String>,
    /// The last event of the upstream group's stream that was taken in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The purchase under way, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adding: Option<Adding>,
    /// How many appends of [`crate::unit::Asks`] have been taken in.
    pub appends_seen: u32,
    /// How many retries of [`crate::unit::Asks`] have been taken in.
    pub retries_seen: u32,
    /// What may have been bought so far, at its full price, in millionths of a dollar; announced before each purchase.
    pub committed_cost: u64,
    /// Why the unit as a whole failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What the unit waits for, for people: quota, credit, another runner's purchase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// When the present round began: creation, or revival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_began: Option<Timestamp>,
}

/// A purchase that may be on its way upstream.
///
/// The epoch cannot fence the upstream, so who finds the announcement of another epoch waits until `until`, when the request is
/// surely abandoned, then lists the upstream group and buys only what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adding {
    /// The claim that announced it.
    pub epoch: u64,
    /// The rows with the attempt of each.
    pub rows: Vec<(u32, u32)>,
    /// After this nobody waits for the upstream's answer any more.
    pub until: Timestamp,
}

/// Why a unit as a whole failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable word: `key_refused`, `no_credit`, `input_unreadable`, `poison`, …
    pub code: String,
    /// For people: what happened and what to do.
    pub message: String,
}

impl Failure {
    /// A failure with this code and message.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}
