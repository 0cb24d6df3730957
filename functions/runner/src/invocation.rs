//! One invocation: a batch of messages, driven side by side until all are over, handed over or lost.
//!
//! Each message is answered for by itself: what is not done stays in the queue and comes back when its lease is up.
//! Invariant: a message is deleted only when nothing depends on it any more.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::UnitId;
use domain::message::{self, Work};
use jiff::{SignedDuration, Timestamp};
use queue::Receipt;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use tokio::task::JoinSet;
use tracing::{Instrument, error, info, info_span, warn};

use crate::Runner;
use crate::drive::{Drive, Left};
use crate::leases::Leases;

/// A claim that came to nothing this often makes the unit suspicious: from then on it is driven alone.
const SUSPICIOUS: u32 = 2;

/// A message for a unit.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) message_id: String,
    pub(crate) receipt: Receipt,
    pub(crate) id: UnitId,
    pub(crate) hop: u32,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It may be deleted.
    Done,
    /// It stays, invisible until its lease is up.
    Stays,
}

/// What the units of one invocation share.
struct Shared {
    leases: Leases,
    /// Held for reading by every driver from its beginning, for writing by one that must be alone: it waits, and nobody for it.
    company: Arc<RwLock<()>>,
    /// When everything is handed over at the latest.
    deadline: Timestamp,
}

impl Runner {
    /// Works off a batch of messages; returns when all of them are answered for, `time_left` from now at the latest.
    pub async fn invoke(&self, event: SqsEvent, time_left: Duration) -> SqsBatchResponse {
        let time_left = time_left.saturating_sub(self.settings.margin);
        let time_left = SignedDuration::try_from(time_left).unwrap_or(SignedDuration::MAX);
        let deadline = self.clock.now().saturating_add(time_left).unwrap_or(Timestamp::MAX);
        let shared = Arc::new(Shared { leases: Leases::default(), company: Arc::default(), deadline });
        let mut tasks = JoinSet::new();
        let mut ids = std::collections::HashMap::new();
        let mut units = Vec::new();
        let mut failed = Vec::new();
        for record in event.records {
            let Some(message_id) = record.message_id.clone() else { continue };
            match read(&record) {
                Some(Work::Unit { id, hop, .. }) => {
                    let receipt = Receipt(record.receipt_handle.unwrap_or_default());
                    shared.leases.hold(&message_id, receipt.clone());
                    units.push(Lease { message_id, receipt, id, hop });
                }
                Some(work) => {
                    let runner = self.clone();
                    let task = tasks.spawn(async move { runner.chore(work).await });
                    ids.insert(task.id(), message_id);
                }
                // Nobody will ever be able to read it: deleting it is all that can be done.
                None => warn!(message.id = message_id, "A message is not one of ours and is dropped."),
            }
        }
        // Before anything else: the queue hid these messages for longer than a dead runner's units may wait.
        self.extend(&shared.leases).await;
        for lease in units {
            let span = info_span!("unit", unit.id = %lease.id, unit.hop = lease.hop);
            let message_id = lease.message_id.clone();
            let (runner, shared) = (self.clone(), Arc::clone(&shared));
            // Taken before any driver runs, so that none of them finds one waiting who must be alone.
            let together = Arc::clone(&shared.company).try_read_owned().ok();
            let work = async move {
                let fate = runner.unit(&lease, together, &shared).await;
                if fate == Fate::Done {
                    runner.give_up(&lease, &shared).await;
                }
                fate
            };
            let task = tasks.spawn(Box::pin(work).instrument(span));
            ids.insert(task.id(), message_id);
        }
        let beat = self.beat(&shared.leases);
        tokio::pin!(beat);
        loop {
            let ended = tokio::select! {
                ended = tasks.join_next_with_id() => ended,
                () = &mut beat => continue,
            };
            let (task, fate) = match ended {
                None => break,
                Some(Ok((task, fate))) => (task, fate),
                Some(Err(error)) => {
                    error!(%error, "A driver broke off; its unit comes back when the lease is up.");
                    (error.id(), Fate::Stays)
                }
            };
            if let Some(message_id) = ids.remove(&task) {
                shared.leases.let_go(&message_id);
                if fate == Fate::Stays {
                    failed.push(message_id);
                }
            }
        }
        answer(failed)
    }

    async fn chore(&self, work: Work) -> Fate {
        let done = match work {
            Work::Sweep => self.sweep().await,
            Work::Remove { id } => self.remove(&id).await,
            Work::Unit { .. } => return Fate::Stays,
        };
        match done {
            Ok(()) => Fate::Done,
            Err(error) => {
                warn!(%error, "A chore failed; its message comes back.");
                Fate::Stays
            }
        }
    }

    /// Deletes a message at once: left to the batch's end it would come back, and fence whoever drives the unit by then.
    async fn give_up(&self, lease: &Lease, shared: &Shared) {
        shared.leases.let_go(&lease.message_id);
        if let Err(error) = self.queue.give_up(&lease.receipt).await {
            warn!(%error, "A message could not be deleted at once; it is deleted with the batch.");
        }
    }

    async fn unit(&self, lease: &Lease, together: Option<OwnedRwLockReadGuard<()>>, shared: &Shared) -> Fate {
        if self.stopping.is_asked() {
            return Fate::Stays;
        }
        let Some(place) = self.registry.enter(&lease.id, &lease.message_id, lease.hop).await else {
            return Fate::Done;
        };
        let drive = match Drive::claim(self, lease, shared.deadline).await {
            Ok(Ok(drive)) => drive,
            Ok(Err(fenced)) => return fate_of_fenced(fenced),
            Err(error) => {
                warn!(%error, "The unit could not be claimed; its message comes back.");
                return Fate::Stays;
            }
        };
        let left = if drive.fruitless() >= SUSPICIOUS {
            info!(unit.fruitless = drive.fruitless(), "The unit came to nothing before and is driven alone.");
            drop(together);
            Box::pin(drive.run_alone(&place, &shared.company, shared.deadline)).await
        } else {
            let _together = together;
            Box::pin(drive.run(&place)).await
        };
        match left {
            Ok(Left::Over | Left::HandedOver) => Fate::Done,
            // The same message received again is the newer driver's lease now; another one makes this one superfluous.
            Ok(Left::Stopped { by }) if by == lease.message_id => Fate::Stays,
            Ok(Left::Stopped { .. }) => {
                info!("A newer message in this process takes the unit over.");
                Fate::Done
            }
            Ok(Left::Fenced(fenced)) => fate_of_fenced(fenced),
            Err(error) => {
                warn!(%error, "The unit could not be driven on; it comes back when the lease is up.");
                Fate::Stays
            }
        }
    }
}

fn fate_of_fenced(fenced: domain::unit::Fenced) -> Fate {
    match fenced {
        domain::unit::Fenced::DropMessage => Fate::Done,
        domain::unit::Fenced::LeaveMessage => Fate::Stays,
    }
}

fn read(record: &SqsMessage) -> Option<Work> {
    message::read(record.body.as_deref()?).ok()
}

fn answer(failed: Vec<String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for item_identifier in failed {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = item_identifier;
        response.batch_item_failures.push(failure);
    }
    response
}
