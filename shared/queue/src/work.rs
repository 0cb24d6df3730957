//! Sending work to runners.

use std::time::Duration;

use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use domain::OwnerId;
use domain::message::{self, Work};

use crate::{Error, LONGEST_DELAY, Line, Queue, Result};

/// Messages to a batch: SQS allows 10.
pub(crate) const BATCH: usize = 10;

/// Work to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// What to do.
    pub work: Work,
    /// Whose it is: the queue lets no owner's backlog hold up the others.
    pub owner: Option<OwnerId>,
    /// How long it stays unseen, 15 minutes at most.
    pub delay: Duration,
}

impl Parcel {
    /// Work of this owner, to be done at once.
    #[must_use]
    pub const fn of(owner: OwnerId, work: Work) -> Self {
        Self { work, owner: Some(owner), delay: Duration::ZERO }
    }

    /// Work that is nobody's, to be done at once.
    #[must_use]
    pub const fn ownerless(work: Work) -> Self {
        Self { work, owner: None, delay: Duration::ZERO }
    }

    /// The same, unseen for so long at first.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    fn group(&self) -> Option<String> {
        self.owner.as_ref().map(|owner| owner.as_str().to_owned())
    }
}

impl Queue {
    /// Asks the runners' queue whether it is there.
    pub async fn ping(&self) -> Result<()> {
        self.sqs
            .get_queue_attributes()
            .queue_url(&self.places.runs)
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await?;
        Ok(())
    }

    /// Sends work to the runners.
    pub async fn send(&self, parcel: &Parcel, to: Line) -> Result<()> {
        self.sqs
            .send_message()
            .queue_url(self.url(to)?)
            .message_body(message::write(&parcel.work))
            .delay_seconds(seconds(parcel.delay))
            .set_message_group_id(parcel.group())
            .send()
            .await?;
        Ok(())
    }

    /// Sends all of this work, ten to a request; fails if one of them was refused.
    pub async fn send_all(&self, parcels: &[Parcel], to: Line) -> Result<()> {
        for batch in parcels.chunks(BATCH) {
            let mut request = self.sqs.send_message_batch().queue_url(self.url(to)?);
            for (at, parcel) in batch.iter().enumerate() {
                let entry = SendMessageBatchRequestEntry::builder()
                    .id(at.to_string())
                    .message_body(message::write(&parcel.work))
                    .delay_seconds(seconds(parcel.delay))
                    .set_message_group_id(parcel.group())
                    .build()
                    .map_err(|error| Error::new(error.to_string()))?;
                request = request.entries(entry);
            }
            let sent = request.send().await?;
            if let Some(failed) = sent.failed().first() {
                return Err(Error::new(format!("a message was refused: {}", failed.code())));
            }
        }
        Ok(())
    }
}

/// A delay as SQS wants it: whole seconds, rounded up, so that nothing comes early.
pub(crate) fn seconds(delay: Duration) -> i32 {
    let whole = delay.min(LONGEST_DELAY).as_millis().div_ceil(1_000);
    i32::try_from(whole).unwrap_or(900)
}
