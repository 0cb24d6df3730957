//! Endpoints that fail everything: disabled after five days, enabled by a redelivery.

use std::time::Duration;

use domain::delivery::{Outcome, State};

use crate::world::{World, owner};

async fn is_disabled(world: &World, url: &str) -> bool {
    let hash = vault::digest(url.as_bytes());
    world.store.endpoint(&owner(), &hash).await.expect("a table").disabled_at.is_some()
}

/// An endpoint that has just been disabled, by the attempts of units 1 and 2.
async fn disabled() -> (World, String) {
    let world = World::start().await;
    world.receiver.fail();
    let url = world.receiver.url("/hook");
    let first = world.told(1, &url).await;
    while world.next().await {}
    assert_eq!(world.state(&first).await, State::Exhausted);
    assert!(!is_disabled(&world, &url).await, "three days of failures are not five");
    world.clock.advance(Duration::from_hours(48));
    let second = world.told(2, &url).await;
    world.settle().await;
    assert_eq!(world.state(&second).await, State::Disabled);
    assert!(is_disabled(&world, &url).await);
    (world, url)
}

#[tokio::test]
async fn an_endpoint_that_failed_everything_for_five_days_is_not_called_any_more_and_the_log_says_so() {
    let (world, url) = disabled().await;
    let calls = world.receiver.hits().len();
    let third = world.told(3, &url).await;
    let other = world.told(4, &world.receiver.url("/other")).await;
    world.receiver.recover();
    world.settle().await;
    assert_eq!(world.receiver.hits().len(), calls + 1, "other endpoints go on");
    assert_eq!(world.state(&other).await, State::Delivered);
    assert_eq!(world.state(&third).await, State::Disabled);
    let outcome = world.last_outcome(&third).await;
    assert!(matches!(&outcome, Outcome::Failed { reason } if reason.contains("disabled")), "{outcome:?}");
    assert_eq!(world.queues.all().len(), 0);
}

#[tokio::test]
async fn a_redelivery_enables_the_endpoint_again() {
    let (world, url) = disabled().await;
    let third = world.told(3, &url).await;
    world.settle().await;
    world.receiver.recover();
    world.redeliver(&third).await;
    world.settle().await;
    assert_eq!(world.state(&third).await, State::Delivered);
    assert!(!is_disabled(&world, &url).await);
    let fourth = world.told(4, &url).await;
    world.settle().await;
    assert_eq!(world.state(&fourth).await, State::Delivered);
}

#[tokio::test]
async fn a_redelivery_to_an_endpoint_that_still_fails_climbs_the_whole_ladder_again() {
    let (world, _) = disabled().await;
    let second = crate::world::id(2);
    world.redeliver(&second).await;
    while world.next().await {}
    assert_eq!(world.state(&second).await, State::Exhausted);
    let attempts = world.attempts(&second).await;
    assert_eq!((attempts.len(), attempts.last().map(|made| made.attempt)), (12, Some(12)));
}

#[tokio::test]
async fn one_success_forgets_every_failure() {
    let world = World::start().await;
    let url = world.receiver.url("/hook");
    world.receiver.reply([crate::receiver::Reply::Status(500)]);
    world.told(1, &url).await;
    world.settle().await;
    world.next().await;
    world.clock.advance(Duration::from_hours(24 * 6));
    world.receiver.fail();
    let later = world.told(2, &url).await;
    world.settle().await;
    assert!(matches!(world.state(&later).await, State::Pending { attempt: 2, .. }));
    assert!(!is_disabled(&world, &url).await);
}
