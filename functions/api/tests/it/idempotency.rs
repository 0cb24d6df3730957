//! The same request under the same key has its effect once.

use std::time::Duration;

use serde_json::json;

use crate::world::{Answer, World, group, request, send};

const ONE: (&str, &str) = ("idempotency-key", "one");

async fn create(world: &World, headers: &[(&str, &str)], rows: &[&str]) -> Answer {
    world.ask("POST", "/v1beta/tasks/groups", headers, group(&json!(rows)).to_string()).await
}

async fn count(world: &World) -> u64 {
    world.get("/v1beta/tasks/groups").await.json()["count"].as_u64().expect("a number")
}

#[tokio::test]
async fn a_repeated_create_is_answered_the_same_and_creates_nothing() {
    let world = World::start().await;
    let first = create(&world, &[ONE], &["a"]).await;
    let again = create(&world, &[ONE], &["a"]).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (202, 202));
    assert_eq!(first.json(), again.json());
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!((count(&world).await, world.queues.taken("runs").len()), (1, 1));
    let text = create(&world, &[ONE, ("accept", "text/plain")], &["a"]).await;
    assert_eq!(text.text, first.header("location"));
}

#[tokio::test]
async fn another_request_under_the_same_key_is_409() {
    let world = World::start().await;
    let first = create(&world, &[ONE], &["a"]).await;
    assert_eq!(create(&world, &[ONE], &["b"]).await.status.as_u16(), 409);
    let append = format!("/{}/runs", first.id());
    let body = group(&json!(["a"])).to_string();
    let elsewhere = world.ask("POST", &append, &[ONE], body).await;
    assert_eq!(elsewhere.status.as_u16(), 409, "{}", elsewhere.text);
    assert_eq!(count(&world).await, 1);
}

#[tokio::test]
async fn two_owners_keys_never_meet_and_no_key_means_no_memory() {
    let world = World::start().await;
    create(&world, &[ONE], &["a"]).await;
    let other = create(&world, &[ONE, ("x-api-key", "another")], &["b"]).await;
    assert_eq!((other.status.as_u16(), other.header("idempotency-replayed")), (202, ""));
    create(&world, &[], &["a"]).await;
    create(&world, &[], &["a"]).await;
    assert_eq!(count(&world).await, 3);
}

#[tokio::test]
async fn of_two_creates_with_one_key_at_the_same_time_one_is_done_and_both_are_told_of_it() {
    let world = World::start().await;
    let mut held = world.gate.hold("TransactWriteItems");
    let body = group(&json!(["a"])).to_string();
    let slow = tokio::spawn({
        let (service, body) = (world.service.clone(), body.clone());
        async move { send(&service, request("POST", "/v1beta/tasks/groups", &[ONE], body)).await }
    });
    held.arrived().await;
    let quick = create(&world, &[ONE], &["a"]).await;
    held.release();
    let slow = slow.await.expect("an answer");
    assert_eq!((quick.id(), quick.header("idempotency-replayed")), (slow.id(), ""));
    assert_eq!((slow.json(), slow.header("idempotency-replayed")), (quick.json(), "true"));
    assert_eq!((count(&world).await, world.queues.taken("runs").len()), (1, 1));
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day_though_its_item_still_is_there() {
    let world = World::start().await;
    let first = create(&world, &[ONE], &["a"]).await;
    world.clock.advance(Duration::from_secs(24 * 3_600 - 10));
    assert_eq!(create(&world, &[ONE], &["a"]).await.id(), first.id());
    world.clock.advance(Duration::from_secs(20));
    assert_ne!(create(&world, &[ONE], &["b"]).await.id(), first.id());
}

#[tokio::test]
async fn a_faulty_request_and_a_dry_run_leave_the_key_unused() {
    let world = World::start().await;
    assert_eq!(create(&world, &[ONE], &[""]).await.status.as_u16(), 422);
    let mut dry = group(&json!(["a"]));
    dry["dry_run"] = true.into();
    assert_eq!(world.ask("POST", "/v1beta/tasks/groups", &[ONE], dry.to_string()).await.status.as_u16(), 200);
    assert_eq!(create(&world, &[ONE], &["a"]).await.status.as_u16(), 202);
}
