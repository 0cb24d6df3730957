//! The function that writes: accepts groups, changes them, lists them, and tells what there is to know of the service.
//!
//! What was asked for is durable before it is answered: inputs first, then the unit with what its `Idempotency-Key` remembers, then the
//! message; what a crash cuts off behind the unit is swept. Reading and judging requests is pure (`form`, `unit::decide`); the handlers
//! do the rest. Invariants: no answer waits for the upstream; a unit is changed by its owner only; keys leave this function sealed.

mod about;
mod accept;
mod accepted;
mod app;
mod base;
mod check;
pub mod config;
mod form;
mod groups;
mod head;
mod idempotency;
mod identity;
mod lists;
mod refusal;
mod routes;
mod secret;
mod tasks;
mod unit;
mod wake;

use std::sync::Arc;

use ambient::{Clock, Entropy};
use domain::message::Work;
use domain::{Unit, UnitId};
use jiff::{SignedDuration, Timestamp};
use metrics::Metrics;
use queue::{Line, Parcel, Queue};
use store::Store;
use url::Url;
use vault::Sealer;
use vault::webhook::Verifier;
use web::Access;
use web::outbound::Outbound;

pub use config::Config;
pub use routes::{reported, router, service};

/// Told of each unit that was written so that its readers should look again.
pub type OnChange = Arc<dyn Fn(&UnitId) + Send + Sync>;

/// How long a unit that was written waits for its message before the sweep sends another.
const DUE: SignedDuration = SignedDuration::from_secs(60);

/// How often a change that met another one is decided anew.
const TRIES: usize = 10;

/// What callers are answered with.
pub struct Parts {
    /// The tables.
    pub store: Store,
    /// The queues that work and deliveries go into.
    pub queue: Queue,
    /// Seals keys and secrets, and tells owners by their credentials.
    pub sealer: Sealer,
    /// The way to lists that come by URL, and the judge of webhook addresses.
    pub outbound: Outbound,
    /// The time.
    pub clock: Clock,
    /// What ids and secrets are made of.
    pub entropy: Entropy,
    /// How the function behaves.
    pub settings: Settings,
    /// Who is told of changes in the same process; nobody where readers look by themselves.
    pub on_change: OnChange,
}

/// How the function behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How callers are known: the same as where units are read, or owners would not be recognised.
    pub access: Access,
    /// The upstream that units are made for; each stores it and is driven against no other.
    pub upstream: Url,
    /// The public base of every URL; without it, what API Gateway says of itself.
    pub public_url: Option<String>,
    /// Whether the operator's secret signs every webhook, so that owners have none of their own to be shown.
    pub operator_signs: bool,
    /// What checks the upstream's webhooks about the runs of the server's key, or of all where the upstream is simulated; without it none is
    /// asked for and none is taken.
    pub upstream_webhooks: Option<Verifier>,
}

/// The function; clones share everything.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    parts: Parts,
    metrics: Metrics,
    /// The units whose holders were asked to look a moment ago.
    lately: wake::Lately,
    deep: about::health::Deep,
}

impl Api {
    /// A function over these parts. It has connected to nothing yet.
    #[must_use]
    pub fn new(mut parts: Parts) -> Self {
        let metrics = Metrics::default();
        parts.store = parts.store.measured(&metrics);
        Self(Arc::new(Inner {
            parts,
            metrics,
            lately: wake::Lately::default(),
            deep: about::health::Deep::default(),
        }))
    }

    /// What this function counts, with what its tables cost.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    fn store(&self) -> &Store {
        &self.0.parts.store
    }

    fn queue(&self) -> &Queue {
        &self.0.parts.queue
    }

    fn sealer(&self) -> &Sealer {
        &self.0.parts.sealer
    }

    fn outbound(&self) -> &Outbound {
        &self.0.parts.outbound
    }

    fn entropy(&self) -> &Entropy {
        &self.0.parts.entropy
    }

    fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }

    /// The time, as exactly as the tables keep it: so an answer says what a later look will say.
    fn now(&self) -> Timestamp {
        let now = self.0.parts.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Sends work that stands in the table already, and tells whoever watches the unit.
    ///
    /// A message that cannot be sent is no failure of the request: the unit is due, and the sweep sends another.
    async fn announce(&self, unit: &Unit, work: Work) {
        (self.0.parts.on_change)(&unit.id);
        let parcel = Parcel::of(unit.owner.clone(), work);
        if let Err(error) = self.queue().send(&parcel, Line::Runs).await {
            tracing::warn!(unit.id = %unit.id, %error, "The message of a unit was not sent; the sweep will send it.");
        }
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("settings", &self.0.parts.settings).finish_non_exhaustive()
    }
}

/// Until when a unit is kept that is written now; the tables keep expiry in whole seconds.
fn kept_until(now: Timestamp) -> Timestamp {
    let until = after(now, domain::limits::RETENTION);
    Timestamp::from_second(until.as_second()).unwrap_or(until)
}

/// `now` and so long after it.
fn after(now: Timestamp, span: std::time::Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    now.saturating_add(span).unwrap_or(Timestamp::MAX)
}
