//! One Lambda function serves both triggers: which one called is told by the records.
//!
//! Records are read one by one, so that one which is no record of its kind does not make the batch unreadable.

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::sqs::SqsEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::warn;

use crate::Webhook;

/// The event comes from neither of the triggers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event is neither of a DynamoDB stream nor of an SQS queue")]
pub struct Foreign;

impl Webhook {
    /// Handles an event of either trigger, and gives the answer that its mapping expects.
    pub async fn dispatch(&self, mut event: Value) -> Result<Value, Foreign> {
        let Some(Value::Array(records)) = event.get_mut("Records").map(Value::take) else {
            return Err(Foreign);
        };
        let source = records.iter().find_map(|record| record.get("eventSource")?.as_str());
        match source {
            Some("aws:dynamodb") => {
                let mut event = Event::default();
                event.records = readable(records);
                Ok(answer(&self.on_stream(event).await))
            }
            Some("aws:sqs") => {
                let mut event = SqsEvent::default();
                event.records = readable(records);
                Ok(answer(&self.on_attempts(event).await))
            }
            _ => Err(Foreign),
        }
    }
}

fn readable<T: DeserializeOwned>(records: Vec<Value>) -> Vec<T> {
    let read = |record| match serde_json::from_value(record) {
        Ok(record) => Some(record),
        Err(error) => {
            warn!(%error, "A record of a batch is unreadable and is skipped.");
            None
        }
    };
    records.into_iter().filter_map(read).collect()
}

fn answer(response: &impl Serialize) -> Value {
    serde_json::to_value(response).expect("an answer has only lists and texts")
}
