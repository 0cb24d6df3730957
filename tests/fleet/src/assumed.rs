//! What the simulation takes for granted about AWS and about the runner, beside what `domain::adoption` decides.
//!
//! The settings are the template's; latencies are rounded guesses, of which none matters much: a runner's seconds are what costs.

use std::time::Duration;

/// How long an invocation works before it hands over, as in the template.
pub const SLICE: Duration = Duration::from_secs(570);
/// When Lambda ends it, less the 30 s that handing over may take.
pub const DEADLINE: Duration = Duration::from_secs(570);
/// How long a message stays invisible after its last extension.
pub const LEASE: Duration = Duration::from_mins(2);
/// Between two sweeps.
pub const SWEEP: Duration = Duration::from_mins(1);
/// What one request sends, receives, extends or deletes at most.
pub const BATCH: usize = 10;
/// How long a receive waits for a message.
pub const LONG_POLL: Duration = Duration::from_secs(20);

/// How long the mapping gathers messages into a batch.
pub const WINDOW: Duration = Duration::from_secs(1);
/// Receives that the mapping keeps waiting at the queue.
pub const POLLERS: usize = 5;
/// Invocations that the mapping starts with, and how many more it allows itself in a second: 300 a minute.
pub const SCALING: (usize, usize) = (5, 5);
/// How long Lambda keeps an environment that nothing asks for.
pub const KEPT_WARM: Duration = Duration::from_mins(5);
/// What a new environment takes before its first invocation; it is billed. Measured 12 ms on whole cores, a runner has a third of one.
pub const INIT: Duration = Duration::from_millis(60);

/// One request to SQS or DynamoDB and its answer.
pub const REQUEST: Duration = Duration::from_millis(10);
/// From the first driving of a unit to its run's start upstream: claimed, prepared, announced, bought.
pub const BUYING: Duration = Duration::from_secs(1);
/// What a sweep that finds nothing takes.
pub const SWEEPING: Duration = Duration::from_millis(100);
/// What handing everything over takes.
pub const HANDING_OVER: Duration = Duration::from_secs(1);
/// What the runtime adds to an invocation.
pub const OVERHEAD: Duration = Duration::from_millis(5);

/// Write units of a hand-over: the last checkpoint with a new `due_at` (META of 2 KB, the due index's old and new place), the claim
/// (the same 4).
pub const WRITES_A_HAND_OVER: u64 = 8;
/// Read units of a hand-over: inputs, flushes, purchases, each by a consistent query.
pub const READS_A_HAND_OVER: u64 = 6;
/// Read units of a sweep: 16 shards of the due index of each table, half a unit each.
pub const READS_A_SWEEP: u64 = 16;
/// Announcements in one read unit: 8 KB, since the query is eventually consistent, of 160 bytes each.
pub const ANNOUNCEMENTS_A_READ: usize = 50;
