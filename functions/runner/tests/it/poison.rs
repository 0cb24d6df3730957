//! Units that kill their runners.

use std::time::Duration;

use domain::UnitId;
use domain::unit::Status;

use crate::gate::{Act, Request};
use crate::group::{plain, simulated};
use crate::world::World;

/// A runner that dies before it has achieved anything for this unit.
async fn dies(world: &World) {
    world.gate.arm(Act::HoldBefore, 0, Request::is_checkpoint);
    assert!(world.dies_when_held(world.receive().await).await);
    world.leases_pass();
}

async fn fruitless(world: &World, id: &UnitId) -> u32 {
    world.unit(id).await.lease.fruitless
}

#[tokio::test]
async fn a_unit_that_comes_to_nothing_five_times_fails_and_says_so() {
    let world = World::start().await;
    let id = world.create(plain(1)).await;
    for deaths in 1..=5 {
        dies(&world).await;
        assert_eq!(fruitless(&world, &id).await, deaths);
    }
    let ended = world.settle(&id).await;
    assert_eq!((ended.status(), ended.failure(), ended.bought.len()), (Status::Failed, Some("poison"), 0));
    assert_eq!(ended.told()["data"]["error"]["code"], "poison");
    assert_eq!(ended.unit.counts.failed, 1);
}

#[tokio::test]
async fn a_unit_that_gets_on_in_between_is_no_poison() {
    let world = World::start().await;
    let id = world.create(plain(1)).await;
    for _ in 0..4 {
        dies(&world).await;
    }
    // The fifth gets as far as its specification, and dies then.
    world.gate.arm(Act::HoldAfter, 1, Request::is_checkpoint);
    assert!(world.dies_when_held(world.receive().await).await);
    world.leases_pass();
    assert_eq!(fruitless(&world, &id).await, 0);
    dies(&world).await;
    assert_eq!(world.settle(&id).await.status(), Status::Completed);
}

#[tokio::test]
async fn from_the_third_time_on_a_unit_is_driven_alone() {
    let world = World::start().await;
    let suspect = world.create(plain(1)).await;
    for _ in 0..2 {
        dies(&world).await;
    }
    let innocent = world.create(simulated(&["seconds=0.3"])).await;
    let records = world.receive().await;
    assert_eq!(records.len(), 2);
    assert_eq!(world.invoke(&world.runner(), records).await, Vec::<String>::new());
    let (suspect, innocent) = (world.ended(&suspect).await, world.ended(&innocent).await);
    assert_eq!((suspect.status(), innocent.status()), (Status::Completed, Status::Completed));
    let bought = suspect.bought[0].created_at;
    let over = innocent.bought[0].ends_at.expect("it is over");
    assert!(bought >= over, "it waited for its company to be over: {bought} {over}");
}

#[tokio::test]
async fn a_unit_that_waits_to_be_alone_makes_way_for_a_newer_message() {
    let world = World::start().await;
    let suspect = world.create(plain(1)).await;
    for _ in 0..2 {
        dies(&world).await;
    }
    world.create(simulated(&["never"])).await;
    let (runner, records) = (world.runner(), world.receive().await);
    let together = world.invoke(&runner, records);
    let newer = async {
        world.until(&suspect, |unit| unit.lease.fruitless == 3).await;
        world.send(&suspect, 0).await;
        let records = world.receive().await;
        assert_eq!(world.invoke(&runner, records).await, Vec::<String>::new());
    };
    tokio::select! {
        _ = together => panic!("its company never ends"),
        () = newer => {}
    }
    assert_eq!(world.ended(&suspect).await.status(), Status::Completed);
}

#[tokio::test]
async fn the_sweep_leaves_a_unit_in_peace_that_is_driven_alone() {
    let world = World::start().await;
    let suspect = world.create(simulated(&["never"])).await;
    for _ in 0..2 {
        dies(&world).await;
    }
    let innocent = world.create(simulated(&["never"]).with(|spec| spec.timeout_seconds = Some(100))).await;
    let (runner, records) = (world.runner(), world.receive().await);
    let drives = world.invoke(&runner, records);
    let looks = async {
        let claimed = world.until(&suspect, |unit| unit.lease.fruitless == 3).await;
        world.until(&innocent, |unit| unit.counts.queued + unit.counts.running == 1).await;
        world.clock.advance(Duration::from_secs(101));
        let alone = world.until(&suspect, |unit| unit.lease.due_at > claimed.lease.due_at).await;
        let later = alone.lease.due_at.expect("a time").duration_since(claimed.lease.due_at.expect("a time"));
        assert!(later.as_secs() >= 60, "its slice began anew: {later}");
    };
    tokio::select! {
        left = drives => panic!("{left:?}"),
        () = looks => {}
    }
}
