//! The mapping from a DynamoDB stream to a handler.
//!
//! Owns reading the shards in order, the batches, their retries, and how far each shard has been done with, which is
//! kept in a file so that a restart goes on there. What is given up goes to a queue as a note of where it stands.
//! Invariant: a position is noted only when everything before it is done with or given up.

use std::collections::VecDeque;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::DynamoDbEventResponse;
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::error::DisplayErrorContext;
use aws_sdk_dynamodbstreams::operation::get_records::GetRecordsOutput;
use aws_sdk_dynamodbstreams::operation::get_shard_iterator::GetShardIteratorError;
use aws_sdk_dynamodbstreams::types::{OperationType, ShardIteratorType};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::batch::{self, Chunk, Next, Rules, Verdict};
use super::checkpoints::Checkpoints;
use super::shards::{self, Shards};
use super::{Backoff, Mapping, Stop, events};

/// As many records come with one read.
const MAX_READ: usize = 1000;
/// How often new shards are looked for while none ends.
const SHARDS_EVERY: Duration = Duration::from_secs(30);
/// An idle shard is read again after this long at first,
const LEAST_PAUSE: Duration = Duration::from_millis(10);
/// and after this long when it stays idle.
const MOST_PAUSE: Duration = Duration::from_millis(50);

/// How a stream is mapped.
#[derive(Clone, Debug)]
pub struct Options {
    /// At most this many records go to the handler at once.
    pub batch_size: usize,
    /// Only changes of these kinds go to the handler; all when it is empty.
    pub kinds: Vec<OperationType>,
    /// After so many attempts records are given up; with none they never are.
    pub max_attempts: Option<u32>,
    /// Whether a batch that fails is tried again in halves.
    pub bisect: bool,
    /// Where a note about records that were given up goes.
    pub on_failure: Option<OnFailure>,
}

/// A queue for notes about records that were given up.
#[derive(Clone, Debug)]
pub struct OnFailure {
    /// The client to send with.
    pub client: aws_sdk_sqs::Client,
    /// The queue to send to.
    pub queue_url: String,
}

/// Starts a mapping of the stream `stream_arn`; it runs until it is stopped. `checkpoints` is the file that keeps
/// how far it got; where it says nothing, reading starts with the oldest record. Fails when that file cannot be read.
pub fn start<H, F, E>(
    client: Client,
    stream_arn: &str,
    options: Options,
    checkpoints: &Path,
    clock: Clock,
    handler: H,
) -> std::io::Result<Mapping>
where
    H: Fn(Event) -> F + Send + Sync + 'static,
    F: Future<Output = Result<DynamoDbEventResponse, E>> + Send + 'static,
    E: Display + 'static,
{
    let checkpoints = Checkpoints::open(checkpoints)?;
    let reader =
        Arc::new(Reader { client, stream_arn: stream_arn.to_owned(), options, checkpoints, clock, handler });
    let stop = watch::Sender::new(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(reader.run(Stop(stop.subscribe())));
    Ok(Mapping { stop, tasks })
}

struct Reader<H> {
    client: Client,
    stream_arn: String,
    options: Options,
    checkpoints: Checkpoints,
    clock: Clock,
    handler: H,
}

impl<H, F, E> Reader<H>
where
    H: Fn(Event) -> F + Send + Sync + 'static,
    F: Future<Output = Result<DynamoDbEventResponse, E>> + Send + 'static,
    E: Display + 'static,
{
    /// Reads every shard, each in a task of its own.
    async fn run(self: Arc<Self>, mut stop: Stop) {
        let mut shards = Shards::default();
        let mut readers = JoinSet::new();
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        while !stop.now() {
            match stop.or(shards::list(&self.client, &self.stream_arn)).await {
                None => break,
                Some(Ok(present)) => {
                    backoff.reset();
                    for shard in shards.ready(&present) {
                        readers.spawn(Arc::clone(&self).read(shard, stop.clone()));
                    }
                }
                Some(Err(error)) => {
                    tracing::warn!(stream = self.stream_arn, error, "the shards cannot be listed");
                    backoff.wait(&self.clock, &mut stop).await;
                    continue;
                }
            }
            tokio::select! {
                Some(ended) = readers.join_next() => if let Ok(shard) = ended { shards.finish(shard) },
                _ = stop.or(self.clock.sleep(SHARDS_EVERY)) => {}
            }
        }
        while readers.join_next().await.is_some() {}
    }

    /// Reads one shard until it ends or the mapping does; gives its id back.
    async fn read(self: Arc<Self>, shard: String, mut stop: Stop) -> String {
        let mut iterator = None;
        let mut idle = Backoff::new(LEAST_PAUSE, MOST_PAUSE);
        let mut failing = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        while !stop.now() {
            let Some(page) = stop.or(self.page(&shard, iterator.take())).await else { break };
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(stream = self.stream_arn, shard, error, "the shard cannot be read");
                    failing.wait(&self.clock, &mut stop).await;
                    continue;
                }
            };
            failing.reset();
            let records: Vec<_> = page.records.unwrap_or_default();
            let quiet = records.is_empty();
            let records =
                records.into_iter().map(|record| events::record(record, &self.stream_arn)).collect();
            if !self.work_off(&shard, records, &mut stop).await {
                break;
            }
            iterator = page.next_shard_iterator;
            if iterator.is_none() {
                break;
            }
            if quiet {
                idle.wait(&self.clock, &mut stop).await;
            } else {
                idle.reset();
            }
        }
        shard
    }

    /// The next records: where `iterator` points, or else behind the last position noted.
    async fn page(&self, shard: &str, iterator: Option<String>) -> Result<GetRecordsOutput, String> {
        let iterator = match iterator {
            Some(iterator) => iterator,
            None => self.iterator(shard).await?,
        };
        let limit = i32::try_from(self.options.batch_size.clamp(1, MAX_READ)).unwrap_or(1);
        let request = self.client.get_records().shard_iterator(iterator).limit(limit);
        request.send().await.map_err(|error| DisplayErrorContext(error).to_string())
    }

    async fn iterator(&self, shard: &str) -> Result<String, String> {
        let request = self.client.get_shard_iterator().stream_arn(&self.stream_arn).shard_id(shard);
        let request = match self.checkpoints.get(&self.place(shard)) {
            Some(number) => {
                request.shard_iterator_type(ShardIteratorType::AfterSequenceNumber).sequence_number(number)
            }
            None => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
        };
        let answer = request.send().await.map_err(|error| {
            if error.as_service_error().is_some_and(GetShardIteratorError::is_trimmed_data_access_exception) {
                self.checkpoints.forget(&self.place(shard));
            }
            DisplayErrorContext(error).to_string()
        })?;
        answer.shard_iterator.ok_or_else(|| "no iterator came".to_owned())
    }

    /// Gives records to the handler until it is done with all of them; false when the mapping ended before that.
    async fn work_off(&self, shard: &str, records: Vec<EventRecord>, stop: &mut Stop) -> bool {
        let Some(last) = records.last().map(number).map(str::to_owned) else { return true };
        let kinds = &self.options.kinds;
        let wanted = |record: &EventRecord| {
            kinds.is_empty() || kinds.iter().any(|kind| kind.as_str() == record.event_name)
        };
        let records: Vec<_> = records.into_iter().filter(wanted).collect();
        let rules = Rules { max_attempts: self.options.max_attempts, bisect: self.options.bisect };
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
        let mut queue: VecDeque<_> = VecDeque::from([Chunk { records: 0..records.len(), attempts: 0 }]);
        while let Some(chunk) = queue.pop_front().filter(|chunk| !chunk.records.is_empty()) {
            if stop.now() {
                return false;
            }
            let verdict = self.hand(&records[chunk.records.clone()]).await;
            match batch::decide(&mut queue, chunk, verdict, rules) {
                Next::Advance => backoff.reset(),
                Next::Retry => {
                    backoff.wait(&self.clock, stop).await;
                    continue;
                }
                Next::GiveUp(chunk) => {
                    self.give_up(shard, &records[chunk.records.clone()], chunk.attempts).await;
                }
            }
            let done = queue.front().map_or(records.len(), |next| next.records.start);
            if let Some(done) = done.checked_sub(1) {
                self.checkpoints.set(&self.place(shard), number(&records[done]));
            }
        }
        self.checkpoints.set(&self.place(shard), &last);
        true
    }

    async fn hand(&self, records: &[EventRecord]) -> Verdict {
        let mut event = Event::default();
        event.records = records.to_vec();
        match super::run((self.handler)(event)).await {
            Ok(answer) => {
                let numbers: Vec<_> = records.iter().map(number).collect();
                let failures = answer.batch_item_failures.iter();
                let failed: Vec<_> =
                    failures.map(|failure| failure.item_identifier.as_deref().unwrap_or_default()).collect();
                batch::verdict(&numbers, &failed)
            }
            Err(error) => {
                tracing::error!(
                    stream = self.stream_arn,
                    records = records.len(),
                    error,
                    "a handler has failed"
                );
                Verdict::Failed
            }
        }
    }

    /// Notes in the log, and in the queue for it, which records were given up: where they stand, not what they hold.
    async fn give_up(&self, shard: &str, records: &[EventRecord], attempts: u32) {
        let (first, last) = (records.first().map(number), records.last().map(number));
        tracing::error!(
            stream = self.stream_arn,
            shard,
            first,
            last,
            attempts,
            "stream records are given up"
        );
        let Some(OnFailure { client, queue_url }) = &self.options.on_failure else { return };
        let note = json!({
            "requestContext": { "condition": "RetryAttemptsExhausted", "approximateInvokeCount": attempts },
            "version": "1.0",
            "timestamp": self.clock.now().to_string(),
            "DDBStreamBatchInfo": {
                "shardId": shard, "startSequenceNumber": first, "endSequenceNumber": last,
                "batchSize": records.len(), "streamArn": self.stream_arn,
            },
        });
        if let Err(error) =
            client.send_message().queue_url(queue_url).message_body(note.to_string()).send().await
        {
            let error = DisplayErrorContext(error).to_string();
            tracing::error!(queue = queue_url, error, "the note about them cannot be sent");
        }
    }

    /// Under which name a shard's position is kept.
    fn place(&self, shard: &str) -> String {
        format!("{}/{shard}", self.stream_arn)
    }
}

fn number(record: &EventRecord) -> &str {
    record.change.sequence_number.as_deref().unwrap_or_default()
}
