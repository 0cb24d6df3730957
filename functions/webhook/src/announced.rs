//! The stream's side: each delivery that was written becomes a message for its first attempt.
//!
//! Only the keys of a record are read. A record that comes twice makes two messages, of which the table lets one be the attempt; one that is lost
//! is found by the sweep, because a delivery is due from the moment it is written.

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use domain::message::Attempt;
use metrics::Metric;
use serde_dynamo::AttributeValue;
use tracing::{info, warn};

use crate::Webhook;
use crate::batch::{Fate, work_off};

impl Webhook {
    /// Sends the first attempt of each delivery that these records tell of; answers with the sequence numbers of those that could not be sent.
    ///
    /// Records of anything else are skipped: they would never become readable, and holding up the stream for them would hold up
    /// everybody's deliveries.
    pub async fn on_stream(&self, event: Event) -> DynamoDbEventResponse {
        let new: Vec<_> = event
            .records
            .iter()
            .filter_map(|record| {
                let attempt = first_attempt(record)?;
                // Without a number the answer names nothing that was given, which fails the batch as a whole: it comes again.
                Some((record.change.sequence_number.clone().unwrap_or_default(), attempt))
            })
            .collect();
        let failed = work_off(new, self.settings.at_once, |attempt| self.send_first(attempt)).await;
        let mut response = DynamoDbEventResponse::default();
        for number in failed {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(number);
            response.batch_item_failures.push(failure);
        }
        response
    }

    async fn send_first(&self, attempt: Attempt) -> Fate {
        let now = self.clock.now();
        match self.queue.send_attempt(&attempt, now, now).await {
            Ok(()) => {
                self.metrics.count(Metric::DeliveriesAnnounced);
                info!(unit.id = %attempt.unit, delivery.key = attempt.delivery, "A new delivery is announced.");
                Fate::Done
            }
            Err(error) => {
                warn!(unit.id = %attempt.unit, delivery.key = attempt.delivery, %error, "A new delivery could not be sent on; its record comes again.");
                Fate::Again
            }
        }
    }
}

/// The attempt that a record asks for; none if it is not a new delivery.
fn first_attempt(record: &EventRecord) -> Option<Attempt> {
    if record.event_name != "INSERT" {
        return None;
    }
    let found = store::delivery_of(|name| match record.change.keys.get(name) {
        Some(AttributeValue::S(text)) => Some(text.as_str()),
        _ => None,
    });
    let Some((unit, delivery)) = found else {
        warn!(
            record.number = record.change.sequence_number,
            "A record of the outbox is no delivery and is skipped."
        );
        return None;
    };
    Some(Attempt { unit, delivery, attempt: 1 })
}
