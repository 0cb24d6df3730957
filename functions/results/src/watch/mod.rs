//! Watching units: one look at the table serves all watchers of a unit in this process.
//!
//! A unit that somebody watches has one poller, which reads the unit every half second at first, less often while nothing happens, at
//! once when [`Wake`] says so, and hands what it saw to every watcher. It renders the row updates between two looks once
//! for all readers of events. Invariants: what a watcher sees never runs backwards; watchers write nothing.

mod poller;
mod wake;

pub use wake::Wake;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ambient::Clock;
use bytes::Bytes;
use domain::UnitId;
use domain::unit::Unit;
use store::Store;
use tokio::sync::{OnceCell, watch};
use views::sse::Position;

/// What a look at the table showed.
#[derive(Debug, Clone)]
pub(crate) enum Sight {
    /// The unit, with what happened since the look before, if that was rendered.
    Unit(Arc<Unit>, Option<Arc<News>>),
    /// The unit was removed.
    Gone,
    /// The table cannot be read, again and again.
    Dark,
}

/// The row updates between two looks, as frames of the typed stream.
#[derive(Debug)]
pub(crate) struct News {
    /// The position of a reader for whom these are the next frames.
    pub(crate) since: Position,
    /// The flush up to which they tell.
    pub(crate) to: u64,
    pub(crate) frames: Vec<Bytes>,
}

/// The end of a plain stream, rendered once for all its readers; none if it is too long to be kept.
pub(crate) type Finale = OnceCell<Option<Bytes>>;

/// What all watchers of one unit share.
#[derive(Debug)]
struct Shared {
    sights: watch::Sender<Sight>,
    /// Watchers who want row updates.
    readers: AtomicUsize,
    finale: Arc<Finale>,
}

/// All units that are watched in this process.
#[derive(Debug, Clone)]
pub(crate) struct Watchers {
    store: Store,
    clock: Clock,
    wake: Wake,
    units: Arc<Mutex<HashMap<UnitId, Arc<Shared>>>>,
}

/// One watcher of a unit.
#[derive(Debug)]
pub(crate) struct Watcher {
    shared: Arc<Shared>,
    sights: watch::Receiver<Sight>,
    reads_updates: bool,
    last: Arc<Unit>,
}

impl Watchers {
    pub(crate) fn new(store: Store, clock: Clock, wake: Wake) -> Self {
        Self { store, clock, wake, units: Arc::default() }
    }

    /// Watches a unit that was just read. `reads_updates` says that row updates are wanted too.
    pub(crate) fn watch(&self, unit: &Arc<Unit>, reads_updates: bool) -> Watcher {
        let mut units = self.units();
        let shared = units.entry(unit.id.clone()).or_insert_with(|| {
            let shared = Arc::new(Shared {
                sights: watch::Sender::new(Sight::Unit(unit.clone(), None)),
                readers: AtomicUsize::new(0),
                finale: Arc::default(),
            });
            tokio::spawn(poller::run(self.clone(), unit.clone(), shared.clone()));
            shared
        });
        let mut sights = shared.sights.subscribe();
        // What was seen between the reading of `unit` and now would be missed otherwise.
        sights.mark_changed();
        if reads_updates {
            shared.readers.fetch_add(1, Ordering::Relaxed);
        }
        Watcher { shared: shared.clone(), sights, reads_updates, last: unit.clone() }
    }

    fn units(&self) -> MutexGuard<'_, HashMap<UnitId, Arc<Shared>>> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the sharing if nobody watches any more, or, when `now`, in any case: who comes later starts anew.
    fn part(&self, id: &UnitId, shared: &Arc<Shared>, now: bool) -> bool {
        let mut units = self.units();
        if !now && shared.sights.receiver_count() > 0 {
            return false;
        }
        if units.get(id).is_some_and(|known| Arc::ptr_eq(known, shared)) {
            units.remove(id);
        }
        true
    }
}

impl Watcher {
    /// The next look that may show something new. Never returns while there is nothing to see.
    pub(crate) async fn next(&mut self) -> Sight {
        loop {
            if self.sights.changed().await.is_err() {
                // The poller has ended behind a sight that this watcher could not use: nothing can come any more.
                return Sight::Dark;
            }
            let sight = self.sights.borrow_and_update().clone();
            match &sight {
                Sight::Unit(unit, _) if is_older(unit, &self.last) => {}
                Sight::Unit(unit, _) => {
                    self.last = unit.clone();
                    return sight;
                }
                Sight::Gone | Sight::Dark => return sight,
            }
        }
    }

    /// Where the end of the plain stream is shared.
    pub(crate) fn finale(&self) -> Arc<Finale> {
        self.shared.finale.clone()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if self.reads_updates {
            self.shared.readers.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Whether `unit` was read before `other`. Holders and functions differ in their clocks, so times decide only where nothing else does.
fn is_older(unit: &Unit, other: &Unit) -> bool {
    let age = |unit: &Unit| (unit.lease.epoch, unit.seq, unit.changes, unit.modified_at);
    age(unit) < age(other)
}
