//! What a reader is told is stored before: held against the tables after each single write of a holder, the last one included.

use domain::UnitId;
use domain::run::{Run, RunStatus};
use domain::unit::Status;
use futures::TryStreamExt;
use simulator::{Effect, Endpoint, Fault};

use crate::gate::{Act, Request};
use crate::group::{Group, plain, task};
use crate::world::{Setup, World};

/// Sees that all that is announced of the unit, as it stands in the tables now, stands there too; returns its status.
async fn announced_is_stored(world: &World, id: &UnitId, after: &str) -> Status {
    // The unit is read first, as readers do.
    let unit = world.unit(id).await;
    let runs: Vec<Run> = world.store.runs(id, 0..unit.rows()).try_collect().await.expect("readable runs");
    let is_stored = |index: u32, status: RunStatus| {
        let run = runs.iter().find(|run| run.index == index);
        run.is_some_and(|run| {
            run.status == status && run.output.is_some() == (status == RunStatus::Completed)
        })
    };
    let flushes = world.store.all_events(id).await.expect("a table");
    assert!(flushes.len() as u64 >= unit.seq, "after {after}, a flush is announced that is not there");
    for (_, flush) in flushes.iter().filter(|(seq, _)| *seq <= unit.seq) {
        for (index, status, _) in flush.runs.iter().filter(|(_, status, _)| status.is_terminal()) {
            assert!(is_stored(*index, *status), "after {after}, row {index} is told to be {status:?}");
        }
        for told in flush.told.iter().filter(|told| told.data.get().contains(r#""status":"completed""#)) {
            assert!(is_stored(0, RunStatus::Completed), "after {after}, this is told: {}", told.data);
        }
    }
    if unit.status == Status::Completed {
        let missing: Vec<u32> =
            (0..unit.rows()).filter(|row| !is_stored(*row, RunStatus::Completed)).collect();
        assert!(missing.is_empty(), "after {after}, the unit is completed without {missing:?}");
        assert_eq!(unit.counts.completed, unit.rows());
    }
    unit.status
}

/// Lets a holder of such a unit come as far as its first write, its second, and so on, and as far as that which ends the unit; looks after each.
async fn after_each_write(world: &World, make: impl Fn() -> Group) {
    let ends = |request: &Request| request.is_write() && request.body.contains(":ended");
    let id = world.create(make()).await;
    world.gate.arm(Act::HoldAfter, 0, ends);
    assert!(world.dies_when_held(world.receive().await).await, "no write ends the unit");
    assert_eq!(announced_is_stored(world, &id, "the end").await, Status::Completed);
    for write in 0.. {
        let id = world.create(make()).await;
        world.gate.arm(Act::HoldAfter, write, Request::is_write);
        let died = world.dies_when_held(world.receive().await).await;
        let status = announced_is_stored(world, &id, &format!("write {write}")).await;
        if !died {
            assert!(status == Status::Completed && write >= 4, "it is looked at after {write} writes");
            return;
        }
    }
}

#[tokio::test]
async fn no_end_of_a_task_is_told_before_its_result_is_stored() {
    let world = World::start().await;
    after_each_write(&world, || task("")).await;
    // Without the run's own stream the result comes by a call.
    let refused = Effect::Status { status: 500, retry_after: None, message: None };
    world.simulator.faults().add(Fault::on(Endpoint::RunEvents, refused));
    after_each_write(&world, || task("")).await;
}

#[tokio::test]
async fn no_end_of_a_group_or_of_its_rows_is_told_before_the_results_are_stored() {
    for rows in [1, 9] {
        let world = World::with(Setup::default()).await;
        after_each_write(&world, || plain(rows)).await;
    }
}
