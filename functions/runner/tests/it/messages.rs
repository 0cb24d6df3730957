//! Messages that cross: of equal hop, stale, delivered twice, poison.

use domain::message::Work;
use domain::unit::Status;
use simulator::Endpoint;

use crate::group::{plain, simulated};
use crate::world::{INVOCATION, World, event, record};

fn work(id: &domain::UnitId, hop: u32) -> Work {
    Work::unit(id.clone(), hop)
}

#[tokio::test]
async fn of_two_messages_of_equal_hop_the_fenced_one_is_dropped_and_the_holders_stays() {
    let world = World::start().await;
    let id = world.create_silently(simulated(&["never"])).await;
    let (first, second) = (world.runner(), world.runner());
    let older = first.invoke(event(vec![record("m1", &work(&id, 0))]), INVOCATION);
    let newer = async {
        world
            .until(&id, |unit| {
                unit.progress.upstream_group.is_some()
                    && unit.progress.adding.is_none()
                    && unit.counts.pending == 0
            })
            .await;
        let takes_over = second.invoke(event(vec![record("m2", &work(&id, 0))]), INVOCATION);
        let cancelled = async {
            let claimed = world.until(&id, |unit| unit.lease.holder.as_deref() == Some("m2")).await;
            // The older one finds out at its next look.
            world.clock.advance(std::time::Duration::from_secs(16));
            claimed.lease.epoch
        };
        tokio::pin!(takes_over);
        tokio::select! {
            answer = &mut takes_over => panic!("{answer:?}"),
            epoch = cancelled => epoch,
        }
    };
    let (answer, epoch) = tokio::join!(older, newer);
    assert!(answer.batch_item_failures.is_empty(), "the fenced message is dropped: {answer:?}");
    let unit = world.unit(&id).await;
    assert_eq!((unit.lease.epoch, unit.lease.holder.as_deref()), (epoch, Some("m2")));
    assert_eq!(world.simulator.ledger().requests(Endpoint::AddRuns), 1);
}

#[tokio::test]
async fn a_fenced_runner_leaves_the_message_that_is_its_fencers_lease() {
    let world = World::start().await;
    let id = world.create_silently(simulated(&["never"])).await;
    let (first, second) = (world.runner(), world.runner());
    let older = first.invoke(event(vec![record("m1", &work(&id, 0))]), INVOCATION);
    let again = async {
        world.until(&id, |unit| unit.counts.queued + unit.counts.running == 1).await;
        let takes_over = second.invoke(event(vec![record("m1", &work(&id, 0))]), INVOCATION);
        let looks = async {
            world.until(&id, |unit| unit.lease.epoch == 2).await;
            world.clock.advance(std::time::Duration::from_secs(16));
            std::future::pending::<()>().await;
        };
        tokio::select! {
            answer = takes_over => panic!("{answer:?}"),
            () = looks => {}
        }
    };
    tokio::select! {
        answer = older => {
            let stays: Vec<_> = answer.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
            assert_eq!(stays, ["m1"], "whoever deleted it would take the holder's lease away");
        }
        () = again => panic!("the newer runner goes on"),
    }
}

#[tokio::test]
async fn a_message_with_an_older_hop_is_dropped_and_drives_nothing() {
    let world = World::start().await;
    let id = world.create_silently(plain(1)).await;
    let now = world.clock.now();
    world.store.claim(&id, 3, "m3", now, jiff::Timestamp::MAX, now).await.expect("a table");
    let answer = world.runner().invoke(event(vec![record("m2", &work(&id, 2))]), INVOCATION).await;
    assert!(answer.batch_item_failures.is_empty());
    let unit = world.unit(&id).await;
    assert_eq!((unit.lease.epoch, unit.lease.hop, unit.lease.holder.as_deref()), (1, 3, Some("m3")));
    assert_eq!(world.simulator.ledger().runs().len(), 0);
}

#[tokio::test]
async fn a_message_received_again_in_one_process_stops_the_older_driver_first() {
    let world = World::start().await;
    let id = world.create_silently(simulated(&["never", ""])).await;
    let runner = world.runner();
    let older = runner.invoke(event(vec![record("m1", &work(&id, 0))]), INVOCATION);
    let newer = async {
        world.until(&id, |unit| unit.counts.completed == 1).await;
        let newer = runner.invoke(event(vec![record("m1", &work(&id, 0))]), INVOCATION);
        tokio::select! {
            answer = newer => panic!("{answer:?}"),
            unit = world.until(&id, |unit| unit.lease.epoch == 2) => unit,
        }
    };
    let (answer, unit) = tokio::join!(older, newer);
    assert_eq!(answer.batch_item_failures.len(), 1, "the message is the newer driver's lease");
    assert_eq!(unit.counts.completed, 1, "the older one wrote what it knew before it left");
}

#[tokio::test]
async fn many_messages_of_one_unit_at_once_are_no_poison() {
    let world = World::start().await;
    let id = world.create_silently(plain(2)).await;
    for _ in 0..9 {
        world.send(&id, 0).await;
    }
    let records = world.receive().await;
    assert_eq!(records.len(), 9);
    assert_eq!(world.invoke(&world.runner(), records).await, Vec::<String>::new());
    let ended = world.ended(&id).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 2));
}

#[tokio::test]
async fn many_runners_that_claim_one_unit_at_once_are_no_poison() {
    let world = World::start().await;
    let id = world.create(plain(2)).await;
    // However long nothing happened before.
    world.clock.advance(std::time::Duration::from_mins(10));
    for at in 0..8 {
        let now = world.clock.now();
        world.store.claim(&id, 0, &format!("m{at}"), now, jiff::Timestamp::MAX, now).await.expect("a table");
    }
    let ended = world.settle(&id).await;
    assert_eq!((ended.status(), ended.failure()), (Status::Completed, None));
}

#[tokio::test]
async fn a_message_of_a_unit_that_is_over_or_was_never_there_is_dropped() {
    let world = World::start().await;
    let id = world.create(plain(1)).await;
    let epoch = world.settle(&id).await.unit.lease.epoch;
    let stranger = domain::UnitId::from_bits([200; 16]);
    let records = vec![record("m8", &work(&id, 7)), record("m9", &work(&stranger, 0))];
    assert!(world.runner().invoke(event(records), INVOCATION).await.batch_item_failures.is_empty());
    assert_eq!(world.unit(&id).await.lease.epoch, epoch);
}

#[tokio::test]
async fn a_message_that_the_queue_gives_out_twice_buys_once() {
    let world = World::start().await;
    let id = world.create(plain(2)).await;
    world.doubles.sqs().inject("runs", multitask::doubles::sqs::Fault::Duplicate, 1);
    let (first, second) = (world.receive().await, world.receive().await);
    assert_eq!(first[0].message_id, second[0].message_id);
    let (one, two) = (world.runner(), world.runner());
    tokio::join!(world.invoke(&one, first), world.invoke(&two, second));
    if !world.unit(&id).await.status.is_terminal() {
        world.leases_pass();
    }
    let ended = world.settle(&id).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 2));
}
