//! What happened to a unit, flush by flush.
//!
//! Each flush of a holder writes one [`Flush`] before it moves the unit's `seq` over it; readers never read beyond `seq`.
//! Invariant: flushes of a unit are numbered without gaps from 1.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::run::{Counts, RunStatus};
use crate::unit::Status;

/// What one flush changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flush {
    /// When it was written.
    pub at: Timestamp,
    /// The unit's status after it.
    pub status: Status,
    /// The counts after it.
    pub counts: Counts,
    /// The runs that it changed: index, new status, and the attempt that has it. The attempt makes taking a flush in twice harmless.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<(u32, RunStatus, u32)>,
    /// What the upstream told of a task's run, in its order; never anything that an earlier flush of the unit holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Told>,
    /// What the unit waits for, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Something that the upstream told of a task's run while it ran: its state, its statistics, a message.
///
/// The upstream replays all of a run's events to whoever connects and numbers none of them: two are the same that have the
/// same kind, time and text; two states, that tell the same status of the same run since the same time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Told {
    /// The upstream's word for its kind, such as `task_run.progress_stats`.
    pub kind: String,
    /// When it happened, where the upstream says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// All of it, byte for byte; of a state only its kind and the run, since the output is kept with the run; of what is larger than
    /// any flush may be, its kind, how many bytes it has, and how it begins.
    pub data: Arc<RawValue>,
}

impl PartialEq for Told {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.at == other.at && self.data.get() == other.data.get()
    }
}

impl Eq for Told {}

impl Hash for Told {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        self.at.hash(state);
        self.data.get().hash(state);
    }
}
