//! Holders that die, wherever it hurts, and what their successors make of it.

use domain::UnitId;
use domain::event::Flush;
use domain::run::{Bought, Counts, Purchase, Run, RunStatus};
use domain::unit::Status;
use jiff::SignedDuration;
use serde_json::{json, value::to_raw_value};
use simulator::Endpoint;
use store::{Claim, Saved};

use crate::gate::{Act, Request};
use crate::group::{Group, plain, simulated};
use crate::world::{World, key_of};

/// A group with a row that completes, one that fails for good, and one that does after another attempt.
fn eventful() -> Group {
    simulated(&["", "fail", ""]).with(|spec| spec.retry_failed = 1)
}

async fn dies_at_each_write(act: Act) {
    let world = World::start().await;
    for write in 0.. {
        let id = world.create(eventful()).await;
        world.gate.arm(act, write, Request::is_write);
        let died = world.dies_when_held(world.receive().await).await;
        if died {
            world.leases_pass();
        }
        let ended = world.settle(&id).await;
        assert_eq!(ended.statuses(), ["completed", "failed", "completed"], "{act:?} {write}");
        let mut marks = ended.marks();
        marks.sort();
        assert_eq!(marks, ["0.1", "1.1", "1.2", "2.1"], "{act:?} {write}");
        assert_eq!((ended.runs[1].attempt, ended.runs[1].past.len()), (2, 1), "{act:?} {write}");
        assert_eq!(ended.unit.progress.warnings, Vec::<String>::new());
        if !died {
            assert!(write > 8, "it died in all its phases");
            return;
        }
    }
}

#[tokio::test]
async fn a_holder_that_dies_before_any_of_its_writes_is_succeeded_without_loss_or_double() {
    dies_at_each_write(Act::HoldBefore).await;
}

#[tokio::test]
async fn a_holder_that_dies_after_any_of_its_writes_is_succeeded_without_loss_or_double() {
    dies_at_each_write(Act::HoldAfter).await;
}

#[tokio::test]
async fn a_successor_dies_too_and_nothing_is_lost() {
    let world = World::start().await;
    let id = world.create(eventful()).await;
    for write in 1..5 {
        world.gate.arm(Act::HoldAfter, write, Request::is_write);
        assert!(world.dies_when_held(world.receive().await).await, "it dies at write {write}");
        world.leases_pass();
    }
    let ended = world.settle(&id).await;
    assert_eq!(ended.statuses(), ["completed", "failed", "completed"]);
    assert_eq!(ended.bought.len(), 4);
}

/// Claims the unit as a runner whose message will come back would.
async fn claim(world: &World, id: &UnitId) -> domain::unit::Unit {
    let now = world.clock.now();
    let record = world.receive_one().await;
    let message = record.message_id.expect("an id");
    let claim = world.store.claim(id, 0, &message, now, jiff::Timestamp::MAX, now).await.expect("a table");
    let Claim::Won(unit) = claim else { panic!("{claim:?}") };
    world
        .queue
        .extend(
            &[queue::Receipt { from: queue::Line::Runs, handle: record.receipt_handle.expect("a receipt") }],
            world.settings.lease,
        )
        .await
        .expect("a queue");
    *unit
}

fn completed(index: u32) -> Run {
    let output = json!({"type": "text", "content": "by the predecessor", "basis": []});
    Run {
        index,
        status: RunStatus::Completed,
        attempt: 1,
        run_id: Some("trun_predecessor".to_owned()),
        output: Some(to_raw_value(&output).expect("JSON").into()),
        error: None,
        warnings: Vec::new(),
        created_at: None,
        finished_at: None,
        cached: false,
        past: Vec::new(),
    }
}

#[tokio::test]
async fn a_run_and_a_flush_that_were_never_announced_are_taken_in() {
    let world = World::start().await;
    let id = world.create(plain(3)).await;
    let mut unit = claim(&world, &id).await;
    let expires = unit.expires_at;
    assert!(world.store.put_runs(&id, unit.lease.epoch, &[completed(1)], expires).await.expect("a table"));
    unit.seq = 1;
    let flush = Flush {
        at: world.clock.now(),
        status: Status::Running,
        counts: Counts { completed: 1, pending: 2, ..Counts::default() },
        runs: vec![(1, RunStatus::Completed, 1)],
        told: Vec::new(),
        message: None,
    };
    // Dies between the flush and the unit.
    world.gate.arm(Act::HoldBefore, 0, |request| request.operation == "UpdateItem");
    tokio::select! {
        saved = world.behind_the_gate().flush(&unit, &flush) => panic!("{saved:?}"),
        () = world.gate.held() => {}
    }
    assert_eq!(world.unit(&id).await.seq, 0);
    world.leases_pass();
    let ended = world.settle(&id).await;
    assert_eq!(
        (ended.status(), ended.marks()),
        (Status::Completed, vec!["0.1".to_owned(), "2.1".to_owned()])
    );
    assert_eq!(ended.output(1)["content"], "by the predecessor");
    assert_eq!(ended.flushes[0], flush, "what was written stands");
}

#[tokio::test]
async fn a_flush_that_a_predecessor_publishes_late_is_not_told_again() {
    let world = World::start().await;
    let id = world.create(simulated(&["", "seconds=0.5"])).await;
    let old = claim(&world, &id).await;
    world.leases_pass();
    // The successor is about to tell the end of the first row when the predecessor's flush of the same end arrives.
    let (held_at, seq) = std::sync::mpsc::channel();
    world.gate.arm(Act::HoldBefore, 0, move |request| match request.flush() {
        Some((seq, flush)) if flush.contains("[[0,\"completed\",1]]") => held_at.send(seq).is_ok(),
        _ => false,
    });
    let records = world.receive().await;
    let runner = world.runner();
    let successor = world.invoke(&runner, records);
    let late = async {
        world.gate.held().await;
        let mut unit = old;
        unit.seq = seq.recv().expect("the sequence of the flush that is held");
        let flush = Flush {
            at: world.clock.now(),
            status: Status::Running,
            counts: Counts { completed: 1, queued: 1, ..Counts::default() },
            runs: vec![(0, RunStatus::Completed, 1)],
            told: Vec::new(),
            message: None,
        };
        assert!(matches!(world.store.flush(&unit, &flush).await, Ok(Saved::Fenced(_))), "it was fenced");
        world.gate.release();
    };
    tokio::join!(successor, late);
    let ended = world.settle(&id).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 2));
    assert_eq!(ended.unit.counts.completed, 2);
}

#[tokio::test]
async fn rows_that_were_announced_and_never_bought_are_bought_once() {
    let world = World::start().await;
    let id = world.create(plain(3)).await;
    // Dies right after the announcement of the purchase, before the request.
    world.gate.arm(Act::HoldAfter, 3, Request::is_checkpoint);
    assert!(world.dies_when_held(world.receive().await).await);
    let adding = world.unit(&id).await.progress.adding.expect("an announcement");
    assert_eq!(adding.rows, [(0, 1), (1, 1), (2, 1)]);
    assert_eq!(world.simulator.ledger().requests(Endpoint::AddRuns), 0);
    world.leases_pass();
    let ended = world.settle(&id).await;
    assert_eq!(
        (ended.status(), ended.marks()),
        (Status::Completed, ["0.1", "1.1", "2.1"].map(str::to_owned).to_vec())
    );
    assert_eq!(ended.unit.progress.adding, None);
}

#[tokio::test]
async fn a_run_that_is_upstream_though_nobody_recorded_it_is_adopted() {
    let world = World::start().await;
    let id = world.create(plain(2)).await;
    // Dies when the purchase is answered and before it is stored.
    world
        .gate
        .arm(Act::HoldBefore, 0, |request| request.operation == "PutItem" && request.body.contains("\"B#"));
    assert!(world.dies_when_held(world.receive().await).await);
    assert!(world.unit(&id).await.progress.adding.is_some());
    assert_eq!(world.simulator.ledger().runs_of_key(&key_of(&id)).len(), 2);
    world.leases_pass();
    let ended = world.settle(&id).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 2));
    let bought = world.store.purchases(&id).await.expect("a table");
    let runs: Vec<&Bought> = bought.iter().flat_map(|Purchase { runs, .. }| runs).collect();
    assert_eq!(runs.len(), 2);
    assert_eq!(ended.unit.progress.committed_cost, 2 * 5_000);
}

#[tokio::test]
async fn a_successor_waits_until_nobody_can_be_buying_any_more() {
    let world = World::start().await;
    let id = world.create(plain(2)).await;
    world.gate.arm(Act::HoldAfter, 3, Request::is_checkpoint);
    assert!(world.dies_when_held(world.receive().await).await);
    let until = world.unit(&id).await.progress.adding.expect("an announcement").until;
    // Another message comes at once: its runner lists, finds nothing, and must not buy yet.
    world.send(&id, 0).await;
    let records = world.receive().await;
    let runner = world.runner();
    let drives = world.invoke(&runner, records);
    let watches = async {
        while world.simulator.ledger().requests(Endpoint::GroupRuns) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.simulator.ledger().requests(Endpoint::AddRuns), 0);
        assert!(world.clock.now() < until);
        world.clock.advance(world.settings.purchase);
    };
    tokio::join!(drives, watches);
    let ended = world.settle(&id).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 2));
    assert!(
        world.simulator.ledger().requests(Endpoint::GroupRuns) >= 2,
        "it listed again after the announcement's end"
    );
    let bought_at = world.store.purchases(&id).await.expect("a table")[0].at;
    assert!(bought_at >= until - SignedDuration::from_secs(1));
}
