//! Cancel and delete in the middle, and what is left of a deleted unit.

use std::time::Duration;

use domain::announce::announce;
use domain::message::Work;
use domain::unit::{Status, Unit};
use jiff::SignedDuration;
use store::Change;

use crate::gate::{Act, Request};
use crate::group::{plain, simulated};
use crate::world::{INVOCATION, World, event, record};

async fn cancel(world: &World, id: &domain::UnitId) {
    loop {
        let (seen, now) = (world.unit(id).await, world.clock.now());
        let counts = seen.counts.ended_as(domain::run::RunStatus::Cancelled);
        let ended = Unit { status: Status::Cancelled, completed_at: Some(now), counts, ..seen.clone() };
        if world.store.cancel(&seen, &ended, &announce(&ended, now)).await.expect("a table") == Change::Done {
            return;
        }
    }
}

async fn delete(world: &World, id: &domain::UnitId) {
    let (seen, now) = (world.unit(id).await, world.clock.now());
    let (due, gone) = (now + SignedDuration::from_secs(60), now + SignedDuration::from_hours(24));
    assert_eq!(world.store.delete(&seen, due, now, gone).await.expect("a table"), Change::Done);
}

#[tokio::test]
async fn a_cancel_in_the_middle_fences_the_holder_and_its_message_is_dropped() {
    let world = World::start().await;
    let id = world.create(simulated(&["", "never"])).await;
    let records = world.receive().await;
    let runner = world.runner();
    let cancels = async {
        world.until(&id, |unit| unit.counts.completed == 1).await;
        cancel(&world, &id).await;
        world.clock.advance(Duration::from_secs(16));
    };
    let (left, ()) = tokio::join!(world.invoke(&runner, records), cancels);
    assert_eq!(left, Vec::<String>::new());
    let ended = world.ended(&id).await;
    assert_eq!(
        (ended.status(), ended.unit.counts.completed, ended.unit.counts.cancelled),
        (Status::Cancelled, 1, 1)
    );
    assert_eq!(world.messages_left().await, 0);
}

#[tokio::test]
async fn a_delete_in_the_middle_leaves_a_tombstone_and_nothing_else() {
    let world = World::start().await;
    let id = world.create(plain(2)).await;
    // The holder has fetched a result and is about to store it when the unit is deleted and removed.
    world.gate.arm(Act::HoldBefore, 0, |request: &Request| {
        request.operation == "PutItem" && request.body.contains("\"R#")
    });
    let records = world.receive().await;
    let runner = world.runner();
    let deletes = async {
        world.gate.held().await;
        delete(&world, &id).await;
        let removed = world
            .runner()
            .invoke(event(vec![record("m9", &Work::Remove { id: id.clone() })]), INVOCATION)
            .await;
        assert!(removed.batch_item_failures.is_empty());
        world.gate.release();
    };
    let (left, ()) = tokio::join!(world.invoke(&runner, records), deletes);
    assert_eq!(left, Vec::<String>::new());
    let left: Vec<String> =
        world.everything().await.into_keys().filter(|key| key.contains(id.as_str())).collect();
    assert_eq!(
        left,
        [format!("units U#{id} META")],
        "what the holder wrote after the removal is removed too"
    );
}

#[tokio::test]
async fn a_removal_removes_everything_and_takes_the_tombstone_off_the_sweep() {
    let world = World::start().await;
    let id = world.create(simulated(&["", "huge", "fail"])).await;
    world.settle(&id).await;
    delete(&world, &id).await;
    assert!(world.store.unit(&id).await.expect("a table").is_none());
    let records = vec![record("m9", &Work::Remove { id: id.clone() })];
    for _ in 0..2 {
        let answer = world.runner().invoke(event(records.clone()), INVOCATION).await;
        assert!(answer.batch_item_failures.is_empty());
        let everything = world.everything().await;
        let left: Vec<_> = everything.iter().filter(|(key, _)| key.contains(id.as_str())).collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(left[0].0.ends_with("META") && !left[0].1.contains("due_at"), "{left:?}");
    }
}

#[tokio::test]
async fn a_removal_of_a_unit_that_is_not_deleted_removes_nothing() {
    let world = World::start().await;
    let id = world.create(plain(1)).await;
    let before = world.settle(&id).await.runs.len();
    world.runner().invoke(event(vec![record("m9", &Work::Remove { id: id.clone() })]), INVOCATION).await;
    assert_eq!(world.ended(&id).await.runs.len(), before);
}
