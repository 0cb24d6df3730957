//! The operations of SQS by name: read the request, decide, answer.
//!
//! Leaves receiving to its own module, since it waits. Invariant: an operation that is answered with an error has
//! changed nothing, except where a lost reply was asked for.

use serde_json::{Map, Value, json};

use super::Sqs;
use super::attributes::{self, Settings, arn};
use super::decide;
use super::error::Error;
use super::faults::Fault;
use super::message;
use super::state::{Change, State};
use super::wire::{self, Batch, CreateQueue, Entry, ListQueues, QueueOnly, Send, Settle};
use crate::sdk;

/// The attributes of a queue that can be read and not set.
const READ_ONLY: [&str; 6] = [
    "QueueArn",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
];

impl Sqs {
    /// Answers the operation `name`. `base` is the address under which the caller reached this double, and URLs of queues
    /// are given under it.
    pub(crate) async fn call(&self, name: &str, base: &str, body: &[u8]) -> Result<Value, Error> {
        match name {
            "CreateQueue" => self.create(&wire::read(body)?, base),
            "GetQueueUrl" => self.url(&wire::read(body)?, base),
            "ListQueues" => self.list(&wire::read(body)?, base),
            "GetQueueAttributes" => self.attributes(&wire::read(body)?),
            "SetQueueAttributes" => self.set(&wire::read(body)?),
            "PurgeQueue" => self.purge(&wire::read(body)?),
            "SendMessage" => self.send(wire::read(body)?),
            "SendMessageBatch" => self.batch(wire::read(body)?, Self::send_one),
            "ReceiveMessage" => self.receive(wire::read(body)?).await,
            "DeleteMessage" => self.settle(&wire::read(body)?, Self::delete_one),
            "DeleteMessageBatch" => {
                self.batch(wire::read(body)?, |sqs, name, entry| sqs.delete_one(name, &entry))
            }
            "ChangeMessageVisibility" => self.settle(&wire::read(body)?, Self::hide_one),
            "ChangeMessageVisibilityBatch" => {
                self.batch(wire::read(body)?, |sqs, name, entry| sqs.hide_one(name, &entry))
            }
            _ => Err(Error::Unsupported(format!("The operation {name}"))),
        }
    }

    fn create(&self, request: &CreateQueue, base: &str) -> Result<Value, Error> {
        let name = &request.queue_name;
        attributes::check_name(name)?;
        let at = self.0.clock.now();
        self.transact(|state| {
            let exists = |name: &str| state.queues.contains_key(name);
            let answer = json!({ "QueueUrl": queue_url(base, name) });
            if let Some(queue) = state.queues.get(name) {
                let wanted = queue.settings.clone().with(&request.attributes, exists)?.render();
                let present = queue.settings.render();
                return match wanted.iter().find(|attribute| !present.contains(attribute)) {
                    Some((attribute, _)) => Err(Error::QueueExists((*attribute).to_owned())),
                    None => Ok((Vec::new(), answer)),
                };
            }
            let settings = Settings::default().with(&request.attributes, exists)?;
            Ok((vec![Change::Set { queue: name.clone(), settings, at }], answer))
        })
    }

    fn url(&self, request: &CreateQueue, base: &str) -> Result<Value, Error> {
        decide::queue(&self.lock().state, &request.queue_name)?;
        Ok(json!({ "QueueUrl": queue_url(base, &request.queue_name) }))
    }

    fn list(&self, request: &ListQueues, base: &str) -> Result<Value, Error> {
        if let Some(max) = request.max_results.filter(|max| !(1..=1000).contains(max)) {
            return Err(Error::Parameter(format!("Value {max} for parameter MaxResults is invalid.")));
        }
        let inner = self.lock();
        let after = request.next_token.as_deref().unwrap_or_default();
        let mut names = inner
            .state
            .queues
            .keys()
            .filter(|name| name.as_str() > after && name.starts_with(request.queue_name_prefix.as_str()));
        let page: Vec<_> = names.by_ref().take(request.max_results.unwrap_or(1000)).collect();
        let urls: Vec<_> = page.iter().map(|name| queue_url(base, name)).collect();
        let more = request.max_results.is_some() && names.next().is_some();
        let mut answer = json!({ "QueueUrls": urls });
        if let (true, Some(last)) = (more, page.last()) {
            answer["NextToken"] = json!(last);
        }
        Ok(answer)
    }

    fn attributes(&self, request: &QueueOnly) -> Result<Value, Error> {
        let name = wire::queue_name(&request.queue_url)?;
        let inner = self.lock();
        let queue = decide::queue(&inner.state, name)?;
        let counts = queue.counts(self.0.clock.now());
        let mut all = queue.settings.render();
        all.extend(READ_ONLY.into_iter().zip([
            arn(name),
            queue.created_at.as_second().to_string(),
            queue.modified_at.as_second().to_string(),
            counts.visible.to_string(),
            counts.in_flight.to_string(),
            counts.delayed.to_string(),
        ]));
        let wanted = &request.attribute_names;
        let known = |name: &String| {
            ["All", "RedrivePolicy"].contains(&name.as_str()) || all.iter().any(|(known, _)| known == name)
        };
        if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
            return Err(Error::UnknownAttribute(unknown.clone()));
        }
        let chosen: Map<_, _> = all
            .into_iter()
            .filter(|(name, _)| wanted.iter().any(|wanted| wanted == "All" || wanted == name))
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        Ok(if chosen.is_empty() { json!({}) } else { json!({ "Attributes": chosen }) })
    }

    fn set(&self, request: &QueueOnly) -> Result<Value, Error> {
        let name = wire::queue_name(&request.queue_url)?;
        let at = self.0.clock.now();
        self.transact(|state| {
            let present = decide::queue(state, name)?.settings.clone();
            let settings = present.with(&request.attributes, |name| state.queues.contains_key(name))?;
            Ok((vec![Change::Set { queue: name.to_owned(), settings, at }], json!({})))
        })
    }

    fn purge(&self, request: &QueueOnly) -> Result<Value, Error> {
        let name = wire::queue_name(&request.queue_url)?;
        self.transact(|state| {
            decide::queue(state, name)?;
            Ok((vec![Change::Purged { queue: name.to_owned() }], json!({})))
        })
    }

    fn send(&self, request: Send) -> Result<Value, Error> {
        let name = wire::queue_name(&request.queue_url)?.to_owned();
        let answer = self.send_one(&name, request)?;
        self.reply(&name, answer)
    }

    fn settle(
        &self,
        request: &Settle,
        one: impl FnOnce(&Self, &str, &Settle) -> Result<Value, Error>,
    ) -> Result<Value, Error> {
        let name = wire::queue_name(&request.queue_url)?;
        let answer = one(self, name, request)?;
        self.reply(name, answer)
    }

    /// Answers each entry by itself: one that fails leaves the others done.
    fn batch<E: Entry>(
        &self,
        request: Batch<E>,
        one: impl Fn(&Self, &str, E) -> Result<Value, Error>,
    ) -> Result<Value, Error> {
        let name = wire::queue_name(&request.queue_url)?;
        decide::queue(&self.lock().state, name)?;
        wire::check(&request.entries)?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in request.entries {
            let id = entry.id().to_owned();
            let fails = self.lock().faults.take(name, Fault::FailedEntry, 1) == 1;
            let outcome = if fails { Err(Error::Internal) } else { one(self, name, entry) };
            match outcome {
                Ok(mut answer) => {
                    answer["Id"] = json!(id);
                    successful.push(answer);
                }
                Err(error) => {
                    let (status, _, code) = error.codes();
                    failed.push(json!({
                        "Id": id, "Code": code, "Message": error.to_string(), "SenderFault": status < 500,
                    }));
                }
            }
        }
        self.reply(name, json!({ "Successful": successful, "Failed": failed }))
    }

    fn send_one(&self, name: &str, request: Send) -> Result<Value, Error> {
        let id = message::fresh_id(&self.0.entropy);
        let now = self.0.clock.now();
        let mut answer = json!({
            "MessageId": id,
            "MD5OfMessageBody": message::md5_of_body(&request.message_body),
        });
        if let Some(digest) = message::md5_of_attributes(&request.message_attributes) {
            answer["MD5OfMessageAttributes"] = json!(digest);
        }
        self.transact(|state| {
            Ok((vec![decide::send(state, name, request.into(), (state.next, id), now)?], answer))
        })
    }

    fn delete_one(&self, name: &str, request: &Settle) -> Result<Value, Error> {
        self.transact(|state| {
            let change = decide::delete(state, name, &request.receipt_handle)?;
            Ok((change.into_iter().collect(), json!({})))
        })
    }

    fn hide_one(&self, name: &str, request: &Settle) -> Result<Value, Error> {
        let timeout = request.visibility_timeout.ok_or(Error::Missing("VisibilityTimeout"))?;
        let now = self.0.clock.now();
        let decide = |state: &State| decide::hide(state, name, &request.receipt_handle, timeout, now);
        self.transact(|state| Ok((vec![decide(state)?], json!({}))))
    }

    /// The answer, unless the reply is to be lost.
    fn reply(&self, name: &str, answer: Value) -> Result<Value, Error> {
        let lost = self.lock().faults.take(name, Fault::LostReply, 1) == 1;
        if lost { Err(Error::Internal) } else { Ok(answer) }
    }
}

fn queue_url(base: &str, name: &str) -> String {
    format!("{base}/{}/{name}", sdk::ACCOUNT)
}
