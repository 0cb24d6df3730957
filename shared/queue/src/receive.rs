//! Receiving work, for those who are not started for it.

use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use domain::OwnerId;
use jiff::Timestamp;

use crate::lease::whole_seconds;
use crate::work::BATCH;
use crate::{Line, Queue, Receipt, Result};

/// A message that was received: its receiver's until its lease is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its id.
    pub message_id: String,
    /// What extends and deletes it.
    pub receipt: Receipt,
    /// Its text.
    pub body: String,
    /// Whose work it is.
    pub owner: Option<OwnerId>,
    /// When it was sent.
    pub sent_at: Timestamp,
}

impl Queue {
    /// Receives up to `most` messages, ten at most, and holds them for `lease`; waits for the first one for up to `wait`, 20 s at most.
    pub async fn receive(
        &self,
        from: Line,
        most: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Received>> {
        let received = self
            .sqs
            .receive_message()
            .queue_url(self.url(from)?)
            .max_number_of_messages(i32::try_from(most.clamp(1, BATCH)).unwrap_or(10))
            .visibility_timeout(whole_seconds(lease))
            .wait_time_seconds(whole_seconds(wait).min(20))
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .send()
            .await?;
        Ok(received
            .messages
            .unwrap_or_default()
            .into_iter()
            .filter_map(|message| read(message, from))
            .collect())
    }
}

fn read(message: Message, from: Line) -> Option<Received> {
    let attributes = message.attributes.unwrap_or_default();
    let sent_at = attributes.get(&MessageSystemAttributeName::SentTimestamp);
    let sent_at = sent_at.and_then(|millis| Timestamp::from_millisecond(millis.parse().ok()?).ok());
    Some(Received {
        message_id: message.message_id?,
        receipt: Receipt { from, handle: message.receipt_handle? },
        body: message.body.unwrap_or_default(),
        owner: attributes.get(&MessageSystemAttributeName::MessageGroupId).map(OwnerId::new),
        sent_at: sent_at.unwrap_or(Timestamp::MIN),
    })
}
