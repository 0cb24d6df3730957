//! How long everything takes in a round: what takes minutes on Lambda takes seconds here, in about the same proportions.
//!
//! A lease is given in whole seconds to the queue, so it cannot be shorter. What the code has as constants stays: a holder that has nothing to
//! write looks every 15 seconds, a unit that was created or handed over is swept after a minute.

use std::time::Duration;

use runner::Settings;

use crate::worker::Manner;

/// What a function is given for an invocation beyond a slice.
const BEYOND_A_SLICE: Duration = Duration::from_secs(10);
/// How often what is due is looked for.
pub const SWEEP: Duration = Duration::from_secs(2);
/// How long a received message of the runs queue is hidden from others, until a runner makes a lease of it.
pub const VISIBILITY_SECONDS: u32 = 5;
/// The same for a message of the deliveries queue.
pub const DELIVERY_VISIBILITY_SECONDS: u32 = 20;

/// What a function is given for an invocation.
#[must_use]
pub fn invocation(manner: Manner) -> Duration {
    Duration::from_secs(manner.slice) + BEYOND_A_SLICE
}

/// How runners behave.
#[must_use]
pub fn runner(manner: Manner) -> Settings {
    Settings {
        slice: Duration::from_secs(manner.slice),
        units: manner.units,
        runs_per_minute: manner.runs_per_minute,
        lease: Duration::from_secs(manner.lease),
        margin: Duration::from_secs(2),
        purchase: Duration::from_secs(4),
        flush: Duration::from_millis(250),
        writes: 2,
        ..Settings::default()
    }
}
