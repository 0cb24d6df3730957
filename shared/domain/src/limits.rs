//! The limits that are part of the contract: `GET /limits.json` states each.
//!
//! Invariant: every constant here is enforced somewhere, and a test drives each to its value and one past it.

use std::time::Duration;

/// A body that comes with a request: larger lists come by URL or by appending.
pub const BODY_BYTES: usize = 4 * 1024 * 1024;
/// A webhook of the upstream: a run without its output.
pub const UPSTREAM_WEBHOOK_BYTES: usize = 256 * 1024;
/// A list that is fetched before the answer.
pub const SMALL_LIST_BYTES: u64 = 4 * 1024 * 1024;
/// The time for fetching a list before the answer.
pub const SMALL_LIST_TIME: Duration = Duration::from_secs(10);
/// A list that is fetched by a runner.
pub const LIST_BYTES: u64 = 1024 * 1024 * 1024;
/// Rows of a group, appended ones included.
pub const ROWS: u32 = 250_000;
/// One row, as JSON.
pub const ROW_BYTES: usize = 25_000;
/// Columns of a CSV list.
pub const COLUMNS: usize = 1_000;
/// Characters of a task specification and one input together: the upstream's limit.
pub const SPEC_AND_INPUT_CHARS: usize = 25_000;
/// Characters of a task specification: the upstream's limit.
pub const SPEC_CHARS: usize = 15_000;
/// Entries of `metadata`.
pub const METADATA_ENTRIES: usize = 50;
/// Characters of a metadata key: the upstream's limit.
pub const METADATA_KEY_CHARS: usize = 16;
/// Characters of a metadata value: the upstream's limit.
pub const METADATA_VALUE_CHARS: usize = 512;
/// MCP servers of a group: the upstream's limit.
pub const MCP_SERVERS: usize = 10;
/// `mcp_servers`, as JSON: it is sealed beside the unit.
pub const MCP_SERVERS_BYTES: usize = 50_000;
/// Entries of a source policy's two lists together: the upstream's limit.
pub const SOURCE_ENTRIES: usize = 200;
/// Characters of one entry of a source policy.
pub const SOURCE_CHARS: usize = 255;
/// Characters of the name of a processor.
pub const PROCESSOR_CHARS: usize = 64;
/// Characters of `memory_scope_key` (the upstream's limit) and of `previous_interaction_id`.
pub const SCOPE_CHARS: usize = 128;
/// `cache.max_age_hours` at most.
pub const CACHE_AGE: Duration = Duration::from_hours(24 * 30);
/// How long a replaced signing secret goes on signing beside its successor.
pub const SECRET_OVERLAP: Duration = Duration::from_hours(24);
/// Appends to one group.
pub const APPENDS: usize = 1_000;
/// Rounds of one unit: retries and appends that revive it.
pub const ROUNDS: u32 = 1_000;
/// Automatic purchases of a failed row beyond its first.
pub const RETRY_FAILED: u32 = 5;
/// Characters of an `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_CHARS: usize = 255;
/// How long an `Idempotency-Key` is remembered.
pub const IDEMPOTENCY_RETENTION: Duration = Duration::from_hours(24);
/// Units in one page of a list.
pub const LIST_PAGE: usize = 100;
/// Runs in one page of a group's runs.
pub const RUNS_PAGE: usize = 1_000;
/// Characters of a URL.
pub const URL_CHARS: usize = 2_048;
/// `?wait=` at most: API Gateway cuts an answer that is silent for five minutes.
pub const WAIT: Duration = Duration::from_secs(270);
/// How long a live stream lasts before the reader must resume it.
pub const STREAM: Duration = Duration::from_mins(14);
/// How long a unit is kept after its end.
pub const RETENTION: Duration = Duration::from_hours(24 * 30);
/// How long after its creation a unit takes appends and retries.
pub const REVIVABLE: Duration = Duration::from_hours(24 * 30);
/// How long a unit's items are kept after its creation: a month in which it may be revived, a week at most of being
/// driven, a month of being read, and some days more. The unit itself alone decides what is readable.
pub const CHILD_RETENTION: Duration = Duration::from_hours(24 * 90);
/// How long a tombstone is kept.
pub const TOMBSTONE: Duration = Duration::from_hours(24);
/// `timeout_seconds` at most.
pub const TIMEOUT: Duration = Duration::from_hours(24 * 7);
/// Runs created upstream within a minute, for each key: the upstream's quota.
pub const RUNS_PER_MINUTE: u32 = 2_000;
/// Living units for each queue: its messages in flight.
pub const LIVING_UNITS: u32 = 120_000;
