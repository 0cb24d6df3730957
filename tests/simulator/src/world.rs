//! The world: what all requests share.
//!
//! Owns the book, the faults, the records for the ledger, and time that never shows the same microsecond twice: so a
//! creation is always later than anything that was read before it, on which a group's log relies.

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::book::Book;
use crate::config::Config;
use crate::fault::Faults;
use crate::ledger::Records;
use crate::run::Run;

/// The shared state of one simulator.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) faults: Faults,
    book: Mutex<Book>,
    records: Mutex<Records>,
    last_micros: AtomicI64,
    /// Runs whose end is to be told by webhook.
    pub(crate) post: mpsc::UnboundedSender<Arc<Run>>,
    /// Changes, or loses its sender, when the simulator stops.
    pub(crate) closing: watch::Receiver<bool>,
}

impl World {
    /// The world that the journal of `config` tells of.
    pub(crate) fn open(
        config: Config,
        post: mpsc::UnboundedSender<Arc<Run>>,
        closing: watch::Receiver<bool>,
    ) -> io::Result<Self> {
        let book = Book::open(&config)?;
        let last_micros = AtomicI64::new(book.latest().map_or(i64::MIN, Timestamp::as_microsecond));
        let faults = Faults::new(config.entropy.clone());
        let (book, records) = (Mutex::new(book), Mutex::default());
        Ok(Self { config, faults, book, records, last_micros, post, closing })
    }

    /// The time now, in whole microseconds, later than every time returned before.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.config.clock.now().as_microsecond();
        let later = |last: i64| now.max(last.saturating_add(1));
        let last =
            self.last_micros.fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(later(last)));
        let last = last.expect("the update always gives a value");
        Timestamp::from_microsecond(later(last)).unwrap_or(Timestamp::MAX)
    }

    /// The book; hold it briefly.
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The records; hold them briefly.
    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fresh id with that prefix.
    pub(crate) fn fresh_id(&self, prefix: &str) -> String {
        format!("{prefix}{}", HEXLOWER.encode(&self.config.entropy.bytes::<16>()))
    }

    /// Returns once the simulator stops.
    pub(crate) async fn closed(&self) {
        let mut closing = self.closing.clone();
        // without a sender the simulator has been dropped, which stops it too
        let _ = closing.wait_for(|closing| *closing).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_microsecond_is_shown_twice() {
        let (post, _inbox) = mpsc::unbounded_channel();
        let (_stop, closing) = watch::channel(false);
        let world = World::open(Config::default(), post, closing).expect("it opens");
        let times: Vec<Timestamp> = (0..10_000).map(|_| world.now()).collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
