//! A message in flight is a lease: extended while its work goes on, deleted when it is over.

use std::time::Duration;

use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;

use crate::{Error, Queue, Result};

/// What SQS gave with a received message: who has it may extend or delete the message, until it is received again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt(pub String);

impl Queue {
    /// Gives each of these messages of the runs queue `lease` from now before it is seen again; returns the places of those that were refused.
    pub async fn extend(&self, receipts: &[Receipt], lease: Duration) -> Result<Vec<usize>> {
        let mut refused = Vec::new();
        for (chunk_at, chunk) in receipts.chunks(10).enumerate() {
            let mut request = self.sqs.change_message_visibility_batch().queue_url(&self.places.runs);
            for (at, receipt) in chunk.iter().enumerate() {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(at.to_string())
                    .receipt_handle(&receipt.0)
                    .visibility_timeout(i32::try_from(lease.as_millis().div_ceil(1_000)).unwrap_or(43_200))
                    .build()
                    .map_err(|error| Error::new(error.to_string()))?;
                request = request.entries(entry);
            }
            let changed = request.send().await?;
            let failed = changed.failed().iter().filter_map(|failed| failed.id().parse::<usize>().ok());
            refused.extend(failed.map(|at| chunk_at * 10 + at));
        }
        Ok(refused)
    }

    /// Deletes a message of the runs queue. Deleting it again, or with an old receipt, is harmless.
    pub async fn give_up(&self, receipt: &Receipt) -> Result<()> {
        self.sqs.delete_message().queue_url(&self.places.runs).receipt_handle(&receipt.0).send().await?;
        Ok(())
    }
}
