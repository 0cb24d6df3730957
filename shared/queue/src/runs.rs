//! Sending work to runners.

use std::time::Duration;

use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use domain::message::{self, Work};

use crate::{Error, LONGEST_DELAY, Queue, Result};

/// Messages to a batch: SQS allows 10.
const BATCH: usize = 10;

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

    /// Sends work to the runners, visible after `delay`, 15 minutes at most.
    pub async fn send(&self, work: &Work, delay: Duration) -> Result<()> {
        self.sqs
            .send_message()
            .queue_url(&self.places.runs)
            .message_body(message::write(work))
            .delay_seconds(seconds(delay))
            .send()
            .await?;
        Ok(())
    }

    /// Sends all of this work at once, ten to a request; fails if one of them was refused.
    pub async fn send_all(&self, work: &[Work]) -> Result<()> {
        for batch in work.chunks(BATCH) {
            let mut request = self.sqs.send_message_batch().queue_url(&self.places.runs);
            for (at, work) in batch.iter().enumerate() {
                let entry = SendMessageBatchRequestEntry::builder()
                    .id(at.to_string())
                    .message_body(message::write(work))
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
