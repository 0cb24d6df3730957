//! The flushes of all units of a process on their way to the table: one by one while it keeps up, many in one request when it does not.
//!
//! So an idle runner writes at once, and a busy one needs a request for fifty units. Nobody is in charge: whoever waits and finds a free
//! slot writes for all who wait. Invariant: a flush counts as written only when the table has it and its unit announces it.

use std::sync::{Mutex, PoisonError};

use domain::event::Flush;
use domain::unit::Unit;
use metrics::{Metric, Metrics};
use store::{Ready, Saved, Store};
use tokio::sync::{Semaphore, oneshot};

/// What is being written, and what waits.
#[derive(Debug)]
pub(crate) struct Writes {
    slots: Semaphore,
    waiting: Mutex<Vec<Waiting>>,
    metrics: Metrics,
}

#[derive(Debug)]
struct Waiting {
    ready: Ready,
    written: oneshot::Sender<bool>,
}

impl Writes {
    /// At most this many requests at a time.
    pub(crate) fn new(slots: usize, metrics: Metrics) -> Self {
        let slots = Semaphore::new(slots.clamp(1, Semaphore::MAX_PERMITS));
        Self { slots, waiting: Mutex::default(), metrics }
    }

    /// Writes a flush as [`Store::flush`] does.
    pub(crate) async fn flush(&self, store: &Store, unit: &Unit, flush: &Flush) -> store::Result<Saved> {
        let saved = self.write(store, unit, flush).await?;
        if matches!(saved, Saved::Yes(_)) {
            announced(&self.metrics, flush);
        }
        Ok(saved)
    }

    async fn write(&self, store: &Store, unit: &Unit, flush: &Flush) -> store::Result<Saved> {
        if let Ok(_slot) = self.slots.try_acquire() {
            return store.flush(unit, flush).await;
        }
        if self.together(store, store.ready(unit, flush)?).await {
            return Ok(Saved::Yes(unit.lease.nudged_at));
        }
        store.flush(unit, flush).await
    }

    /// Writes a flush with those of others; false where it has to be tried by itself.
    async fn together(&self, store: &Store, ready: Ready) -> bool {
        let (written, mut told) = oneshot::channel();
        self.lock().push(Waiting { ready, written });
        loop {
            let slot = tokio::select! {
                biased;
                // Whoever took it along and was broken off has not told: then it may be written or not.
                told = &mut told => return told.unwrap_or(false),
                slot = self.slots.acquire() => slot,
            };
            let batch = self.take();
            if batch.is_empty() {
                drop(slot);
                return told.await.unwrap_or(false);
            }
            let (ready, waiting): (Vec<Ready>, Vec<_>) =
                batch.into_iter().map(|waiting| (waiting.ready, waiting.written)).unzip();
            self.metrics.count(Metric::JointWrites);
            self.metrics.observe(Metric::JointFlushes, u64::try_from(ready.len()).unwrap_or(u64::MAX));
            let written = store.flush_together(&ready).await;
            for (waiting, written) in waiting.into_iter().zip(written) {
                // Who does not listen any more was broken off.
                let _ = waiting.send(written);
            }
        }
    }

    /// Those that have waited longest, as many as one request takes.
    fn take(&self) -> Vec<Waiting> {
        let mut waiting = self.lock();
        let most = waiting.len().min(store::TOGETHER);
        waiting.drain(..most).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a flush that is announced.
pub(crate) fn announced(metrics: &Metrics, flush: &Flush) {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    metrics.count(Metric::Flushes);
    metrics.observe(Metric::FlushRuns, number(flush.runs.len()));
    metrics.observe(Metric::FlushEvents, number(flush.told.len()));
}
