//! A message as it arrives, from whichever queue.

use aws_lambda_events::event::sqs::SqsMessage;
use domain::message::{self, Work};
use domain::{OwnerId, UnitId};
use queue::{Line, Receipt, Received};
use tracing::warn;

/// A message for a unit.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) message_id: String,
    pub(crate) receipt: Receipt,
    pub(crate) id: UnitId,
    pub(crate) hop: u32,
}

/// A message that was read.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) message_id: String,
    pub(crate) receipt: Receipt,
    pub(crate) work: Work,
    pub(crate) owner: Option<OwnerId>,
    /// It is of the batch that the invocation was started with.
    pub(crate) at_start: bool,
}

impl Arrival {
    /// The unit that it is about.
    pub(crate) const fn unit(&self) -> Option<&UnitId> {
        match &self.work {
            Work::Unit { id, .. } | Work::Remove { id } => Some(id),
            Work::Sweep => None,
        }
    }
}

/// A message of the batch. Nobody will ever be able to read one that is not ours: that it is deleted is all that can be done.
pub(crate) fn of_batch(record: SqsMessage) -> Option<Arrival> {
    let message_id = record.message_id?;
    let work = read(record.body.as_deref().unwrap_or_default(), &message_id)?;
    Some(Arrival {
        receipt: Receipt { from: Line::Runs, handle: record.receipt_handle.unwrap_or_default() },
        owner: record.attributes.get("MessageGroupId").map(OwnerId::new),
        at_start: true,
        message_id,
        work,
    })
}

/// A message that was received in the course of an invocation; the receipt of one that is not ours.
pub(crate) fn of_received(received: Received) -> Result<Arrival, Receipt> {
    match read(&received.body, &received.message_id) {
        Some(work) => Ok(Arrival {
            message_id: received.message_id,
            receipt: received.receipt,
            owner: received.owner,
            at_start: false,
            work,
        }),
        None => Err(received.receipt),
    }
}

fn read(body: &str, message_id: &str) -> Option<Work> {
    let read = message::read(body).ok();
    if read.is_none() {
        warn!(message.id = message_id, "A message is not one of ours and is dropped.");
    }
    read
}
