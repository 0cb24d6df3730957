//! A message in flight is a lease: extended while its work goes on, deleted when it is over.

use std::time::Duration;

use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry};
use futures::{StreamExt, TryStreamExt, stream};

use crate::work::BATCH;
use crate::{Error, Line, Queue, Result};

/// Requests at a time.
const AT_ONCE: usize = 8;

/// What SQS gave with a received message: who has it may extend or delete the message, until it is received again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The queue that it was received from.
    pub from: Line,
    /// What SQS calls the receipt handle.
    pub handle: String,
}

impl Queue {
    /// Gives each of these messages `lease` from now before it is seen again, ten to a request; returns how many were refused.
    pub async fn extend(&self, receipts: &[Receipt], lease: Duration) -> Result<usize> {
        let requests: Vec<_> =
            batches(receipts).map(|(line, batch)| self.extend_batch(line, batch, lease)).collect();
        // Side by side: the last of hundreds must not wait for all before it.
        let refused: Vec<usize> = stream::iter(requests).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(refused.into_iter().sum())
    }

    async fn extend_batch(&self, line: Line, batch: Vec<&Receipt>, lease: Duration) -> Result<usize> {
        let mut request = self.sqs.change_message_visibility_batch().queue_url(self.url(line)?);
        for (at, receipt) in batch.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(at.to_string())
                .receipt_handle(&receipt.handle)
                .visibility_timeout(whole_seconds(lease))
                .build()
                .map_err(|error| Error::new(error.to_string()))?;
            request = request.entries(entry);
        }
        Ok(request.send().await?.failed().len())
    }

    /// Deletes a message. Deleting it again, or with an old receipt, is harmless.
    pub async fn give_up(&self, receipt: &Receipt) -> Result<()> {
        let request = self.sqs.delete_message().queue_url(self.url(receipt.from)?);
        request.receipt_handle(&receipt.handle).send().await?;
        Ok(())
    }

    /// Deletes messages, ten to a request. What is not deleted comes back when its lease is up, which is harmless.
    pub async fn give_up_all(&self, receipts: &[Receipt]) -> Result<()> {
        for (line, batch) in batches(receipts) {
            let mut request = self.sqs.delete_message_batch().queue_url(self.url(line)?);
            for (at, receipt) in batch.iter().enumerate() {
                let entry = DeleteMessageBatchRequestEntry::builder()
                    .id(at.to_string())
                    .receipt_handle(&receipt.handle)
                    .build()
                    .map_err(|error| Error::new(error.to_string()))?;
                request = request.entries(entry);
            }
            request.send().await?;
        }
        Ok(())
    }
}

/// Receipts of one queue each, as many as go with one request.
fn batches(receipts: &[Receipt]) -> impl Iterator<Item = (Line, Vec<&Receipt>)> {
    [Line::Runs, Line::Adopt].into_iter().flat_map(|line| {
        let of_line: Vec<_> = receipts.iter().filter(|receipt| receipt.from == line).collect();
        of_line.chunks(BATCH).map(|batch| (line, batch.to_vec())).collect::<Vec<_>>()
    })
}

/// A time as SQS wants it: whole seconds, rounded up, twelve hours at most.
pub(crate) fn whole_seconds(span: Duration) -> i32 {
    i32::try_from(span.as_millis().div_ceil(1_000)).unwrap_or(43_200)
}
