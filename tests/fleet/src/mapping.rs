//! The event source mapping: receives that wait at the queue, each gathering a batch, as many invocations at once as it allows itself.
//!
//! A message goes to any of the receives that wait, as SQS has it. Invariant: never more invocations than the cap, batches that are being
//! gathered included.

use ambient::Entropy;

use crate::assumed::{POLLERS, SCALING};
use crate::load;
use crate::world::Message;

/// The mapping's state.
#[derive(Debug)]
pub(crate) struct Mapping {
    pollers: Vec<Poller>,
    /// The largest batch.
    pub(crate) batch: usize,
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

/// Who may receive next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// This one, so many messages.
    Poller(usize, usize),
    /// Nobody until an invocation ends.
    Full,
    /// Nobody until the mapping allows itself more.
    Grows,
}

impl Mapping {
    pub(crate) fn new(batch: usize, most: usize, unlimited: bool) -> Self {
        let pollers = (0..POLLERS).map(|_| Poller::default()).collect();
        let (allowed, most) = if unlimited { (usize::MAX, usize::MAX) } else { (SCALING.0, most) };
        Self { pollers, batch, allowed, most }
    }

    /// Who receives what is visible while so many invocations run.
    pub(crate) fn next(&self, running: usize, entropy: &Entropy) -> Next {
        let gathering = self.pollers.iter().filter(|poller| !poller.batch.is_empty()).count();
        let may_begin = running + gathering < self.allowed.min(self.most);
        let may: Vec<usize> =
            (0..POLLERS).filter(|&at| may_begin || !self.pollers[at].batch.is_empty()).collect();
        match load::pick(&may, entropy) {
            Some(&at) => Next::Poller(at, self.batch - self.pollers[at].batch.len()),
            None if running + gathering < self.most => Next::Grows,
            None => Next::Full,
        }
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

    pub(crate) fn is_full(&self, poller: usize) -> bool {
        self.pollers[poller].batch.len() >= self.batch
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
