//! Many units with something to tell at once: their flushes are written together, and each stands or falls by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::UnitId;
use domain::event::Flush;
use domain::run::{Counts, RunStatus};
use domain::unit::{Status, Unit};
use store::Claim;

use crate::gate::{Act, Request};
use crate::group::simulated;
use crate::world::{Setup, World};

/// How many flushes a transaction carries.
fn flushes(request: &Request) -> usize {
    if request.operation == "TransactWriteItems" { request.body.matches("\"E#").count() } else { 0 }
}

/// A world whose runners write one flush at a time.
async fn busy() -> World {
    let mut setup = Setup::default();
    setup.settings.writes = 1;
    World::with(setup).await
}

async fn create(world: &World, units: usize) -> Vec<UnitId> {
    let mut ids = Vec::new();
    for _ in 0..units {
        ids.push(world.create(simulated(&["", "fail", "seconds=0.2"])).await);
    }
    ids
}

/// Returns once each of the units has announced what it buys: then it is about to tell, or held in the middle of that.
async fn have_something_to_tell(world: &World, ids: &[UnitId]) {
    for id in ids {
        world.until(id, |unit| unit.progress.adding.is_some()).await;
    }
}

/// All units end as one that is alone does.
async fn all_is_well(world: &World, ids: &[UnitId]) {
    for id in ids {
        let ended = world.settle(id).await;
        assert_eq!(ended.statuses(), ["completed", "failed", "completed"]);
        let mut marks = ended.marks();
        marks.sort();
        assert_eq!(marks, ["0.1", "1.1", "2.1"]);
    }
}

#[tokio::test]
async fn what_waits_while_the_table_is_busy_is_written_in_one_request() {
    let world = busy().await;
    let ids = create(&world, 8).await;
    world.gate.arm(Act::HoldBefore, 0, |request| request.flush().is_some());
    let most = Arc::new(AtomicUsize::new(0));
    let stuck = async {
        world.gate.held().await;
        have_something_to_tell(&world, &ids).await;
        let seen = Arc::clone(&most);
        world.gate.arm(Act::Conflict, 0, move |request| {
            seen.fetch_max(flushes(request), Ordering::Relaxed);
            false
        });
        world.gate.release();
    };
    let records = world.receive().await;
    let runner = world.runner();
    let (stay, ()) = tokio::join!(world.invoke(&runner, records), stuck);
    assert_eq!(stay, Vec::<String>::new());
    assert!(most.load(Ordering::Relaxed) > 1, "nothing was written together");
    all_is_well(&world, &ids).await;
}

/// A runner dies with several flushes in one request, which `act` keeps from the table or only its answer from the runner.
async fn dies_in_the_middle(act: Act) {
    let world = busy().await;
    let ids = create(&world, 8).await;
    world.gate.arm(Act::HoldBefore, 0, |request| request.flush().is_some());
    let records = world.receive().await;
    let runner = world.runner();
    let dies = async {
        world.gate.held().await;
        have_something_to_tell(&world, &ids).await;
        world.gate.arm(act, 0, |request| flushes(request) > 1);
        world.gate.release();
        world.gate.held().await;
    };
    tokio::select! {
        stay = world.invoke(&runner, records) => panic!("it came to its end: {stay:?}"),
        () = dies => {}
    }
    world.leases_pass();
    all_is_well(&world, &ids).await;
}

#[tokio::test]
async fn a_runner_that_dies_before_a_joint_write_loses_nothing() {
    dies_in_the_middle(Act::HoldBefore).await;
}

#[tokio::test]
async fn a_runner_that_dies_after_a_joint_write_repeats_nothing() {
    dies_in_the_middle(Act::HoldAfter).await;
}

/// Claims the unit and makes a flush of its next sequence.
async fn held(world: &World, id: &UnitId, message: &str) -> (Unit, Flush) {
    let now = world.clock.now();
    let claim = world
        .store
        .claim(id, 0, message, now + jiff::SignedDuration::from_mins(1), jiff::Timestamp::MAX, now)
        .await
        .expect("a table");
    let Claim::Won(mut unit) = claim else { panic!("the claim was refused") };
    unit.seq += 1;
    let flush = Flush {
        at: now,
        status: Status::Running,
        counts: Counts { completed: 1, pending: 2, ..Counts::default() },
        runs: vec![(0, RunStatus::Completed, 1)],
        told: Vec::new(),
        message: None,
    };
    (*unit, flush)
}

#[tokio::test]
async fn one_that_is_refused_is_left_out_and_sinks_no_other() {
    let world = World::start().await;
    let ids = create(&world, 4).await;
    let mut all = Vec::new();
    for id in &ids {
        all.push(held(&world, id, "the one").await);
    }
    // The second is somebody else's by now, and in the third's place stands what a predecessor wrote and never announced.
    let (stranger, _) = held(&world, &ids[1], "another").await;
    let mut unannounced = all[2].0.clone();
    unannounced.lease.epoch -= 1;
    assert!(matches!(world.store.flush(&unannounced, &all[2].1).await, Ok(store::Saved::Fenced(_))));

    let ready: Vec<_> =
        all.iter().map(|(unit, flush)| world.store.ready(unit, flush).expect("it is ready")).collect();
    assert_eq!(world.store.flush_together(&ready).await, [true, false, false, true]);
    for (at, (id, written)) in ids.iter().zip([true, false, false, true]).enumerate() {
        let unit = world.unit(id).await;
        assert_eq!(unit.seq, u64::from(written), "{at}");
        assert_eq!(
            world.store.events(id, 0, unit.seq).await.expect("a table").len(),
            usize::from(written),
            "{at}"
        );
    }
    assert!(
        world.store.all_events(&ids[1]).await.expect("a table").is_empty(),
        "nothing of the stranger's is touched"
    );
    assert_eq!(world.unit(&ids[1]).await.lease.epoch, stranger.lease.epoch);
}
