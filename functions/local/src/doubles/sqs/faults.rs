//! The bad days of a queue, on request: duplicates, failed entries of batches, lost replies.
//!
//! For tests of whoever uses queues; without a request nothing here happens.
//! Invariant: each requested fault happens once.

use std::collections::HashMap;

use super::Sqs;

/// A fault that SQS can show, rare there and on request here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The next received message stays visible and is received again, though its receiver has it.
    Duplicate,
    /// The next entry of a batch fails on the service's side and has no effect.
    FailedEntry,
    /// The next send, delete or change of visibility has its effect, but the caller is told that the service failed.
    LostReply,
}

/// The faults that are still to happen, by queue.
#[derive(Debug, Default)]
pub(super) struct Faults(HashMap<(String, Fault), usize>);

impl Faults {
    /// How many are left.
    pub(super) fn left(&self, queue: &str, fault: Fault) -> usize {
        self.0.get(&(queue.to_owned(), fault)).copied().unwrap_or(0)
    }

    /// Takes up to `count` of them.
    pub(super) fn take(&mut self, queue: &str, fault: Fault, count: usize) -> usize {
        let Some(left) = self.0.get_mut(&(queue.to_owned(), fault)) else { return 0 };
        let taken = count.min(*left);
        *left -= taken;
        taken
    }
}

impl Sqs {
    /// Lets `fault` happen to the queue `name` another `count` times.
    pub fn inject(&self, name: &str, fault: Fault, count: usize) {
        *self.lock().faults.0.entry((name.to_owned(), fault)).or_default() += count;
    }
}
