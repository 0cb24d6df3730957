//! The requests of the AWS JSON 1.0 protocol that the SQS double answers, and the batches in them.
//!
//! Owns reading and the rules that concern a whole batch. Numbers are read wide, so that one out of bounds is refused
//! as SQS refuses it and not as unreadable. Invariant: what is missing reads as empty or none.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::decide::Draft;
use super::error::Error;
use super::message::{self, Attributes};

/// A batch as a whole holds at most this many bytes.
const MAX_BATCH_BYTES: usize = 1_048_576;

/// Reads a request; a body that is not the operation's is refused.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| Error::Unreadable(error.to_string()))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub(super) struct CreateQueue {
    pub(super) queue_name: String,
    pub(super) attributes: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ListQueues {
    pub(super) queue_name_prefix: String,
    pub(super) max_results: Option<usize>,
    pub(super) next_token: Option<String>,
}

/// Any request that names its queue by URL and says little else.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct QueueOnly {
    pub(super) queue_url: String,
    pub(super) attribute_names: Vec<String>,
    pub(super) attributes: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Receive {
    pub(super) queue_url: String,
    pub(super) max_number_of_messages: Option<i64>,
    pub(super) visibility_timeout: Option<i64>,
    pub(super) wait_time_seconds: Option<i64>,
    pub(super) attribute_names: Vec<String>,
    pub(super) message_system_attribute_names: Vec<String>,
    pub(super) message_attribute_names: Vec<String>,
}

/// One message to send, alone or in a batch.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Send {
    pub(super) queue_url: String,
    pub(super) id: String,
    pub(super) message_body: String,
    pub(super) delay_seconds: Option<i64>,
    pub(super) message_attributes: Attributes,
    pub(super) message_group_id: Option<String>,
}

impl From<Send> for Draft {
    fn from(send: Send) -> Self {
        let Send { message_body: body, message_attributes: attributes, delay_seconds: delay, .. } = send;
        Self { body, attributes, group: send.message_group_id, delay }
    }
}

/// One receipt to act on, alone or in a batch.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Settle {
    pub(super) queue_url: String,
    pub(super) id: String,
    pub(super) receipt_handle: String,
    pub(super) visibility_timeout: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<E> {
    #[serde(default)]
    pub(super) queue_url: String,
    #[serde(default = "Vec::new")]
    pub(super) entries: Vec<E>,
}

/// An entry of a batch.
pub(super) trait Entry {
    /// What SQS calls it.
    const NAME: &'static str;
    fn id(&self) -> &str;
    /// What it counts towards the batch's size, in bytes.
    fn bytes(&self) -> usize {
        0
    }
}

impl Entry for Send {
    const NAME: &'static str = "SendMessageBatchRequestEntry";
    fn id(&self) -> &str {
        &self.id
    }
    fn bytes(&self) -> usize {
        message::size(&self.message_body, &self.message_attributes)
    }
}

impl Entry for Settle {
    const NAME: &'static str = "DeleteMessageBatchRequestEntry";
    fn id(&self) -> &str {
        &self.id
    }
}

/// Refuses a batch that is wrong as a whole.
pub(super) fn check<E: Entry>(entries: &[E]) -> Result<(), Error> {
    if entries.is_empty() {
        return Err(Error::EmptyBatch(E::NAME));
    }
    if entries.len() > 10 {
        return Err(Error::TooManyEntries(entries.len()));
    }
    let mut seen = BTreeSet::new();
    for id in entries.iter().map(Entry::id) {
        let sound = (1..=80).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !sound {
            return Err(Error::EntryId);
        }
        if !seen.insert(id) {
            return Err(Error::RepeatedId(id.to_owned()));
        }
    }
    let bytes = entries.iter().map(Entry::bytes).sum();
    if bytes > MAX_BATCH_BYTES { Err(Error::BatchTooLong(bytes)) } else { Ok(()) }
}

/// The name of the queue that a URL names.
pub(super) fn queue_name(url: &str) -> Result<&str, Error> {
    if url.is_empty() {
        return Err(Error::Missing("QueueUrl"));
    }
    Ok(url.trim_end_matches('/').rsplit('/').next().unwrap_or_default())
}
