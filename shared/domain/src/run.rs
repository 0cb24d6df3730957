//! A run: one row of a group, and what became of it.
//!
//! Invariant: a run that is over never goes back except by a retry, which raises its `attempt`.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Not bought yet.
    Pending,
    /// Bought; the upstream has not said that it runs.
    Queued,
    /// Running upstream.
    Running,
    /// Over, with an output.
    Completed,
    /// Over, without one.
    Failed,
    /// Stopped by its owner, or upstream.
    Cancelled,
    /// Its time was up before the upstream ended it.
    TimedOut,
}

impl RunStatus {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Queued,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
    ];

    /// Whether nothing more will happen without a retry.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::TimedOut)
    }

    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
        }
    }
}

/// One run as the table keeps it, from the moment there is more to say than "bought".
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// The row's place in its group, from 0.
    pub index: u32,
    /// Where it stands.
    pub status: RunStatus,
    /// 1 for the first time it is bought, one more for each retry.
    pub attempt: u32,
    /// The upstream's id of the present attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The upstream's whole output object (`type`, `content`, `basis`, …), byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Arc<RawValue>>,
    /// Why there is no output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
    /// What the upstream warned of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// When the upstream created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Whether the output was taken from an identical run instead of being bought.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// The attempts before this one, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<PastAttempt>,
}

/// Why a run has no output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    /// For people; never empty.
    pub message: String,
    /// The upstream's reference, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ref_id: Option<String>,
    /// What more the upstream said, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
}

impl RunError {
    /// An error of our own.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ref_id: None, detail: None }
    }
}

/// An attempt that a retry has replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAttempt {
    /// Its number, from 1.
    pub attempt: u32,
    /// How it ended.
    pub status: RunStatus,
    /// The upstream's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// Why it had no output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
}

/// Runs bought by one request upstream: what ties rows to upstream ids until each has a [`Run`] of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// When the upstream answered.
    pub at: Timestamp,
    /// The runs, in the order in which they were asked for.
    pub runs: Vec<Bought>,
}

/// One run of a [`Purchase`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bought {
    /// The row.
    pub index: u32,
    /// Which attempt of the row.
    pub attempt: u32,
    /// The upstream's id.
    pub run_id: String,
}

/// How many runs stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// See [`RunStatus::Pending`].
    pub pending: u32,
    /// See [`RunStatus::Queued`].
    pub queued: u32,
    /// See [`RunStatus::Running`].
    pub running: u32,
    /// See [`RunStatus::Completed`].
    pub completed: u32,
    /// See [`RunStatus::Failed`].
    pub failed: u32,
    /// See [`RunStatus::Cancelled`].
    pub cancelled: u32,
    /// See [`RunStatus::TimedOut`].
    pub timed_out: u32,
}

impl Counts {
    /// `count` runs, none bought.
    #[must_use]
    pub fn pending(count: u32) -> Self {
        Self { pending: count, ..Self::default() }
    }

    /// The number with this status.
    #[must_use]
    pub const fn of(&self, status: RunStatus) -> u32 {
        match status {
            RunStatus::Pending => self.pending,
            RunStatus::Queued => self.queued,
            RunStatus::Running => self.running,
            RunStatus::Completed => self.completed,
            RunStatus::Failed => self.failed,
            RunStatus::Cancelled => self.cancelled,
            RunStatus::TimedOut => self.timed_out,
        }
    }

    /// The place where the number with this status is kept.
    pub const fn of_mut(&mut self, status: RunStatus) -> &mut u32 {
        match status {
            RunStatus::Pending => &mut self.pending,
            RunStatus::Queued => &mut self.queued,
            RunStatus::Running => &mut self.running,
            RunStatus::Completed => &mut self.completed,
            RunStatus::Failed => &mut self.failed,
            RunStatus::Cancelled => &mut self.cancelled,
            RunStatus::TimedOut => &mut self.timed_out,
        }
    }

    /// All runs.
    #[must_use]
    pub fn total(&self) -> u32 {
        RunStatus::ALL.iter().map(|status| self.of(*status)).sum()
    }

    /// The runs that are over.
    #[must_use]
    pub fn finished(&self) -> u32 {
        self.completed + self.failed + self.cancelled + self.timed_out
    }

    /// The same runs when every one that is not over ends with `status`.
    #[must_use]
    pub fn ended_as(mut self, status: RunStatus) -> Self {
        let open = self.pending + self.queued + self.running;
        (self.pending, self.queued, self.running) = (0, 0, 0);
        *self.of_mut(status) += open;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ending_what_is_open_loses_no_run() {
        let counts =
            Counts { pending: 3, queued: 2, running: 1, completed: 4, failed: 1, ..Counts::default() };
        let ended = counts.ended_as(RunStatus::Cancelled);
        assert_eq!((ended.total(), ended.finished(), ended.cancelled), (11, 11, 6));
    }

    #[test]
    fn an_output_is_kept_byte_for_byte() {
        let json = r#"{"index":0,"status":"completed","attempt":1,"output":{"type":"json","content":{"n":1.0,"big":12345678901234567890123}}}"#;
        let run: Run = serde_json::from_str(json).expect("a run");
        assert_eq!(serde_json::to_string(&run).expect("JSON"), json);
    }
}
