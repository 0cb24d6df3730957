//! The event source mapping: receives that wait at the queue, each gathering a batch, as many invocations at once as it allows itself.
//!
//! A message goes to any of the receives that wait, as SQS has it. Invariant: never more invocations than the cap, batches that are being
//! gathered included.

use crate::assumed::{POLLERS, SCALING};
use crate::world::Message;

/// The mapping's state.
#[derive(Debug)]
pub(crate) struct Mapping {
    pollers: Vec<Poller>,
    /// The largest batch.
    batch: usize,
    /// How many invocations it allows itself by now, and how many it ever may.
    allowed: usize,
    most: usize,
}

#[derive(Debug, Default)]
struct Poller {
    batch: Vec<Message>,
    /// Raised with each batch that is given away, so that its window's end comes to nothing.
    batches: u64,
}

impl Mapping {
    pub(crate) fn new(batch: usize, most: usize, unlimited: bool) -> Self {
        let pollers = (0..POLLERS).map(|_| Poller::default()).collect();
        let (allowed, most) = if unlimited { (usize::MAX, usize::MAX) } else { (SCALING.0, most) };
        Self { pollers, batch, allowed, most }
    }

    /// The receives that may be answered while so many invocations run.
    pub(crate) fn pollers(&self, running: usize) -> Vec<usize> {
        let may_begin = running + self.gathering() < self.allowed.min(self.most);
        (0..POLLERS).filter(|&at| may_begin || !self.pollers[at].batch.is_empty()).collect()
    }

    /// Whether more could begin if it allowed itself more.
    pub(crate) fn may_grow(&self, running: usize) -> bool {
        running + self.gathering() < self.most
    }

    fn gathering(&self) -> usize {
        self.pollers.iter().filter(|poller| !poller.batch.is_empty()).count()
    }

    /// How many messages still fit into a poller's batch.
    pub(crate) fn room(&self, poller: usize) -> usize {
        self.batch - self.pollers[poller].batch.len()
    }

    pub(crate) fn grow(&mut self) {
        self.allowed += SCALING.1;
    }

    /// Adds to a poller's batch: the number of the batch if this is its first message.
    pub(crate) fn gather(&mut self, poller: usize, messages: impl Iterator<Item = Message>) -> Option<u64> {
        let poller = &mut self.pollers[poller];
        let is_first = poller.batch.is_empty();
        poller.batch.extend(messages);
        is_first.then_some(poller.batches)
    }

    pub(crate) fn is_gathering(&self, poller: usize, batch: u64) -> bool {
        self.pollers[poller].batches == batch && !self.pollers[poller].batch.is_empty()
    }

    /// The poller's batch, which an invocation gets.
    pub(crate) fn give(&mut self, poller: usize) -> Vec<Message> {
        self.pollers[poller].batches += 1;
        std::mem::take(&mut self.pollers[poller].batch)
    }
}
