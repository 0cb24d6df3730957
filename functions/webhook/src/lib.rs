//! The webhook function: turns what the outbox says into attempts, and makes them.
//!
//! Two triggers. The outbox table's stream tells of each new delivery, which becomes a message for its first attempt; each message of the
//! deliveries queue is one attempt, which the table gives to one taker only. What follows an attempt is decided in `domain::delivery`.
//! Deliveries arrive at least once. Invariant: a message is done with only when the delivery is over, or the next message was sent.

mod announced;
mod attempt;
mod attempts;
mod batch;
pub mod config;
mod dispatch;
mod endpoint;
mod secrets;

use std::fmt;
use std::time::Duration;

use ambient::{Clock, Entropy};
use metrics::Metrics;
use queue::Queue;
use store::Store;
use vault::Sealer;
use vault::webhook::SigningSecret;
use web::outbound::Outbound;

pub use attempt::webhook_id;
pub use config::Config;
pub use dispatch::Foreign;

/// How deliveries are made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a receiver has for its answer.
    pub timeout: Duration,
    /// How long past the timeout an attempt stays its taker's, before it counts as lost and may be taken again.
    pub margin: Duration,
    /// Attempts of one batch made at a time.
    pub at_once: usize,
    /// The operator's secret, which signs instead of the owners'; a unit's own goes before both.
    pub operator_secret: Option<SigningSecret>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(15),
            margin: Duration::from_mins(1),
            at_once: 100,
            operator_secret: None,
        }
    }
}

/// What deliveries are made with; clones share everything.
#[derive(Clone)]
pub struct Webhook {
    store: Store,
    queue: Queue,
    sealer: Sealer,
    outbound: Outbound,
    clock: Clock,
    entropy: Entropy,
    settings: Settings,
    metrics: Metrics,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Webhook {
    /// A function that has connected to nothing yet. Whatever goes out goes through `outbound`.
    #[must_use]
    pub fn new(
        store: Store,
        queue: Queue,
        sealer: Sealer,
        outbound: Outbound,
        clock: Clock,
        entropy: Entropy,
        settings: Settings,
    ) -> Self {
        let metrics = Metrics::default();
        let store = store.measured(&metrics);
        Self { store, queue, sealer, outbound, clock, entropy, settings, metrics }
    }

    /// What this function counts, with what its tables cost.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
