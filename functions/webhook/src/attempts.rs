//! The queue's side: each message is one attempt of a delivery, answered for by itself.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use domain::message::{self, Attempt};
use tracing::{Instrument, info_span, warn};

use crate::Webhook;
use crate::batch::{Fate, work_off};

impl Webhook {
    /// Makes the attempts that these messages name, side by side; answers with the ids of the messages that have to come again.
    ///
    /// That is so where a table or a queue did not answer. What the receivers answered is recorded, and decides what follows.
    pub async fn on_attempts(&self, event: SqsEvent) -> SqsBatchResponse {
        let attempts = event.records.into_iter().filter_map(|record| {
            let id = record.message_id.unwrap_or_default();
            match message::read::<Attempt>(record.body.as_deref().unwrap_or_default()) {
                Ok(attempt) => Some((id, attempt)),
                Err(error) => {
                    // Nobody will ever be able to read it: letting it go is all that can be done.
                    warn!(message.id = id, %error, "A message of the deliveries queue is dropped.");
                    None
                }
            }
        });
        let failed = work_off(attempts, self.settings.at_once, |attempt| self.make(attempt)).await;
        let mut response = SqsBatchResponse::default();
        for id in failed {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
        response
    }

    async fn make(&self, attempt: Attempt) -> Fate {
        let span = info_span!(
            "attempt",
            unit.id = %attempt.unit,
            delivery.key = attempt.delivery,
            delivery.attempt = attempt.attempt
        );
        async {
            match self.attempt(&attempt).await {
                Ok(()) => Fate::Done,
                Err(error) => {
                    warn!(%error, "An attempt could not be made or recorded; its message comes again.");
                    Fate::Again
                }
            }
        }
        .instrument(span)
        .await
    }
}
