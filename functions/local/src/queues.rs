//! The queues and the group of schedules, made where they are absent.
//!
//! Their attributes are those of `template.yaml`. One that is there is taken as it is. Invariant: every queue of work has
//! its queue of dead letters.

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_scheduler::operation::create_schedule_group::CreateScheduleGroupError;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;
use aws_sdk_sqs::types::QueueAttributeName;
use queue::Places;
use serde_json::json;

use crate::sdk;

/// Two weeks, the longest that SQS keeps a message.
const RETENTION_SECONDS: &str = "1209600";
/// Receives after which a message is dead. Poison is counted in the table, long before.
const MAX_RECEIVES: u32 = 50;
/// What Lambda wants of a queue whose function may run for ten minutes; runners shorten it to their lease.
const RUNS_VISIBILITY_SECONDS: &str = "900";
/// As long as a runner's lease: who receives from it is running already.
const ADOPT_VISIBILITY_SECONDS: &str = "120";
/// Six times the longest invocation of the webhook function.
const DELIVERIES_VISIBILITY_SECONDS: &str = "360";

/// Where the queues are.
#[derive(Debug, Clone)]
pub(crate) struct Queues {
    pub(crate) places: Places,
    /// URL of the queue for notes about stream records that were given up.
    pub(crate) stream_failures: String,
}

/// Makes what is missing of the queues and the schedule group whose names begin with `prefix`.
pub(crate) async fn make(config: &SdkConfig, prefix: &str) -> anyhow::Result<Queues> {
    let sqs = Client::new(config);
    let (runs, _) = with_dead_letters(&sqs, &format!("{prefix}-runs"), RUNS_VISIBILITY_SECONDS).await?;
    let (adopt, _) = with_dead_letters(&sqs, &format!("{prefix}-adopt"), ADOPT_VISIBILITY_SECONDS).await?;
    let (deliveries, deliveries_arn) =
        with_dead_letters(&sqs, &format!("{prefix}-deliveries"), DELIVERIES_VISIBILITY_SECONDS).await?;
    let stream_failures = make_queue(&sqs, &format!("{prefix}-stream-failures"), &[]).await?;
    make_group(config, prefix).await?;
    let schedule_role = format!("arn:aws:iam::{}:role/{prefix}-schedules", sdk::ACCOUNT);
    let places = Places {
        adopt: Some(adopt),
        schedule_group: prefix.to_owned(),
        runs,
        deliveries,
        deliveries_arn,
        schedule_role,
    };
    Ok(Queues { places, stream_failures })
}

/// A queue of work with its dead letters: its URL and its ARN.
async fn with_dead_letters(sqs: &Client, name: &str, visibility: &str) -> anyhow::Result<(String, String)> {
    let dead = make_queue(sqs, &format!("{name}-dead"), &[]).await?;
    let target = arn(sqs, &dead).await?;
    let redrive = json!({ "deadLetterTargetArn": target, "maxReceiveCount": MAX_RECEIVES }).to_string();
    let attributes = [
        (QueueAttributeName::VisibilityTimeout, visibility),
        (QueueAttributeName::RedrivePolicy, redrive.as_str()),
    ];
    let url = make_queue(sqs, name, &attributes).await?;
    let arn = arn(sqs, &url).await?;
    Ok((url, arn))
}

/// The URL of the queue `name`, which is made where it is absent.
async fn make_queue(
    sqs: &Client,
    name: &str,
    attributes: &[(QueueAttributeName, &str)],
) -> anyhow::Result<String> {
    let cannot = || format!("the queue {name} cannot be made");
    match sqs.get_queue_url().queue_name(name).send().await {
        Ok(found) => return found.queue_url.with_context(cannot),
        Err(error) if error.as_service_error().is_some_and(GetQueueUrlError::is_queue_does_not_exist) => {}
        Err(error) => return Err(error).with_context(cannot),
    }
    let mut request = sqs.create_queue().queue_name(name);
    request = request.attributes(QueueAttributeName::MessageRetentionPeriod, RETENTION_SECONDS);
    for (name, value) in attributes {
        request = request.attributes(name.clone(), *value);
    }
    let made = request.send().await.with_context(cannot)?;
    made.queue_url.with_context(cannot)
}

async fn arn(sqs: &Client, url: &str) -> anyhow::Result<String> {
    let name = QueueAttributeName::QueueArn;
    let answer = sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send().await;
    let attributes = answer.with_context(|| format!("the queue {url} cannot be described"))?.attributes;
    attributes.and_then(|mut all| all.remove(&name)).with_context(|| format!("the queue {url} has no ARN"))
}

async fn make_group(config: &SdkConfig, name: &str) -> anyhow::Result<()> {
    let scheduler = aws_sdk_scheduler::Client::new(config);
    match scheduler.create_schedule_group().name(name).send().await {
        Ok(_) => Ok(()),
        Err(error)
            if error.as_service_error().is_some_and(CreateScheduleGroupError::is_conflict_exception) =>
        {
            Ok(())
        }
        Err(error) => Err(error).with_context(|| format!("the schedule group {name} cannot be made")),
    }
}
