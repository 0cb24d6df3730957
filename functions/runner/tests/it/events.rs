//! The samples of `events/`, as Lambda sends them, through the handler.

use aws_lambda_events::event::sqs::SqsEvent;
use domain::UnitId;
use domain::unit::Status;
use jiff::SignedDuration;
use store::Change;

use crate::group::plain;
use crate::world::{INVOCATION, World};

fn sample(name: &str) -> SqsEvent {
    let path = format!("{}/../../events/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).expect("an event of SQS")
}

/// The unit that the samples name.
fn id() -> UnitId {
    UnitId::from_bits([0; 16])
}

async fn nothing_fails(world: &World, name: &str) {
    let answer = world.runner().invoke(sample(name), INVOCATION).await;
    assert!(answer.batch_item_failures.is_empty(), "{name}: {answer:?}");
}

#[tokio::test]
async fn a_units_message_drives_it_to_its_end() {
    let world = World::start().await;
    world.create_as(id(), plain(2)).await;
    nothing_fails(&world, "runner-unit.json").await;
    assert_eq!(world.ended(&id()).await.status(), Status::Completed);
    nothing_fails(&world, "runner-unit.json").await;
}

#[tokio::test]
async fn a_stale_message_is_dropped() {
    let world = World::start().await;
    world.create_as(id(), plain(2)).await;
    let now = world.clock.now();
    world.store.claim(&id(), 1, "another", now, jiff::Timestamp::MAX, now).await.expect("a table");
    nothing_fails(&world, "runner-stale.json").await;
    assert_eq!(world.unit(&id()).await.lease.epoch, 1);
}

#[tokio::test]
async fn messages_that_nobody_can_read_are_dropped_and_harm_no_neighbour() {
    let world = World::start().await;
    world.create_as(id(), plain(2)).await;
    nothing_fails(&world, "runner-poison.json").await;
    assert_eq!(world.ended(&id()).await.status(), Status::Completed);
}

#[tokio::test]
async fn a_sweep_sends_what_is_due() {
    let world = World::start().await;
    world.create_as(id(), plain(2)).await;
    world.clock.advance(std::time::Duration::from_secs(61));
    nothing_fails(&world, "runner-sweep.json").await;
    assert_eq!(world.messages_left().await, 1);
}

#[tokio::test]
async fn a_removal_removes_a_deleted_unit() {
    let world = World::start().await;
    world.create_as(id(), plain(2)).await;
    let (seen, now) = (world.unit(&id()).await, world.clock.now());
    let gone = now + SignedDuration::from_hours(24);
    assert_eq!(world.store.delete(&seen, now, now, gone).await.expect("a table"), Change::Done);
    nothing_fails(&world, "runner-remove.json").await;
    assert_eq!(world.everything().await.len(), 1, "its tombstone");
}
