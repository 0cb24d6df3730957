//! The mapping from a queue to a handler.
//!
//! Owns receiving, gathering a batch, and deleting what the handler is done with. What failed is left alone: it comes
//! back when its visibility timeout has passed, as with Lambda. Invariant: at most `concurrency` handlers run at once with at
//! most `in_flight` messages, and messages are received only when there is room for them.

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{DisplayErrorContext, SdkError};
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesError;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, MessageSystemAttributeName, QueueAttributeName};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::{Backoff, Mapping, Stop, events};

/// As many messages come with one receive, and go with one delete.
const CHUNK: usize = 10;
/// As long as a receive may wait for the first message.
const LONGEST_POLL_SECONDS: i32 = 20;
/// A batch stops growing here, because no invocation takes more.
const MAX_BATCH_BYTES: usize = 6 * 1024 * 1024;

/// How a queue is mapped.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// At most this many messages go to the handler at once.
    pub batch_size: usize,
    /// After its first message a batch is filled for this long. With zero it takes what is there at once; Lambda wants a
    /// second at least for batches of more than 10.
    pub window: Duration,
    /// At most this many handlers run at once.
    pub concurrency: usize,
    /// At most this many messages are with handlers at once.
    pub in_flight: usize,
}

struct Source {
    client: Client,
    url: String,
    arn: String,
    options: Options,
    clock: Clock,
}

/// Starts a mapping; it runs until it is stopped. Fails when the queue cannot be reached or does not exist.
pub async fn start<H, F, E>(
    client: Client,
    queue_url: &str,
    options: Options,
    clock: Clock,
    handler: H,
) -> Result<Mapping, SdkError<GetQueueAttributesError>>
where
    H: Fn(SqsEvent) -> F + Send + Sync + 'static,
    F: Future<Output = Result<SqsBatchResponse, E>> + Send + 'static,
    E: Display + 'static,
{
    let name = QueueAttributeName::QueueArn;
    let attributes =
        client.get_queue_attributes().queue_url(queue_url).attribute_names(name.clone()).send().await?;
    let arn = attributes.attributes.and_then(|mut all| all.remove(&name)).unwrap_or_default();
    let source = Arc::new(Source { client, url: queue_url.to_owned(), arn, options, clock });
    let handler = Arc::new(handler);
    let stop = watch::Sender::new(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(dispatch(source, handler, Stop(stop.subscribe())));
    Ok(Mapping { stop, tasks })
}

/// Receives while there is room, and gives each batch to a handler in a task of its own, so that one that takes long holds up
/// nobody. Returns when the mapping is to end and all handlers have.
async fn dispatch<H, F, E>(source: Arc<Source>, handler: Arc<H>, mut stop: Stop)
where
    H: Fn(SqsEvent) -> F + Send + Sync + 'static,
    F: Future<Output = Result<SqsBatchResponse, E>> + Send + 'static,
    E: Display + 'static,
{
    let Options { batch_size, concurrency, in_flight, .. } = source.options;
    let room = Arc::new(Semaphore::new(in_flight.clamp(1, Semaphore::MAX_PERMITS)));
    let mut handlers = JoinSet::new();
    while !stop.now() {
        while handlers.try_join_next().is_some() {}
        if handlers.len() >= concurrency.max(1) {
            stop.or(handlers.join_next()).await;
            continue;
        }
        let Some(Ok(mut places)) = stop.or(Arc::clone(&room).acquire_owned()).await else { break };
        let more = room.available_permits().min(batch_size.saturating_sub(1));
        if let Ok(more) = Arc::clone(&room).try_acquire_many_owned(u32::try_from(more).unwrap_or(0)) {
            places.merge(more);
        }
        let Some(batch) = source.gather(places.num_permits(), &mut stop).await else { break };
        let taken = places.split(batch.len());
        drop(places);
        let (source, handler) = (Arc::clone(&source), Arc::clone(&handler));
        handlers.spawn(async move {
            let _taken = taken;
            let mut event = SqsEvent::default();
            event.records.clone_from(&batch);
            let answer = super::run(handler(event)).await;
            source.settle(&batch, answer).await;
        });
    }
    while handlers.join_next().await.is_some() {}
}

impl Source {
    /// The next batch of up to `most` messages; none when the mapping is to end. What was received by then is still given out.
    async fn gather(&self, most: usize, stop: &mut Stop) -> Option<Vec<SqsMessage>> {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        let mut batch = loop {
            match stop.or(self.receive(most, LONGEST_POLL_SECONDS)).await? {
                Ok(messages) if messages.is_empty() => backoff.reset(),
                Ok(messages) => break messages,
                Err(error) => {
                    tracing::warn!(queue = self.arn, error, "messages cannot be received");
                    backoff.wait(&self.clock, stop).await;
                }
            }
        };
        let window = jiff::SignedDuration::try_from(self.options.window).unwrap_or_default();
        let until = self.clock.now().saturating_add(window).unwrap_or(jiff::Timestamp::MAX);
        while batch.len() < most && bytes(&batch) < MAX_BATCH_BYTES && !stop.now() {
            let left = until.duration_since(self.clock.now());
            let more_time = left.is_positive();
            if !more_time && !batch.len().is_multiple_of(CHUNK) {
                break;
            }
            // Whole seconds by long poll; what is left of the window below a second is not waited for.
            let wait = i32::try_from(left.as_secs().clamp(0, LONGEST_POLL_SECONDS.into())).unwrap_or(0);
            let Some(Ok(messages)) = stop.or(self.receive(most - batch.len(), wait)).await else {
                break;
            };
            if messages.is_empty() && wait == 0 {
                break;
            }
            batch.extend(messages);
        }
        Some(batch)
    }

    async fn receive(&self, max: usize, wait: i32) -> Result<Vec<SqsMessage>, String> {
        let max = i32::try_from(max.clamp(1, CHUNK)).unwrap_or(1);
        let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(max);
        let request = request
            .wait_time_seconds(wait)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All");
        let answer = request.send().await.map_err(|error| DisplayErrorContext(error).to_string())?;
        let messages = answer.messages.unwrap_or_default();
        Ok(messages.into_iter().map(|message| events::message(message, &self.arn)).collect())
    }

    async fn settle(&self, batch: &[SqsMessage], answer: Result<SqsBatchResponse, String>) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(queue = self.arn, messages = batch.len(), error, "a handler has failed");
                return;
            }
        };
        for chunk in done(batch, &answer).chunks(CHUNK) {
            self.delete(chunk).await;
        }
    }

    /// Deletes messages. One that cannot be deleted comes back, and its handler has to bear that anyway.
    async fn delete(&self, messages: &[&SqsMessage]) {
        let entry = |(index, message): (usize, &&SqsMessage)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            entry.set_receipt_handle(message.receipt_handle.clone()).build().ok()
        };
        let entries = messages.iter().enumerate().filter_map(entry).collect();
        let request = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
        match request.send().await {
            Ok(answer) if answer.failed.is_empty() => {}
            Ok(answer) => {
                tracing::warn!(queue = self.arn, failed = answer.failed.len(), "messages cannot be deleted");
            }
            Err(error) => {
                let error = DisplayErrorContext(error).to_string();
                tracing::warn!(queue = self.arn, error, "messages cannot be deleted");
            }
        }
    }
}

fn bytes(batch: &[SqsMessage]) -> usize {
    batch.iter().filter_map(|message| message.body.as_ref()).map(String::len).sum()
}

/// The messages that the handler is done with. An answer that names one that was not in the batch is taken for a
/// failure of all of them, as Lambda takes it.
fn done<'a>(batch: &'a [SqsMessage], answer: &SqsBatchResponse) -> Vec<&'a SqsMessage> {
    let ids: HashSet<_> = batch.iter().filter_map(|message| message.message_id.as_deref()).collect();
    let failed: HashSet<_> =
        answer.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
    if !failed.is_subset(&ids) {
        tracing::error!("a handler's answer names messages that it was not given: none counts as done");
        return Vec::new();
    }
    let is_done = |message: &&SqsMessage| !failed.contains(message.message_id.as_deref().unwrap_or_default());
    batch.iter().filter(is_done).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(ids: &[&str]) -> Vec<SqsMessage> {
        let message = |id: &&str| {
            let mut message = SqsMessage::default();
            message.message_id = Some((*id).to_owned());
            message
        };
        ids.iter().map(message).collect()
    }

    fn done_of(ids: &[&str], failed: &[&str]) -> Vec<String> {
        let mut answer = SqsBatchResponse::default();
        answer.set_failures(failed.iter().copied());
        done(&batch(ids), &answer).iter().filter_map(|message| message.message_id.clone()).collect()
    }

    #[test]
    fn only_what_the_answer_does_not_name_is_done() {
        assert_eq!(done_of(&["a", "b", "c"], &[]), ["a", "b", "c"]);
        assert_eq!(done_of(&["a", "b", "c"], &["b"]), ["a", "c"]);
        assert!(done_of(&["a", "b"], &["a", "b"]).is_empty());
    }

    #[test]
    fn an_answer_about_a_stranger_is_a_failure_of_all() {
        assert!(done_of(&["a", "b"], &["x"]).is_empty());
        assert!(done_of(&["a", "b"], &[""]).is_empty());
    }
}
