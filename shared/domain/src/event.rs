//! What happened to a unit, flush by flush.
//!
//! Each flush of a holder writes one [`Flush`] before it moves the unit's `seq` over it; readers never read beyond `seq`.
//! Invariant: flushes of a unit are numbered without gaps from 1.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// What the unit waits for, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
