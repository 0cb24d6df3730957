//! The runner: drives units of work until its time is up, and hands over what is unfinished.
//!
//! A message of the `runs` queue names a unit; the runner claims it (the newest claim wins), drives it, and holds the message as a
//! lease meanwhile. Whatever happens to a runner, another goes on from the table. What it may not do is decided in `domain`;
//! what it stores and sends goes through `store` and `queue`.
//! Invariant: nothing is bought upstream before its purchase was announced in the table under the runner's epoch.

mod adoption;
pub mod config;
mod drive;
mod invocation;
mod leases;
mod quotas;
mod registry;
mod stopping;
mod sweep;
mod writes;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ambient::{Clock, Entropy};
use domain::UnitId;
use metrics::{Metric, Metrics};
use queue::Queue;
use store::Store;
use vault::Sealer;
use web::outbound::Outbound;

pub use config::Config;
use quotas::Quotas;
pub use registry::Registry;
use stopping::Stopping;
use writes::Writes;

/// How a runner behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a unit is driven at most before it is handed over.
    pub slice: Duration,
    /// How long a message stays invisible without being extended: how soon a dead runner's units come back.
    pub lease: Duration,
    /// How long before the function's own deadline everything is handed over.
    pub margin: Duration,
    /// How long an announced purchase keeps everybody else from buying the same rows; the request itself is given half of it.
    pub purchase: Duration,
    /// How many units an invocation drives before it takes nothing more up. The batch that it was started with may hold more.
    pub units: u32,
    /// The least time between two flushes of a unit.
    pub flush: Duration,
    /// Flushes written at a time; those that come meanwhile are written together. A transaction costs twice as much as two writes
    /// one by one on AWS, so there it is meant for the rush only.
    pub writes: usize,
    /// Results fetched at a time, for each unit.
    pub fetches: usize,
    /// The upstream's quota of created runs a minute, for each key.
    pub runs_per_minute: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            slice: Duration::from_secs(570),
            lease: Duration::from_mins(2),
            margin: Duration::from_secs(30),
            purchase: Duration::from_mins(1),
            units: 500,
            flush: Duration::from_secs(1),
            writes: 32,
            fetches: 24,
            runs_per_minute: domain::limits::RUNS_PER_MINUTE,
        }
    }
}

/// Whom to tell, within this process, that a unit has changed.
pub type OnChange = Arc<dyn Fn(&UnitId) + Send + Sync>;

/// What a runner works with; clones share everything.
#[derive(Clone)]
pub struct Runner {
    store: Store,
    queue: Queue,
    upstream: parallel::Client,
    sealer: Sealer,
    outbound: Outbound,
    clock: Clock,
    entropy: Entropy,
    settings: Settings,
    on_change: OnChange,
    registry: Arc<Registry>,
    stopping: Arc<Stopping>,
    quotas: Arc<Quotas>,
    writes: Arc<Writes>,
    metrics: Metrics,
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What a runner is made of.
#[expect(missing_debug_implementations, reason = "holds a callback, and is taken apart at once")]
pub struct Parts {
    /// The tables.
    pub store: Store,
    /// The queues.
    pub queue: Queue,
    /// The upstream.
    pub upstream: parallel::Client,
    /// What opens the keys of units.
    pub sealer: Sealer,
    /// What fetches lists from URLs that callers gave.
    pub outbound: Outbound,
    /// The time.
    pub clock: Clock,
    /// Chance, for jitter.
    pub entropy: Entropy,
    /// Behaviour.
    pub settings: Settings,
    /// Whom to tell of changes.
    pub on_change: OnChange,
}

impl Runner {
    /// A runner that drives nothing yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { store, queue, upstream, sealer, outbound, clock, entropy, settings, on_change } = parts;
        let (registry, stopping, quotas) = (Arc::default(), Arc::default(), Arc::default());
        let metrics = Metrics::default();
        let writes = Arc::new(Writes::new(settings.writes, metrics.clone()));
        let (store, upstream) = (store.measured(&metrics), upstream.measured(&metrics));
        Self {
            store,
            queue,
            upstream,
            sealer,
            outbound,
            clock,
            entropy,
            settings,
            on_change,
            registry,
            stopping,
            quotas,
            writes,
            metrics,
        }
    }

    /// How its connections to the upstream stand.
    #[must_use]
    pub fn connections(&self) -> parallel::Connections {
        self.upstream.connections()
    }

    /// What this runner counts, with what its tables and its upstream cost.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Notes among the metrics how things stand: units and streams.
    pub fn look_around(&self) {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let streams = self.connections().streams;
        self.metrics.set(Metric::UnitsDriven, number(self.registry.len()));
        self.metrics.set(Metric::StreamsOpen, number(streams.open));
        self.metrics.set(Metric::StreamsWaiting, number(streams.waiting));
        self.metrics.set(Metric::StreamConnections, number(streams.lanes));
    }
}
