//! The event source mappings, from queues and from streams, over both sides.
//!
//! The handlers here record what they were given; waits end when they were given what the case waits for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    StreamSpecification, StreamViewType,
};
use aws_sdk_dynamodbstreams::types::OperationType;
use aws_sdk_sqs::types::QueueAttributeName as Name;
use multitask::mappings::{Mapping, queue, stream};
use tokio::sync::watch;

use super::side::{Side, compare};

/// What handlers were given, in order.
#[derive(Clone)]
struct Log(Arc<watch::Sender<Vec<String>>>);

impl Log {
    fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Vec::new())))
    }

    fn add(&self, line: impl Into<String>) {
        self.0.send_modify(|lines| lines.push(line.into()));
    }

    fn count(&self, line: &str) -> usize {
        self.0.borrow().iter().filter(|seen| *seen == line).count()
    }

    /// The lines, once there are `count` of them.
    async fn lines(&self, count: usize) -> Vec<String> {
        let mut lines = self.0.subscribe();
        let found =
            tokio::time::timeout(Duration::from_secs(30), lines.wait_for(|lines| lines.len() >= count));
        found
            .await
            .unwrap_or_else(|_| panic!("{count} expected, there are {:?}", self.0.borrow()))
            .unwrap()
            .clone()
    }
}

fn options(batch_size: usize, concurrency: usize) -> queue::Options {
    queue::Options { batch_size, window: Duration::ZERO, concurrency, in_flight: 1000 }
}

/// Waits until the queue holds nothing, neither visible nor in flight.
async fn drained(side: &Side, queue: &str) -> bool {
    for _ in 0..2_000 {
        let request = side.sqs.get_queue_attributes().queue_url(queue).attribute_names(Name::All);
        let counts: HashMap<_, _> = request.send().await.unwrap().attributes.unwrap();
        let zero = |name| counts[&name] == "0";
        if zero(Name::ApproximateNumberOfMessages) && zero(Name::ApproximateNumberOfMessagesNotVisible) {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn a_failed_message_comes_back_alone() {
    compare("partial", |side| async move {
        let queue = side.queue("q", &[(Name::VisibilityTimeout, "1")]).await;
        for body in ["a", "bad", "c"] {
            side.send(&queue, body).await;
        }
        let log = Log::new();
        let seen = log.clone();
        let handler = move |event: SqsEvent| {
            let log = seen.clone();
            async move {
                let mut answer = SqsBatchResponse::default();
                for message in event.records {
                    let body = message.body.unwrap();
                    let count = &message.attributes["ApproximateReceiveCount"];
                    log.add(format!("{body} {count}"));
                    if body == "bad" && count == "1" {
                        answer.add_failure(message.message_id.unwrap());
                    }
                }
                Ok::<_, String>(answer)
            }
        };
        let mapping = queue::start(side.sqs.clone(), &queue, options(10, 1), side.clock.clone(), handler)
            .await
            .unwrap();
        let mut lines = log.lines(4).await;
        lines.sort();
        side.check("given", lines.join(","), "a 1,bad 1,bad 2,c 1");
        side.check("drained", drained(&side, &queue).await, true);
        mapping.stop().await;
    })
    .await;
}

#[tokio::test]
async fn after_an_error_or_a_panic_nothing_is_deleted() {
    compare("errors", |side| async move {
        let queue = side.queue("q", &[(Name::VisibilityTimeout, "1")]).await;
        side.send(&queue, "m").await;
        let log = Log::new();
        let seen = log.clone();
        let handler = move |event: SqsEvent| {
            let log = seen.clone();
            async move {
                let message = &event.records[0];
                let count = message.attributes["ApproximateReceiveCount"].clone();
                log.add(format!("{} of {}", count, message.event_source_arn.as_deref().unwrap()));
                match count.as_str() {
                    "1" => Err("refused".to_owned()),
                    "2" => panic!("the handler of this case panics on purpose"),
                    _ => Ok(SqsBatchResponse::default()),
                }
            }
        };
        let mapping =
            queue::start(side.sqs.clone(), &queue, options(1, 2), side.clock.clone(), handler).await.unwrap();
        let arn = side.arn("q");
        side.check("given", log.lines(3).await.join(","), format!("1 of {arn},2 of {arn},3 of {arn}"));
        side.check("drained", drained(&side, &queue).await, true);
        mapping.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_stop_waits_for_the_handlers_and_takes_nothing_new() {
    compare("stopping", |side| async move {
        let queue = side.queue("q", &[]).await;
        side.send(&queue, "m").await;
        let (log, release) = (Log::new(), Arc::new(tokio::sync::Notify::new()));
        let (seen, released) = (log.clone(), Arc::clone(&release));
        let handler = move |_: SqsEvent| {
            let (log, release) = (seen.clone(), Arc::clone(&released));
            async move {
                log.add("begun");
                release.notified().await;
                log.add("ended");
                Ok::<_, String>(SqsBatchResponse::default())
            }
        };
        let mapping =
            queue::start(side.sqs.clone(), &queue, options(1, 1), side.clock.clone(), handler).await.unwrap();
        log.lines(1).await;
        let ((), ()) = tokio::join!(mapping.stop(), async {
            tokio::task::yield_now().await;
            release.notify_one();
        });
        side.check("ended", log.count("ended"), 1);
        side.check("drained", drained(&side, &queue).await, true);
        side.send(&queue, "after").await;
        side.check("left alone", side.bodies(&queue, 5).await, "after");
    })
    .await;
}

#[tokio::test]
async fn batches_grow_to_their_size_and_no_further() {
    compare("growing", |side| async move {
        let queue = side.queue("q", &[]).await;
        for n in 0..25 {
            side.send(&queue, &n.to_string()).await;
        }
        let log = Log::new();
        let seen = log.clone();
        let handler = move |event: SqsEvent| {
            let log = seen.clone();
            async move {
                log.add(event.records.len().to_string());
                Ok::<_, String>(SqsBatchResponse::default())
            }
        };
        let mapping = queue::start(side.sqs.clone(), &queue, options(23, 1), side.clock.clone(), handler)
            .await
            .unwrap();
        side.check("sizes", log.lines(2).await.join(" "), "23 2");
        side.check("drained", drained(&side, &queue).await, true);
        mapping.stop().await;
    })
    .await;
}

/// Makes a table with a stream and gives the stream's ARN.
async fn table(side: &Side, name: &str) -> String {
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap();
    let attribute =
        AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
    let spec = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewImage);
    let request = side.dynamodb.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let request = request.key_schema(key).attribute_definitions(attribute.build().unwrap());
    let made = request.stream_specification(spec.build().unwrap()).send().await.unwrap();
    made.table_description.unwrap().latest_stream_arn.unwrap()
}

async fn put(side: &Side, table: &str, pk: &str) {
    let put = side.dynamodb.put_item().table_name(table).item("pk", AttributeValue::S(pk.into()));
    put.item("n", AttributeValue::N("1".into())).send().await.unwrap();
}

fn stream_options(on_failure: Option<stream::OnFailure>) -> stream::Options {
    stream::Options {
        batch_size: 10,
        kinds: vec![OperationType::Insert],
        max_attempts: Some(2),
        bisect: true,
        on_failure,
    }
}

/// Starts a mapping whose handler notes each key, and fails at the keys that `fails` says, by naming them or altogether.
fn read(
    side: &Side,
    stream_arn: &str,
    options: stream::Options,
    log: &Log,
    fails: fn(&str, usize) -> bool,
    by_name: bool,
) -> Mapping {
    let log = log.clone();
    let counts = Arc::new(Mutex::new(HashMap::<String, usize>::new()));
    let handler = move |event: Event| {
        let (log, counts) = (log.clone(), Arc::clone(&counts));
        async move {
            let mut answer = DynamoDbEventResponse::default();
            for record in event.records {
                let item: HashMap<String, serde_json::Value> =
                    serde_dynamo::from_item(record.change.new_image).unwrap();
                let key = item["pk"].as_str().unwrap().to_owned();
                let count = {
                    let mut counts = counts.lock().unwrap();
                    let count = counts.entry(key.clone()).or_default();
                    *count += 1;
                    *count
                };
                if fails(&key, count) {
                    if !by_name {
                        return Err(format!("{key} fails"));
                    }
                    let mut failure = DynamoDbBatchItemFailure::default();
                    failure.item_identifier = record.change.sequence_number;
                    answer.batch_item_failures.push(failure);
                    return Ok(answer);
                }
                log.add(format!("{} {key}", record.event_name));
            }
            Ok(answer)
        }
    };
    let checkpoints = side.scratch.path().join("checkpoints");
    stream::start(side.streams.clone(), stream_arn, options, &checkpoints, side.clock.clone(), handler)
        .unwrap()
}

#[tokio::test]
async fn inserts_reach_the_handler_in_order_and_a_restart_goes_on() {
    compare("stream", |side| async move {
        let name = side.name("t");
        let arn = table(&side, &name).await;
        put(&side, &name, "a").await;
        put(&side, &name, "a").await;
        let modify = side.dynamodb.put_item().table_name(&name).item("pk", AttributeValue::S("a".into()));
        modify.item("n", AttributeValue::N("2".into())).send().await.unwrap();
        put(&side, &name, "b").await;
        let log = Log::new();
        let mapping = read(&side, &arn, stream_options(None), &log, |_, _| false, true);
        side.check("what was there", log.lines(2).await.join(","), "INSERT a,INSERT b");
        put(&side, &name, "c").await;
        side.check("what came", log.lines(3).await.join(","), "INSERT a,INSERT b,INSERT c");
        mapping.stop().await;
        side.dynamodb
            .delete_item()
            .table_name(&name)
            .key("pk", AttributeValue::S("a".into()))
            .send()
            .await
            .unwrap();
        put(&side, &name, "d").await;
        let again = Log::new();
        let mapping = read(&side, &arn, stream_options(None), &again, |_, _| false, true);
        side.check("after a restart", again.lines(1).await.join(","), "INSERT d");
        mapping.stop().await;
        side.check("once", again.lines(1).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_partial_answer_repeats_from_the_failed_record_on() {
    compare("repeats", |side| async move {
        let name = side.name("t");
        let arn = table(&side, &name).await;
        for key in ["a", "b", "c", "d"] {
            put(&side, &name, key).await;
        }
        let log = Log::new();
        let mapping =
            read(&side, &arn, stream_options(None), &log, |key, count| key == "c" && count == 1, true);
        side.check("given", log.lines(4).await.join(","), "INSERT a,INSERT b,INSERT c,INSERT d");
        mapping.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_poison_record_is_given_up_and_noted_and_the_rest_goes_on() {
    compare("poison", |side| async move {
        let name = side.name("t");
        let arn = table(&side, &name).await;
        let failures = side.queue("failures", &[]).await;
        for key in ["a", "b", "poison", "c"] {
            put(&side, &name, key).await;
        }
        let log = Log::new();
        let on_failure = stream::OnFailure { client: side.sqs.clone(), queue_url: failures.clone() };
        let options = stream_options(Some(on_failure));
        let mapping = read(&side, &arn, options, &log, |key, _| key == "poison", false);
        let note = side.receive(&failures, 20).await.remove(0).body.unwrap();
        let note: serde_json::Value = serde_json::from_str(&note).unwrap();
        side.check(
            "the condition",
            note["requestContext"]["condition"].as_str().unwrap(),
            "RetryAttemptsExhausted",
        );
        side.check("one record", &note["DDBStreamBatchInfo"]["batchSize"], 1);
        side.check("of the stream", note["DDBStreamBatchInfo"]["streamArn"].as_str().unwrap(), &arn);
        put(&side, &name, "last").await;
        let found = {
            let mut lines = log.0.subscribe();
            let last = |lines: &Vec<String>| lines.iter().any(|line| line == "INSERT last");
            lines.wait_for(last).await.unwrap().clone()
        };
        for key in ["a", "b", "c", "last"] {
            side.check(key, found.contains(&format!("INSERT {key}")), true);
        }
        mapping.stop().await;
    })
    .await;
}
