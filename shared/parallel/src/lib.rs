//! A typed client of the Parallel Task API, with its event streams.
//!
//! One method an endpoint; no retries, because only the caller knows what a repetition costs: a lost reply to a
//! create may be a run that is paid for. Parsing is lenient as the API's own documentation advises (unknown statuses and events
//! are kept, nulls and missing keys mean the same); outputs stay byte for byte what the upstream sent.
//! Invariant: neither keys nor bodies stand in an error or a log.

mod budget;
mod client;
mod connections;
mod error;
mod groups;
mod key;
mod runs;
mod settings;
mod stream;
mod suggest;
#[cfg(test)]
mod tests;
mod types;
mod watch;

pub use budget::Held;
pub use client::Client;
pub use connections::{Connections, Load};
pub use error::{Error, Kind};
pub use groups::{AddedRuns, GroupStatus, NewRuns, TaskGroup};
pub use key::Key;
pub use runs::RunState;
pub use settings::{Protocol, Settings};
pub use stream::{Event, EventStream};
pub use suggest::SuggestedSpec;
pub use types::{RunResult, RunStatus, TaskRun, UpstreamError, Warning};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
