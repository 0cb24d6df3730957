//! What the programs that measure share: the service and the simulator as processes, a caller, the machine's clock.
//!
//! The programs are the examples of this package. None of them is a test, and no test is timed.

use std::time::{Duration, Instant};

mod client;
pub mod groups;
pub mod live;
mod processes;
mod table;

pub use client::{Caller, Unit};
pub use processes::{Usage, World};
pub use table::{Line, Wanted};

/// Now, by the machine's clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a measurement reads the machine's clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// A time in milliseconds.
#[must_use]
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A count, to be divided.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "what is counted here is below 2^52")]
pub fn count(number: usize) -> f64 {
    number as f64
}
