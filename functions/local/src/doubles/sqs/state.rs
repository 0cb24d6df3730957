//! All queues, and the changes that can happen to them.
//!
//! Owns what each [`Change`] does, once, for a running double and for one that reads its journal; deciding which
//! changes a request causes is left to its neighbours. Invariant: the journal's changes, applied in order to an empty [`State`], build
//! the state that wrote them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attributes::{Settings, arn};
use super::message::{Delivery, Message};
use super::queue::{Queue, Serial};

/// All queues by name.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) queues: BTreeMap<String, Queue>,
    /// The number that the next message gets.
    pub(crate) next: Serial,
}

/// Something that happened to a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    /// A queue was created, or was given other settings.
    Set { queue: String, settings: Settings, at: Timestamp },
    /// A message came in.
    Put { queue: String, serial: Serial, message: Message },
    /// A message was received. Its earlier receipts are stale.
    Received { queue: String, serial: Serial, nonce: String, at: Timestamp, visible_at: Timestamp },
    /// A message in flight was given another time to become visible.
    Hidden { queue: String, serial: Serial, visible_at: Timestamp },
    /// A message was deleted, or was there for too long.
    Deleted { queue: String, serial: Serial },
    /// A message had been received too often, and went where the queue's settings say.
    Redriven { queue: String, serial: Serial, target: String, at: Timestamp },
    /// All messages of a queue were deleted.
    Purged { queue: String },
}

impl Change {
    /// Whether somebody who waits for messages should look again.
    pub(crate) fn may_show_a_message(&self) -> bool {
        match self {
            Self::Set { .. } | Self::Put { .. } | Self::Hidden { .. } | Self::Redriven { .. } => true,
            // Only where a duplicate was asked for is a received message visible at once.
            Self::Received { at, visible_at, .. } => visible_at <= at,
            Self::Deleted { .. } | Self::Purged { .. } => false,
        }
    }
}

impl State {
    /// Makes a change true. A change of a queue or a message that is not there has no effect.
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Set { queue, settings, at } => {
                let queue = self.queues.entry(queue).or_insert_with(|| Queue::new(settings.clone(), at));
                queue.settings = settings;
                queue.modified_at = at;
            }
            Change::Put { queue, serial, message } => {
                self.next = self.next.max(serial + 1);
                if let Some(queue) = self.queues.get_mut(&queue) {
                    queue.put(serial, message);
                }
            }
            Change::Received { queue, serial, nonce, at, visible_at } => {
                self.change(&queue, serial, |message| {
                    let (count, first_at) = message
                        .delivery
                        .as_ref()
                        .map_or((0, at), |delivery| (delivery.count, delivery.first_at));
                    message.delivery =
                        Some(Delivery { count: count + 1, first_at, last_at: at, nonce: Some(nonce) });
                    message.visible_at = visible_at;
                });
            }
            Change::Hidden { queue, serial, visible_at } => {
                self.change(&queue, serial, |message| message.visible_at = visible_at);
            }
            Change::Deleted { queue, serial } => {
                self.queues.get_mut(&queue).and_then(|queue| queue.take(serial));
            }
            Change::Redriven { queue, serial, target, at } => self.redrive(&queue, serial, &target, at),
            Change::Purged { queue } => {
                self.queues.get_mut(&queue).into_iter().for_each(Queue::clear);
            }
        }
    }

    /// The changes that build this state from nothing.
    pub(crate) fn history(&self) -> impl Iterator<Item = Change> {
        let queues = self.queues.iter().flat_map(|(name, queue)| {
            let set = |at| Change::Set { queue: name.clone(), settings: queue.settings.clone(), at };
            [set(queue.created_at), set(queue.modified_at)]
        });
        let messages = self.queues.iter().flat_map(|(name, queue)| {
            queue.iter().map(|(serial, message)| Change::Put {
                queue: name.clone(),
                serial,
                message: message.clone(),
            })
        });
        queues.chain(messages)
    }

    fn change(&mut self, queue: &str, serial: Serial, change: impl FnOnce(&mut Message)) {
        if let Some(queue) = self.queues.get_mut(queue) {
            queue.change(serial, change);
        }
    }

    /// A message keeps its id, its age and its receive count on its way; its receipts end.
    fn redrive(&mut self, queue: &str, serial: Serial, target: &str, at: Timestamp) {
        if !self.queues.contains_key(target) {
            return;
        }
        let Some(mut message) = self.queues.get_mut(queue).and_then(|queue| queue.take(serial)) else {
            return;
        };
        message.visible_at = at;
        message.source.get_or_insert_with(|| arn(queue));
        if let Some(delivery) = &mut message.delivery {
            delivery.nonce = None;
        }
        if let Some(target) = self.queues.get_mut(target) {
            target.put(serial, message);
        }
    }
}
