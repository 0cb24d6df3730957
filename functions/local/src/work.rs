//! The work behind the answers: event source mappings to the functions, the sweep, and the resumption at the start.
//!
//! The mappings stand for those of `template.yaml`, without its windows: here nobody pays for an invocation, and an item has to reach a
//! runner at once. Invariant: whatever is cut off at the end is found again at the next start, by the table or by its message.

use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use anyhow::Context;
use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_dynamodbstreams::types::OperationType;
use runner::Runner;
use serde_dynamo::AttributeValue;
use tokio::task::JoinSet;
use webhook::Webhook;

use crate::aws::Aws;
use crate::data_dir::DataDir;
use crate::mappings::{Mapping, queue as from_queue, stream as from_stream};
use crate::options::Options;

/// Messages to an invocation of a runner: what one receive brings. The others it adopts.
const MESSAGES: usize = 10;
/// The time that Lambda gives an invocation of the runner.
const INVOCATION: Duration = Duration::from_mins(10);
/// Invocations of the webhook function side by side.
const ATTEMPTS: usize = 50;
/// Records to an invocation of the webhook function.
const RECORDS: usize = 100;
/// How often a record goes to the webhook function before it is given up.
const RECORD_TRIES: u32 = 6;
/// How long work under way has to come to its own end when the process stops.
const GRACE: Duration = Duration::from_secs(5);
/// How long after a failed resumption it is tried again.
const RESUME_AGAIN: Duration = Duration::from_secs(1);

/// What works in the background of one process.
#[derive(Debug)]
pub(crate) struct Work {
    runner: Runner,
    mappings: Vec<Mapping>,
    chores: JoinSet<()>,
}

/// The functions that are woken by queues and streams.
#[derive(Debug, Clone)]
pub(crate) struct Functions {
    pub(crate) runner: Runner,
    pub(crate) webhook: Webhook,
}

impl Work {
    /// Starts everything; what is unfinished in the tables is sent again from the start on.
    pub(crate) async fn start(
        functions: Functions,
        aws: &Aws,
        options: &Options,
        data: &DataDir,
    ) -> anyhow::Result<Self> {
        let Functions { runner, webhook } = functions;
        let clock = &options.clock;
        let mut mappings = vec![
            announced(webhook.clone(), aws, clock, data)?,
            attempts(webhook, aws, clock).await.context("the deliveries cannot be mapped")?,
        ];
        if options.runners > 0 {
            runner
                .forget_others()
                .await
                .context("the announcements of a former process cannot be taken back")?;
            mappings.push(runs(runner.clone(), aws, options).await.context("the runs cannot be mapped")?);
        }
        let mut chores = JoinSet::new();
        chores.spawn(resume(runner.clone(), clock.clone()));
        chores.spawn(sweep(runner.clone(), clock.clone(), options.sweep));
        Ok(Self { runner, mappings, chores })
    }

    /// Takes no more work. What is under way has a moment to end or to be handed over, then it is cut off.
    pub(crate) async fn stop(mut self) {
        self.chores.shutdown().await;
        self.runner.stop();
        let ends = self.mappings.into_iter().map(Mapping::stop);
        if tokio::time::timeout(GRACE, futures::future::join_all(ends)).await.is_err() {
            tracing::info!("Work under way is cut off; it goes on at the next start.");
        }
    }
}

async fn runs(runner: Runner, aws: &Aws, options: &Options) -> anyhow::Result<Mapping> {
    let batch_size = MESSAGES.min(options.units_per_runner.max(1));
    let mapping = from_queue::Options {
        batch_size,
        window: Duration::ZERO,
        concurrency: options.runners,
        in_flight: options.runners * batch_size,
    };
    let handler = move |event: SqsEvent| {
        let runner = runner.clone();
        async move { Ok::<_, std::convert::Infallible>(runner.invoke(event, INVOCATION).await) }
    };
    let sqs = aws_sdk_sqs::Client::new(&aws.queues_at);
    Ok(from_queue::start(sqs, &aws.queues.places.runs, mapping, options.clock.clone(), handler).await?)
}

async fn attempts(webhook: Webhook, aws: &Aws, clock: &Clock) -> anyhow::Result<Mapping> {
    let mapping = from_queue::Options {
        batch_size: MESSAGES,
        window: Duration::ZERO,
        concurrency: ATTEMPTS,
        in_flight: ATTEMPTS * MESSAGES,
    };
    let handler = move |event: SqsEvent| {
        let webhook = webhook.clone();
        async move { Ok::<_, std::convert::Infallible>(webhook.on_attempts(event).await) }
    };
    let sqs = aws_sdk_sqs::Client::new(&aws.queues_at);
    Ok(from_queue::start(sqs, &aws.queues.places.deliveries, mapping, clock.clone(), handler).await?)
}

fn announced(webhook: Webhook, aws: &Aws, clock: &Clock, data: &DataDir) -> anyhow::Result<Mapping> {
    let mapping = from_stream::Options {
        batch_size: RECORDS,
        kinds: vec![OperationType::Insert],
        max_attempts: Some(RECORD_TRIES),
        bisect: true,
        on_failure: Some(from_stream::OnFailure {
            client: aws_sdk_sqs::Client::new(&aws.queues_at),
            queue_url: aws.queues.stream_failures.clone(),
        }),
    };
    let handler = move |mut event: Event| {
        let webhook = webhook.clone();
        event.records.retain(is_delivery);
        async move { Ok::<_, std::convert::Infallible>(webhook.on_stream(event).await) }
    };
    let streams = aws_sdk_dynamodbstreams::Client::new(&aws.tables_at);
    let checkpoints = data.file("outbox.checkpoints");
    from_stream::start(streams, &aws.stream_arn, mapping, &checkpoints, clock.clone(), handler)
        .with_context(|| format!("{} cannot be read", checkpoints.display()))
}

/// The filter of the mapping in `template.yaml`: items of other kinds go to nobody.
fn is_delivery(record: &EventRecord) -> bool {
    let key = |name: &str| match record.change.keys.get(name) {
        Some(AttributeValue::S(text)) => Some(text.as_str()),
        _ => None,
    };
    store::delivery_of(key).is_some()
}

/// Sends again what a former process left unfinished, whenever it is due.
async fn resume(runner: Runner, clock: Clock) {
    while let Err(error) = runner.resume_all().await {
        tracing::warn!(%error, "What is unfinished could not be sent again; trying again.");
        clock.sleep(RESUME_AGAIN).await;
    }
}

/// Looks for what is due, again and again. No message is sent for it, as on AWS: no runner might have room to read it.
async fn sweep(runner: Runner, clock: Clock, every: Duration) {
    loop {
        clock.sleep(every).await;
        if let Err(error) = runner.sweep().await {
            tracing::warn!(%error, "The sweep did not come to its end; the next one does its work.");
        }
    }
}

/// Whom runners and the api tell of changes: the watchers in this process.
pub(crate) fn on_change(wake: &results::Wake) -> runner::OnChange {
    let wake = wake.clone();
    Arc::new(move |id| wake.changed(id))
}
