//! What was asked of AWS, counted request by request.
//!
//! Invariant: everything that costs is counted where it happens; what it costs is said elsewhere.

use std::time::Duration;

use crate::assumed::BATCH;

/// Counts of one simulation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Invocations of the runner, of every kind.
    pub invocations: u64,
    /// Those of them that needed a new environment.
    pub cold: u64,
    /// Those that passed their messages on and ended.
    pub stepped_aside: u64,
    /// Those that stayed and drove.
    pub stayed: u64,
    /// The time they were billed for.
    pub billed: Duration,
    /// Receives that brought something.
    pub receives: u64,
    /// Receives that waited for nothing.
    pub empty_receives: u64,
    /// Requests that sent something.
    pub sends: u64,
    /// Requests that deleted something.
    pub deletes: u64,
    /// Requests that moved a message's visibility.
    pub extensions: u64,
    /// Write units of announcements.
    pub slot_writes: u64,
    /// Read units of announcements.
    pub slot_reads: u64,
    /// Units handed over from one runner to the next, at the end of a slice or before.
    pub hand_overs: u64,
    /// Times that a runner left early.
    pub left_early: u64,
    /// Messages moved back from those who wait to be adopted.
    pub moved_back: u64,
    /// Sweeps.
    pub sweeps: u64,
}

impl Tally {
    /// All requests to SQS.
    #[must_use]
    pub const fn sqs_requests(&self) -> u64 {
        self.receives + self.empty_receives + self.sends + self.deletes + self.extensions
    }
}

/// Requests that carry so many messages.
pub(crate) fn requests(messages: usize) -> u64 {
    messages.div_ceil(BATCH) as u64
}
