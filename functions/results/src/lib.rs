//! The function that reads: every format of a result, its runs and deliveries, and the live streams.
//!
//! A function of its own, so that a crowd of readers never takes what accepting work needs. It writes nothing: what it shows
//! comes from the tables page by page, and goes to the reader as it comes. Invariants: a reader never changes a unit; the status of an answer
//! is decided before its first byte.

mod access;
mod body;
pub mod config;
mod deliveries;
mod query;
mod refusal;
mod result;
mod routes;
mod rows;
mod runs;
mod stream;
mod timeline;
mod told;
mod watch;

use std::sync::Arc;

use ambient::Clock;
use store::Store;
use vault::Sealer;
use web::Access;

pub use body::Break;
pub use config::Config;
pub use routes::{router, service};
pub use watch::Wake;

use watch::Watchers;

/// How the function behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How callers are known: the same as where units are made, or owners would not be recognised.
    pub access: Access,
    /// How a body ends that cannot be read to its end.
    pub at_fault: Break,
}

/// What readers are answered with; clones share everything.
#[derive(Debug, Clone)]
pub struct Results(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    sealer: Sealer,
    clock: Clock,
    watchers: Watchers,
    settings: Settings,
}

impl Results {
    /// A reader of these tables. `sealer` tells owners by their credentials; `wake` is what the process calls when it changes a unit.
    #[must_use]
    pub fn new(store: Store, sealer: Sealer, clock: Clock, wake: Wake, settings: Settings) -> Self {
        let watchers = Watchers::new(store.clone(), clock.clone(), wake);
        Self(Arc::new(Inner { store, sealer, clock, watchers, settings }))
    }

    fn store(&self) -> &Store {
        &self.0.store
    }

    fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    fn clock(&self) -> &Clock {
        &self.0.clock
    }

    fn watchers(&self) -> &Watchers {
        &self.0.watchers
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }
}
