//! Units that kill their runners.

use domain::UnitId;
use domain::message::{self, Work};
use domain::poison;
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
async fn from_the_third_time_on_a_unit_is_driven_alone_until_it_gets_on() {
    let world = World::start().await;
    let suspect = world.create(plain(1)).await;
    for _ in 0..2 {
        dies(&world).await;
    }
    let innocent = world.create(simulated(&["never"])).await;
    let records = world.receive().await;
    assert_eq!(records.len(), 2);
    assert_eq!(world.invoke(&world.runner(), records).await, Vec::<String>::new());
    let (alone, left) = (world.unit(&suspect).await, world.unit(&innocent).await);
    assert!(left.modified_at <= alone.modified_at, "its company had left before it began");
    assert_eq!((alone.lease.fruitless, left.lease.fruitless), (0, 0), "both were handed over in order");
    let mut handed_over: Vec<_> =
        world.receive().await.into_iter().filter_map(|record| record.body).collect();
    handed_over.sort();
    assert_eq!(
        handed_over,
        [Work::unit(suspect, 1), Work::unit(innocent, 1)].map(|work| message::write(&work))
    );
}

#[tokio::test]
async fn a_unit_that_has_killed_its_runners_comes_to_its_end_all_the_same() {
    let world = World::start().await;
    let suspect = world.create(plain(1)).await;
    for _ in 0..2 {
        dies(&world).await;
    }
    let ended = world.settle(&suspect).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 1));
}

#[tokio::test]
async fn a_unit_that_waits_to_be_alone_makes_way_for_a_newer_message() {
    let world = World::start().await;
    let suspect = world.create(plain(1)).await;
    for _ in 0..2 {
        dies(&world).await;
    }
    let innocent = world.create(simulated(&["never"])).await;
    // It never gets as far as leaving.
    world.gate.arm(Act::HoldBefore, 0, move |request| {
        request.is_checkpoint() && request.body.contains(innocent.as_str())
    });
    let (runner, records) = (world.runner(), world.receive().await);
    let together = world.invoke(&runner, records);
    let newer = async {
        world.until(&suspect, |unit| unit.lease.fruitless == 3).await;
        world.send(&suspect, 0).await;
        let records = world.receive().await;
        assert_eq!(world.invoke(&runner, records).await, Vec::<String>::new());
    };
    tokio::select! {
        _ = together => panic!("its company never leaves"),
        () = newer => {}
    }
    assert_eq!(fruitless(&world, &suspect).await, 0);
}

#[tokio::test]
async fn messages_that_cross_do_not_make_a_unit_suspicious() {
    let world = World::start().await;
    let id = world.create(plain(1)).await;
    dies(&world).await;
    let (now, soon) = (world.clock.now(), poison::crossed_after(world.settings.lease, world.clock.now()));
    for message in ["m1", "m2", "m3", "m4", "m5", "m6"] {
        world.store.claim(&id, 0, message, now, soon, now).await.expect("a table");
    }
    assert_eq!(fruitless(&world, &id).await, 2, "one that died, and one that may be about to");
    world.leases_pass();
    assert_eq!(world.settle(&id).await.status(), Status::Completed);
}
