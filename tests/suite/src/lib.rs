//! The black-box suite: everything is started for real, and judged by what crosses the wire.
//!
//! A story starts a [`World`], takes clients by role from it, and waits for what must come: by long poll, by the receiver, by
//! the end of a stream, never by a nap. Stories are in `tests/stories`, a module each.
//!
//! ```no_run
//! # async fn story() {
//! use serde_json::json;
//! use suite::World;
//!
//! let world = World::start().await;
//! let owner = world.owner("my-key");
//! let group = owner.create(&json!({"inputs": ["Acme"], "output_type": "text", "processor": "lite"})).await;
//! let result = owner.finished(&group).await;
//! assert_eq!(result["status"]["status"], "completed");
//! assert_eq!(world.simulator().ledger().runs_of_key("my-key").len(), 1);
//! # }
//! ```
//!
//! # Worlds
//! - [`World::start`]: Multitask in this process, its own temporary directory, free ports, a simulator of its own that is fast, one [`Clock`]
//!   for all (`world.pass(...)`), and a [`Receiver`] that may be told of ends.
//! - [`World::setup`]: the same with other settings, see [`Setup`]; [`Setup::in_a_process`] runs the real binary, to be killed.
//! - With `MULTITASK_TEST_AWS_ENDPOINT` set, every world keeps its state at that endpoint (an AWS emulator), under names of its own.
//!
//! [`Clock`]: ambient::Clock

#![expect(
    clippy::missing_panics_doc,
    reason = "a story that goes wrong panics, and all of this is for stories"
)]

mod answer;
mod client;
mod events;
mod process;
mod receiver;
mod setup;
mod world;

use std::io::Write;
use std::time::Duration;

pub use answer::Answer;
pub use client::{Client, Group};
pub use events::{Event, Events};
pub use receiver::{Hit, Receiver, Reply};
pub use setup::Setup;
pub use world::World;

/// How long something that must come is waited for before it is called missing: a minute.
///
/// Four at an emulator, which gives messages to the long polls of a process that was killed: those come back by the sweep, when they have
/// been due for a minute.
#[must_use]
pub fn patience() -> Duration {
    if setup::aws_endpoint().is_some() { Duration::from_mins(4) } else { Duration::from_mins(1) }
}

/// Whether the worlds keep their state at an emulator, which is many times slower than what is built in.
#[must_use]
pub fn at_an_emulator() -> bool {
    setup::aws_endpoint().is_some()
}

/// Says, past the test harness, that something was not checked because `what` is missing; in CI nothing may be missing.
#[expect(
    clippy::disallowed_methods,
    reason = "whether this is CI stands in the environment and nowhere else"
)]
pub fn skip(what: &str, installer: &str) {
    assert!(std::env::var("CI").is_err(), "{what} is not installed, and CI needs it: run {installer}");
    let _ =
        writeln!(std::io::stderr(), "SKIPPED: {what} is not installed; run {installer} to have this checked");
}

/// The output of `work`, which must come within [`patience`]; `what` says what is missing otherwise.
pub async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    let patience = patience();
    match tokio::time::timeout(patience, work).await {
        Ok(output) => output,
        Err(tokio::time::error::Elapsed { .. }) => panic!("{what} did not come within {patience:?}"),
    }
}
