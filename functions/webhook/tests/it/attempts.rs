//! Messages that come twice, too late, or never; and what follows each attempt.

use std::collections::HashSet;
use std::time::Duration;

use domain::delivery::{LADDER, State};
use jiff::SignedDuration;
use metrics::Metric;
use store::Taken;

use crate::queues::Way;
use crate::world::{KEY, World, attempt, id};

#[tokio::test]
async fn a_message_that_comes_twice_is_one_attempt() {
    let world = World::start().await;
    world.receiver.fail();
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    // Side by side with its double, and again when its attempt is long over.
    world.queues.put(&attempt(&unit, 1));
    world.settle().await;
    world.queues.put(&attempt(&unit, 1));
    world.settle().await;
    assert_eq!(world.receiver.hits().len(), 1);
    assert_eq!(world.attempts(&unit).await.len(), 1);
    let next = world.queues.all();
    assert_eq!(next.len(), 1, "one attempt is followed by one message");
    assert_eq!(next[0].body, attempt(&unit, 2));
}

#[tokio::test]
async fn an_attempt_of_a_delivery_that_is_over_or_gone_or_not_yet_at_that_number_is_not_made() {
    let world = World::start().await;
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    world.queues.put(&attempt(&unit, 2));
    world.queues.put(&attempt(&id(9), 1));
    world.settle().await;
    world.queues.put(&attempt(&unit, 2));
    world.settle().await;
    assert_eq!(world.receiver.hits().len(), 1);
    assert_eq!(world.state(&unit).await, State::Delivered);
}

#[tokio::test]
async fn eleven_attempts_go_from_the_queue_to_schedules_under_one_webhook_id() {
    let world = World::start().await;
    world.receiver.fail();
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    let mut ways = Vec::new();
    loop {
        ways.extend(world.queues.all().iter().map(|sent| sent.way));
        if !world.next().await {
            break;
        }
    }
    assert_eq!(ways, [[Way::Queue; 4].as_slice(), [Way::Schedule; 7].as_slice()].concat());
    assert_eq!(world.state(&unit).await, State::Exhausted);
    let hits = world.receiver.hits();
    let ids: HashSet<_> = hits.iter().map(|hit| hit.header("webhook-id")).collect();
    let bodies: HashSet<_> = hits.iter().map(|hit| &hit.body).collect();
    assert_eq!((hits.len(), ids.len(), bodies.len()), (11, 1, 1));

    let attempts = world.attempts(&unit).await;
    assert_eq!(attempts.iter().map(|made| made.attempt).collect::<Vec<_>>(), (1..=11).collect::<Vec<_>>());
    for (pair, wait) in attempts.windows(2).zip(LADDER) {
        let waited = Duration::try_from(pair[1].at.duration_since(pair[0].at)).expect("in order");
        // A tenth of jitter, the whole seconds of queue and schedule, and the attempt itself.
        let longest = wait.mul_f64(1.1) + Duration::from_secs(20);
        assert!((wait..longest).contains(&waited), "{waited:?} for {wait:?}");
    }
}

#[tokio::test]
async fn a_message_lost_between_the_record_and_the_next_attempt_is_swept() {
    let world = World::start().await;
    world.receiver.fail();
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    world.queues.refuse(1);
    // The record is written, the next message is not sent: the old one has to come again.
    assert_eq!(world.hand(&world.webhook).await.len(), 1);
    assert_eq!(world.attempts(&unit).await.len(), 1);
    // It finds its number passed, and nobody knows of the second attempt any more.
    world.settle().await;
    assert_eq!((world.receiver.hits().len(), world.queues.all().len()), (1, 0));

    world.sweep().await;
    assert_eq!(world.queues.all().len(), 0, "its own message is given time");
    world.clock.advance(Duration::from_secs(70));
    world.sweep().await;
    world.sweep().await;
    world.receiver.recover();
    world.settle().await;
    assert_eq!(world.receiver.hits().len(), 2);
    assert_eq!(world.state(&unit).await, State::Delivered);
}

#[tokio::test]
async fn a_delivery_whose_stream_record_was_lost_is_swept() {
    let world = World::start().await;
    let unit = id(1);
    world.announced(&unit, &world.receiver.url("/hook"), None).await;
    world.clock.advance(Duration::from_secs(70));
    world.sweep().await;
    world.settle().await;
    assert_eq!(world.state(&unit).await, State::Delivered);
}

#[tokio::test]
async fn an_attempt_whose_taker_died_is_made_again_once_its_time_is_up() {
    let world = World::start().await;
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    let now = world.clock.now();
    let again_at = now + SignedDuration::from_secs(75);
    let taken = world.store.take_attempt(&unit, KEY, 1, again_at, now).await.expect("a table");
    assert!(matches!(taken, Taken::Yes(_)));
    // While it may still be under way, nobody else makes it.
    world.settle().await;
    assert_eq!(world.receiver.hits().len(), 0);
    world.clock.advance(Duration::from_secs(75 + 60));
    world.sweep().await;
    world.settle().await;
    assert_eq!(world.state(&unit).await, State::Delivered);
    assert_eq!(world.attempts(&unit).await.len(), 1);
}

#[tokio::test]
async fn a_message_that_is_none_of_ours_is_dropped_and_harms_no_neighbour() {
    let world = World::start().await;
    world.queues.put("hello");
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    world.queues.put(r#"{"v":2,"unit":"?"}"#);
    world.queues.put("");
    assert_eq!(world.hand(&world.webhook).await, Vec::<String>::new());
    assert_eq!(world.state(&unit).await, State::Delivered);
    assert_eq!(world.queues.all().len(), 0);
}

#[tokio::test]
async fn while_the_table_does_not_answer_messages_come_again() {
    let world = World::start().await;
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    world.queues.put("hello");
    let stranded = world.webhook_without_tables().await;
    assert_eq!(world.hand(&stranded).await.len(), 1);
    world.settle().await;
    assert_eq!(world.state(&unit).await, State::Delivered);
}

#[tokio::test]
async fn a_delivery_started_again_while_an_attempt_is_under_way_goes_on_from_there() {
    let world = World::start().await;
    world.receiver.reply([crate::receiver::Reply::Hang]);
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    let first = async { world.hand(&world.webhook).await };
    let meanwhile = async {
        world.receiver.after(1).await;
        world.redeliver(&unit).await;
        world.receiver.release();
    };
    let (failed, ()) = tokio::join!(first, meanwhile);
    assert_eq!(failed, Vec::<String>::new());
    assert_eq!(world.attempts(&unit).await.len(), 0, "its record would overwrite what was asked for");
    world.settle().await;
    assert_eq!(world.state(&unit).await, State::Delivered);
    assert_eq!(world.receiver.hits().len(), 2);
}

#[tokio::test]
async fn attempts_are_counted_by_what_came_of_them() {
    let world = World::start().await;
    world.receiver.fail();
    let unit = world.told(1, &world.receiver.url("/hook")).await;
    world.settle().await;
    let count = |metric| world.webhook.metrics().now(metric);
    assert_eq!((count(Metric::DeliveriesAnnounced), count(Metric::Attempts)), (1, 1));
    assert_eq!((count(Metric::AttemptsFailed), count(Metric::DeliveriesMade)), (1, 0));
    // Its double is no attempt.
    world.queues.put(&attempt(&unit, 1));
    world.settle().await;
    assert_eq!(count(Metric::Attempts), 1);
    while world.next().await {}
    assert_eq!((count(Metric::Attempts), count(Metric::AttemptsFailed)), (11, 10));
    assert_eq!((count(Metric::DeliveriesGivenUp), count(Metric::DeliveriesMade)), (1, 0));
    assert!(count(Metric::WriteUnits) >= 22, "each attempt is taken and recorded");
}
