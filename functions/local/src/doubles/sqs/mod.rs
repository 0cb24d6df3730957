//! A double of Amazon SQS: standard queues, with the operations that this project uses.
//!
//! Owns the queues of one process and their journal, answers requests, and wakes who waits for messages. Time is
//! the clock it was given: a message becomes visible when that clock says so, and moving the clock wakes the waiting.
//! What it models beyond plain queues: a new receipt for each receive, stale receipts, receive counts,
//! dead letters, retention, and on request duplicates, failed entries and lost replies.
//! Invariant: a change is in the journal before anybody sees it.

mod attributes;
mod decide;
mod error;
mod faults;
mod message;
mod operations;
mod queue;
mod receipt;
mod receive;
mod state;
mod wire;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ambient::{Clock, Entropy};
use tokio::sync::{Notify, watch};

pub(crate) use attributes::name_in_arn;
pub(crate) use error::Error;
pub use faults::Fault;

use super::journal::Journal;
use decide::Draft;
use faults::Faults;
use state::{Change, State};

/// The queues of one process; clones are the same queues.
#[derive(Clone, Debug)]
pub struct Sqs(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    entropy: Entropy,
    inner: Mutex<Inner>,
    /// Rung when a message may have become visible other than by time.
    arrived: Notify,
    closed: watch::Sender<bool>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    journal: Journal<Change>,
    faults: Faults,
}

impl Sqs {
    /// The queues as the journal at `path` has them; none where there is no such file.
    pub fn open(path: &Path, clock: Clock, entropy: Entropy) -> io::Result<Self> {
        let mut state = State::default();
        let mut journal = Journal::open(path, |change| state.apply(change))?;
        journal.rewrite(state.history())?;
        let inner = Mutex::new(Inner { state, journal, faults: Faults::default() });
        let (arrived, closed) = (Notify::new(), watch::Sender::new(false));
        Ok(Self(Arc::new(Shared { clock, entropy, inner, arrived, closed })))
    }

    /// Ends every long poll with an empty answer, now and from now on, so that a server can stop.
    pub fn close(&self) {
        self.0.closed.send_replace(true);
    }

    /// Sends `body` to the queue `name` as another service of AWS would.
    pub(crate) fn deliver(&self, name: &str, body: String) -> Result<(), Error> {
        let id = message::fresh_id(&self.0.entropy);
        let now = self.0.clock.now();
        let draft = Draft { body, attributes: message::Attributes::new(), group: None, delay: None };
        self.transact(|state| Ok((vec![decide::send(state, name, draft, (state.next, id), now)?], ())))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides on the present state and makes the changes true, in the journal first.
    fn transact<T>(
        &self,
        decide: impl FnOnce(&State) -> Result<(Vec<Change>, T), Error>,
    ) -> Result<T, Error> {
        let mut inner = self.lock();
        let (changes, answer) = decide(&inner.state)?;
        self.commit(&mut inner, changes)?;
        Ok(answer)
    }

    fn commit(&self, inner: &mut Inner, changes: Vec<Change>) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        inner.journal.append(&changes).map_err(|error| {
            tracing::error!(%error, "the journal of the queues cannot be written");
            Error::Internal
        })?;
        let arrived = changes.iter().any(Change::may_show_a_message);
        for change in changes {
            inner.state.apply(change);
        }
        if inner.journal.is_long()
            && let Err(error) = inner.journal.rewrite(inner.state.history())
        {
            tracing::warn!(%error, "the journal of the queues cannot be written anew and goes on growing");
        }
        if arrived {
            self.0.arrived.notify_waiters();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
