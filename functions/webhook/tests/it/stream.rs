//! The outbox table's stream, and the events of both triggers as Lambda sends them.

use domain::delivery::State;
use serde_json::{Value, json};
use webhook::Foreign;

use crate::world::{World, attempt, id, record};

fn sample(name: &str) -> Value {
    let path = format!("{}/../../events/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).expect("JSON")
}

fn nothing_failed() -> Value {
    json!({"batchItemFailures": []})
}

#[tokio::test]
async fn each_new_delivery_becomes_the_message_of_its_first_attempt_at_once() {
    let world = World::start().await;
    assert_eq!(world.webhook.dispatch(sample("webhook-stream.json")).await, Ok(nothing_failed()));
    let mut sent: Vec<_> = world.queues.arrived().into_iter().map(|sent| sent.body).collect();
    sent.sort();
    assert_eq!(sent, [attempt(&id(0), 1), attempt(&id(0x21), 1)]);
}

#[tokio::test]
async fn poison_in_the_middle_of_a_batch_is_skipped_and_its_neighbours_are_sent() {
    let world = World::start().await;
    assert_eq!(world.webhook.dispatch(sample("webhook-stream-poison.json")).await, Ok(nothing_failed()));
    let sent: Vec<_> = world.queues.arrived().into_iter().map(|sent| sent.body).collect();
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(sent.contains(&attempt(&id(0), 1)) && sent.contains(&attempt(&id(0x21), 1)), "{sent:?}");
}

#[tokio::test]
async fn a_record_that_comes_twice_is_one_attempt() {
    let world = World::start().await;
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    world.stream(&[&unit, &unit]).await;
    world.settle().await;
    world.stream(&[&unit]).await;
    world.settle().await;
    assert_eq!(world.receiver.hits().len(), 1);
    assert_eq!(world.attempts(&unit).await.len(), 1);
}

#[tokio::test]
async fn a_record_that_could_not_be_sent_on_is_answered_for_by_its_number() {
    let world = World::start().await;
    let units = [id(1), id(2), id(3)];
    world.queues.refuse(1);
    let event = json!({"Records": units.iter().map(record).collect::<Vec<_>>()});
    let answer = world.webhook.dispatch(event).await.expect("a stream's event");
    let failures = answer["batchItemFailures"].as_array().expect("a list");
    assert_eq!(failures.len(), 1, "{answer}");
    let failed = failures[0]["itemIdentifier"].as_str().expect("a number");
    let unit = units.iter().find(|unit| failed == format!("number-{unit}")).expect("one of them");
    let sent: Vec<_> = world.queues.arrived().into_iter().map(|sent| sent.body).collect();
    assert_eq!(sent.len(), 2);
    assert!(!sent.contains(&attempt(unit, 1)));
}

#[tokio::test]
async fn attempts_come_as_lambda_sends_them_and_bad_ones_harm_no_neighbour() {
    let world = World::start().await;
    world.announced(&id(0), &world.receiver.url("/hook"), None).await;
    assert_eq!(world.webhook.dispatch(sample("webhook-attempts.json")).await, Ok(nothing_failed()));
    assert_eq!(world.state(&id(0)).await, State::Delivered);
}

#[tokio::test]
async fn an_event_of_anything_else_is_refused() {
    let world = World::start().await;
    for event in
        [json!({}), json!([]), json!({"Records": 1}), json!({"Records": [{"eventSource": "aws:s3"}]})]
    {
        assert_eq!(world.webhook.dispatch(event).await, Err(Foreign));
    }
}
