//! The connections of one kind of use: makes them, gives places on them, and closes them.
//!
//! Leaves every decision to `book` and what is sent to `exchange`. Invariant: a place is given back when it is dropped,
//! and whoever stops waiting leaves the line.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::book::{Act, Book, IDLE, Load, Rank};
use super::dial::{Dialer, Driver, Link, Made};
use crate::{Error, Kind, Result};

/// A pool; shared by whoever has a place on it.
pub(crate) struct Pool {
    /// What its places are for, as the log calls it.
    name: &'static str,
    dialer: Dialer,
    state: Mutex<State>,
    /// Where connections live, whoever drops a place.
    runtime: OnceLock<Handle>,
}

struct State {
    book: Book,
    /// What requests are sent by; over HTTP/1.1 only while nobody has it.
    links: HashMap<u64, Link>,
    waiting: HashMap<u64, oneshot::Sender<Result<Place>>>,
    displaced: HashMap<u64, oneshot::Sender<()>>,
    reaping: bool,
}

/// A place on a connection.
pub(crate) struct Place {
    pool: Arc<Pool>,
    id: u64,
    lane: u64,
    /// What to send by.
    pub(crate) link: Option<Link>,
    /// Says when this place is to be left to another.
    pub(crate) displaced: oneshot::Receiver<()>,
    /// The answer was read to its end: over HTTP/1.1 the connection can carry another.
    pub(crate) is_over: bool,
}

impl Pool {
    pub(crate) fn new(name: &'static str, dialer: Dialer, book: Book) -> Arc<Self> {
        let state = State {
            book,
            links: HashMap::new(),
            waiting: HashMap::new(),
            displaced: HashMap::new(),
            reaping: false,
        };
        Arc::new(Self { name, dialer, state: Mutex::new(state), runtime: OnceLock::new() })
    }

    /// How it stands.
    pub(crate) fn load(&self) -> Load {
        self.lock().book.load()
    }

    /// Waits for a place, in a line that is fair within its rank.
    pub(crate) async fn place(self: &Arc<Self>, rank: Rank) -> Result<Place> {
        self.runtime.get_or_init(Handle::current);
        let (tell, told) = oneshot::channel();
        let ticket = self.turn(|state| {
            let ticket = state.book.wait(rank);
            state.waiting.insert(ticket, tell);
            ticket
        });
        let mut waits = Waits { pool: self, ticket: Some(ticket) };
        let told = told.await;
        waits.ticket = None;
        told.unwrap_or_else(|_| Err(Error::new(Kind::NotSent, "the upstream's connections are gone")))
    }

    /// Changes something, then does what the book says.
    fn turn<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let mut given = Vec::new();
        let mut dials = 0;
        let (changed, reaps) = {
            let mut state = self.lock();
            let changed = change(&mut state);
            for act in state.book.settle() {
                match act {
                    Act::Give { ticket, place, lane } => {
                        given.extend(self.give(&mut state, ticket, place, lane));
                    }
                    Act::Dial => dials += 1,
                    Act::Displace { place } => {
                        // Whoever does not listen has just left.
                        let _ = state.displaced.remove(&place).map(|leave| leave.send(()));
                    }
                    Act::Short => self.short(&state.book.load()),
                    Act::Eased => {
                        info!(connections.of = self.name, "Nobody waits for a connection any more.");
                    }
                }
            }
            let reaps = state.book.has_empty() && !state.reaping;
            state.reaping |= reaps;
            (changed, reaps)
        };
        for (tell, place) in given {
            // Who stopped waiting in this moment gives the place back by dropping it.
            let _ = tell.send(Ok(place));
        }
        if let Some(runtime) = self.runtime.get() {
            for _ in 0..dials {
                runtime.spawn(dial(Arc::clone(self)));
            }
            if reaps {
                runtime.spawn(reap(Arc::downgrade(self)));
            }
        }
        changed
    }

    fn short(&self, load: &Load) {
        warn!(
            connections.of = self.name,
            connections.open = load.lanes,
            places.taken = load.open + load.opening,
            places.waited_for = load.waiting,
            "No more connections to the upstream may be opened: some wait until others have ended."
        );
    }

    fn give(
        self: &Arc<Self>,
        state: &mut State,
        ticket: u64,
        place: u64,
        lane: u64,
    ) -> Option<(oneshot::Sender<Result<Place>>, Place)> {
        let Some(tell) = state.waiting.remove(&ticket) else {
            state.book.release(place, Instant::now());
            return None;
        };
        let (leave, displaced) = oneshot::channel();
        state.displaced.insert(place, leave);
        let link = match state.links.get(&lane) {
            Some(Link::Many(sender)) => Some(Link::Many(sender.clone())),
            _ => state.links.remove(&lane),
        };
        let place = Place { pool: Arc::clone(self), id: place, lane, link, displaced, is_over: false };
        Some((tell, place))
    }

    /// Takes in what the server now allows on this lane.
    fn look(self: &Arc<Self>, lane: u64, allowed: usize) {
        let is_news = self.lock().book.allows(lane, allowed);
        if is_news {
            debug!("The upstream allows another number of streams on a connection.");
            self.turn(|_| {});
        }
    }

    fn close(self: &Arc<Self>, lane: u64) {
        let link = self.turn(|state| {
            state.book.closed(lane);
            state.links.remove(&lane)
        });
        drop(link);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("name", &self.name).field("load", &self.load()).finish_non_exhaustive()
    }
}

impl Place {
    /// Whether others share the connection.
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self.link, Some(Link::Many(_)))
    }

    /// The answer has begun.
    pub(crate) fn answered(&self) {
        self.pool.turn(|state| state.book.answered(self.id));
    }

    /// The connection gave no answer, or refused what was sent: it gets nothing new until it has shown a sign of life.
    pub(crate) fn doubt(&self) {
        self.pool.turn(|state| state.book.doubt(self.lane));
    }

    /// Nothing can be sent by this connection any more.
    pub(crate) fn broken(&self) {
        self.pool.close(self.lane);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let link = self.link.take();
        let left = self.pool.turn(|state| {
            state.displaced.remove(&self.id);
            let is_shared = matches!(link, Some(Link::Many(_)));
            // Over HTTP/1.1 half an answer may be left in it.
            if !is_shared && !self.is_over {
                state.book.closed(self.lane);
            }
            match (state.book.release(self.id, Instant::now()), link) {
                (false, link) => (state.links.remove(&self.lane), link),
                (true, Some(Link::One(sender))) => (state.links.insert(self.lane, Link::One(sender)), None),
                (true, link) => (None, link),
            }
        });
        // Outside the lock, since a connection may end by it.
        drop(left);
    }
}

/// A ticket that is given back where its owner stops waiting.
struct Waits<'a> {
    pool: &'a Arc<Pool>,
    ticket: Option<u64>,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.pool.turn(|state| {
                state.book.leave(ticket);
                state.waiting.remove(&ticket);
            });
        }
    }
}

/// Makes a connection and drives it to its end; without one, those whom it was for are told.
async fn dial(pool: Arc<Pool>) {
    match pool.dialer.dial().await {
        Ok(Made { link, driver }) => {
            let lane = pool.turn(|state| {
                let lane = state.book.made(driver.allowed(), Instant::now());
                state.links.insert(lane, link);
                lane
            });
            let weak = Arc::downgrade(&pool);
            drop(pool);
            watch(weak, lane, driver).await;
        }
        Err(error) => {
            let failed: Vec<_> = pool.turn(|state| {
                let failed = state.book.failed();
                failed.iter().filter_map(|ticket| state.waiting.remove(ticket)).collect()
            });
            for tell in failed {
                let _ = tell.send(Err(error.clone()));
            }
        }
    }
}

async fn watch(pool: Weak<Pool>, lane: u64, mut driver: Driver) {
    while driver.drive().await {
        let Some(pool) = pool.upgrade() else { continue };
        pool.look(lane, driver.allowed());
    }
    if let Some(pool) = pool.upgrade() {
        pool.close(lane);
    }
}

/// Closes connections that carry nothing, until there are none.
async fn reap(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE / 2).await;
        let Some(pool) = pool.upgrade() else { return };
        let (links, is_done) = {
            let mut state = pool.lock();
            let idle = state.book.reap(Instant::now());
            let links: Vec<_> = idle.iter().filter_map(|lane| state.links.remove(lane)).collect();
            state.reaping = state.book.has_empty();
            (links, !state.reaping)
        };
        drop(links);
        if is_done {
            return;
        }
    }
}
