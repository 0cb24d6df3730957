//! Receiving: what is visible at once, and the long poll for what is not yet.
//!
//! Owns the waiting and the form in which messages are handed out. Invariant: messages are taken only in the moment in which they are
//! answered, so a receiver that gives up waiting takes nothing along.

use std::collections::BTreeMap;
use std::time::Duration;

use ambient::Entropy;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::decide::{self, Ask};
use super::error::Error;
use super::faults::Fault;
use super::message::{self, Message};
use super::receipt::Receipt;
use super::wire::{self, Receive};
use super::{Inner, Sqs};
use crate::sdk;

/// The attributes that SQS itself gives a message.
const SYSTEM_ATTRIBUTES: [&str; 10] = [
    "All",
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
];

impl Sqs {
    /// Answers a `ReceiveMessage`, after waiting for as long as it asks where nothing is visible.
    pub(super) async fn receive(&self, request: Receive) -> Result<Value, Error> {
        let name = wire::queue_name(&request.queue_url)?;
        let max = request.max_number_of_messages.unwrap_or(1);
        let max = usize::try_from(max).ok().filter(|max| (1..=10).contains(max)).ok_or_else(|| {
            Error::Parameter(format!(
                "Value {max} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if \
                 provided."
            ))
        })?;
        let visibility =
            request.visibility_timeout.map(|value| decide::seconds("VisibilityTimeout", value, 43_200));
        let visibility = visibility.transpose()?;
        let wait = request
            .wait_time_seconds
            .map(|value| decide::seconds("WaitTimeSeconds", value, 20))
            .transpose()?;
        let names: Vec<_> =
            request.attribute_names.iter().chain(&request.message_system_attribute_names).cloned().collect();
        if let Some(unknown) = names.iter().find(|name| !SYSTEM_ATTRIBUTES.contains(&name.as_str())) {
            return Err(Error::UnknownAttribute(unknown.clone()));
        }

        let mut closed = self.0.closed.subscribe();
        let mut deadline = None;
        loop {
            let mut arrived = std::pin::pin!(self.0.arrived.notified());
            arrived.as_mut().enable();
            let now = self.0.clock.now();
            let (messages, wake_at) = {
                let mut inner = self.lock();
                let settings = &decide::queue(&inner.state, name)?.settings;
                let span = wait.unwrap_or(Duration::from_secs(settings.wait_seconds.into()));
                let deadline =
                    *deadline.get_or_insert_with(|| now.saturating_add(span).unwrap_or(Timestamp::MAX));
                let visibility =
                    visibility.unwrap_or(Duration::from_secs(settings.visibility_seconds.into()));
                let messages = self.pick(&mut inner, name, max, visibility, now)?;
                let next = decide::queue(&inner.state, name)?.next_visible_at(now);
                let messages: Vec<_> = messages
                    .iter()
                    .filter_map(|receipt| Some((receipt, inner.state.queues[name].get(receipt.serial)?)))
                    .map(|(receipt, found)| render(receipt, found, &names, &request.message_attribute_names))
                    .collect();
                (messages, (now < deadline).then(|| next.map_or(deadline, |next| next.min(deadline))))
            };
            let (true, Some(wake_at), false) = (messages.is_empty(), wake_at, *closed.borrow()) else {
                return Ok(if messages.is_empty() { json!({}) } else { json!({ "Messages": messages }) });
            };
            tokio::select! {
                () = arrived => {}
                () = self.0.clock.sleep_until(wake_at) => {}
                _ = closed.changed() => {}
            }
        }
    }

    fn pick(
        &self,
        inner: &mut Inner,
        name: &str,
        max: usize,
        visibility: Duration,
        now: Timestamp,
    ) -> Result<Vec<Receipt>, Error> {
        let ask = Ask { max, visibility, duplicates: inner.faults.left(name, Fault::Duplicate) };
        let (changes, picked) = decide::receive(&inner.state, name, &ask, now, || nonce(&self.0.entropy))?;
        self.commit(inner, changes)?;
        inner.faults.take(name, Fault::Duplicate, picked.len());
        Ok(picked)
    }
}

fn nonce(entropy: &Entropy) -> String {
    data_encoding::HEXLOWER.encode(&entropy.bytes::<16>())
}

fn render(receipt: &Receipt, message: &Message, system: &[String], user: &[String]) -> Value {
    let mut rendered = json!({
        "MessageId": message.id,
        "ReceiptHandle": receipt.render(),
        "MD5OfBody": message::md5_of_body(&message.body),
        "Body": message.body,
    });
    let attributes = system_attributes(message, system);
    if !attributes.is_empty() {
        rendered["Attributes"] = json!(attributes);
    }
    let wanted: message::Attributes = message
        .attributes
        .iter()
        .filter(|(name, _)| user.iter().any(|pattern| matches(pattern, name)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(digest) = message::md5_of_attributes(&wanted) {
        rendered["MessageAttributes"] = json!(wanted);
        rendered["MD5OfMessageAttributes"] = json!(digest);
    }
    rendered
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern == "All"
        || pattern == name
        || pattern.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
}

fn system_attributes(message: &Message, names: &[String]) -> BTreeMap<&'static str, String> {
    let mut all = BTreeMap::from([
        ("SenderId", sdk::ACCOUNT.to_owned()),
        ("SentTimestamp", message.sent_at.as_millisecond().to_string()),
    ]);
    if let Some(delivery) = &message.delivery {
        all.insert("ApproximateReceiveCount", delivery.count.to_string());
        all.insert("ApproximateFirstReceiveTimestamp", delivery.first_at.as_millisecond().to_string());
    }
    if let Some(group) = &message.group {
        all.insert("MessageGroupId", group.clone());
    }
    if let Some(source) = &message.source {
        all.insert("DeadLetterQueueSourceArn", source.clone());
    }
    all.retain(|name, _| names.iter().any(|wanted| wanted == "All" || wanted == name));
    all
}
