use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use aws_sdk_sqs::types::QueueAttributeName;

use super::queue::{Options, start};
use crate::doubles::testing::World;

#[tokio::test]
async fn a_batch_is_filled_for_its_window_by_the_clock() {
    let world = World::start().await;
    let queue = world.queue("q", &[(QueueAttributeName::VisibilityTimeout, "900")]).await;
    let (given, mut batches) = tokio::sync::mpsc::unbounded_channel();
    let options =
        Options { batch_size: 100, window: Duration::from_mins(5), concurrency: 1, in_flight: 1000 };
    let handler = move |event: SqsEvent| {
        given.send(event.records.len()).unwrap();
        async { Ok::<_, String>(SqsBatchResponse::default()) }
    };
    let mapping = start(world.sqs.clone(), &queue, options, world.clock.clone(), handler).await.unwrap();
    for minute in 0..5 {
        world.send(&queue, "m").await;
        while world.visible(&queue).await > 0 {}
        assert!(batches.try_recv().is_err(), "after {minute} minutes");
        world.pass(60);
    }
    assert_eq!(batches.recv().await, Some(5));
    mapping.stop().await;
}

#[tokio::test]
async fn no_more_handlers_run_at_once_than_allowed() {
    let world = World::start().await;
    let queue = world.queue("q", &[]).await;
    for n in 0..20 {
        world.send(&queue, &n.to_string()).await;
    }
    let running = Arc::new(Mutex::new((0_usize, 0_usize)));
    let (given, mut done) = tokio::sync::mpsc::unbounded_channel();
    let (seen, options) = (
        Arc::clone(&running),
        Options { batch_size: 1, window: Duration::ZERO, concurrency: 3, in_flight: 1000 },
    );
    let handler = move |_: SqsEvent| {
        let (running, given) = (Arc::clone(&seen), given.clone());
        async move {
            {
                let mut running = running.lock().unwrap();
                running.0 += 1;
                running.1 = running.1.max(running.0);
            }
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            running.lock().unwrap().0 -= 1;
            given.send(()).unwrap();
            Ok::<_, String>(SqsBatchResponse::default())
        }
    };
    let mapping = start(world.sqs.clone(), &queue, options, world.clock.clone(), handler).await.unwrap();
    for _ in 0..20 {
        done.recv().await.unwrap();
    }
    mapping.stop().await;
    assert_eq!(running.lock().unwrap().1, 3);
}

#[tokio::test]
async fn a_handler_that_never_ends_holds_up_nobody_until_there_is_no_room() {
    let world = World::start().await;
    let queue = world.queue("q", &[]).await;
    let (given, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let options = Options { batch_size: 10, window: Duration::ZERO, concurrency: 10, in_flight: 3 };
    let handler = move |event: SqsEvent| {
        for record in event.records {
            given.send(record.body.unwrap()).unwrap();
        }
        std::future::pending::<Result<SqsBatchResponse, String>>()
    };
    let mapping = start(world.sqs.clone(), &queue, options, world.clock.clone(), handler).await.unwrap();
    for body in ["a", "b", "c"] {
        world.send(&queue, body).await;
        assert_eq!(seen.recv().await.as_deref(), Some(body));
    }
    world.send(&queue, "d").await;
    assert_eq!(world.visible(&queue).await, 1, "it waits in the queue, for whoever has room");
    drop(mapping);
    assert!(seen.recv().await.is_none());
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_an_error_at_the_start() {
    let world = World::start().await;
    let options = Options { batch_size: 1, window: Duration::ZERO, concurrency: 1, in_flight: 1000 };
    let handler = |_: SqsEvent| async { Ok::<_, String>(SqsBatchResponse::default()) };
    let url = format!("{}/000000000000/none", world.doubles.endpoint());
    assert!(start(world.sqs.clone(), &url, options, world.clock.clone(), handler).await.is_err());
}
