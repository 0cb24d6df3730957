//! Rows appended and failed rows asked for again, while a unit is driven, while it ends, and after.

use domain::UnitId;
use domain::progress::Progress;
use domain::run::{Counts, RunStatus};
use domain::unit::{Append, Asks, Status, Unit};
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulator::Endpoint;
use store::{Appended, Store};

use crate::gate::Act;
use crate::group::{inputs, plain, simulated};
use crate::world::{World, key_of};

fn rows(count: usize) -> Vec<Value> {
    (0..count).map(|row| json!({"company": format!("Appended {row}")})).collect()
}

/// What the api does with an append or a retry: writes it, then sends a message.
async fn ask(world: &World, id: &UnitId, change: impl Fn(&mut Asks)) {
    loop {
        let seen = world.unit(id).await;
        let mut asks = seen.asks.clone();
        change(&mut asks);
        let now = world.clock.now();
        let revived = seen.status.is_terminal().then(|| Unit {
            sealed: Some(world.seal(id, &key_of(id))),
            progress: Progress { failure: None, round_began: Some(now), ..seen.progress.clone() },
            counts: Counts { pending: 1, ..seen.counts },
            modified_at: now,
            ..seen.clone()
        });
        let due_at = now + SignedDuration::from_secs(60);
        match world.store.ask(&seen, &asks, revived.as_ref(), due_at, None).await.expect("a table") {
            Appended::Done => return world.send(id, Store::hop_after(&seen)).await,
            Appended::Raced => {}
            Appended::Before(_) => unreachable!("no key was given"),
        }
    }
}

async fn append(world: &World, id: &UnitId, source: &str, count: usize) {
    let now = world.clock.now();
    let expires = now + SignedDuration::from_hours(24 * 90);
    world.store.put_inputs(id, source, 0, &inputs(&rows(count)), expires).await.expect("a table");
    let rows = u32::try_from(count).expect("few");
    ask(world, id, |asks| asks.appends.push(Append { source: source.to_owned(), rows, at: now })).await;
}

#[tokio::test]
async fn rows_appended_while_the_unit_is_driven_are_bought_with_it() {
    let world = World::start().await;
    let id = world.create(simulated(&["", "seconds=0.5"])).await;
    let appends = async {
        world.until(&id, |unit| unit.counts.completed == 1).await;
        append(&world, &id, "a1", 2).await;
        append(&world, &id, "a2", 1).await;
    };
    let (ended, ()) = tokio::join!(world.settle(&id), appends);
    assert_eq!((ended.status(), ended.statuses()), (Status::Completed, vec!["completed"; 5]));
    assert_eq!(ended.marks(), ["0.1", "1.1", "2.1", "3.1", "4.1"]);
    assert_eq!((ended.unit.round, ended.unit.progress.appends_seen), (0, 2));
}

#[tokio::test]
async fn rows_appended_while_the_end_is_written_keep_the_unit_alive() {
    let world = World::start().await;
    let id = world.create(plain(2)).await;
    world.gate.arm(Act::HoldBefore, 0, |request| {
        request.operation == "TransactWriteItems" && request.body.contains("completed_at")
    });
    let appends = async {
        world.gate.held().await;
        append(&world, &id, "a1", 1).await;
        world.gate.release();
    };
    let (ended, ()) = tokio::join!(world.settle(&id), appends);
    assert_eq!((ended.status(), ended.statuses()), (Status::Completed, vec!["completed"; 3]));
    let ends = ended.flushes.iter().filter(|flush| flush.status.is_terminal()).count();
    assert_eq!((ends, ended.unit.round), (1, 0), "an end that was refused is told to nobody");
}

#[tokio::test]
async fn a_unit_that_is_over_is_revived_by_an_append_in_a_round_of_its_own() {
    let world = World::start().await;
    let id = world.create(plain(2)).await;
    world.settle(&id).await;
    append(&world, &id, "a1", 2).await;
    let ended = world.settle(&id).await;
    assert_eq!(
        (ended.status(), ended.statuses(), ended.unit.round),
        (Status::Completed, vec!["completed"; 4], 1)
    );
    let keys: Vec<String> = ended.deliveries.iter().map(domain::delivery::Delivery::key).collect();
    assert_eq!(keys, ["D#webhook#completed#0", "D#webhook#completed#1"]);
    assert_eq!(world.simulator.ledger().requests(Endpoint::CreateGroup), 1);
}

#[tokio::test]
async fn failed_rows_are_bought_again_under_their_next_number_and_keep_their_past() {
    let world = World::start().await;
    let id = world.create(simulated(&["", "fail", "cancelled"])).await;
    world.settle(&id).await;
    ask(&world, &id, |asks| asks.retries += 1).await;
    let ended = world.settle(&id).await;
    assert_eq!(ended.marks(), ["0.1", "1.1", "2.1", "1.2", "2.2"]);
    assert_eq!(ended.runs.iter().map(|run| run.attempt).collect::<Vec<_>>(), [1, 2, 2]);
    let past = &ended.runs[1].past[0];
    assert_eq!((past.attempt, past.status), (1, RunStatus::Failed));
    assert!(past.error.is_some() && past.run_id.as_deref() == Some(ended.bought[1].run_id.as_str()));
    assert_eq!(ended.runs[2].past[0].status, RunStatus::Cancelled);
    assert_eq!(ended.unit.progress.warnings, Vec::<String>::new(), "{:?}", ended.unit.progress.warnings);
}

#[tokio::test]
async fn a_retry_that_is_asked_for_while_the_unit_is_driven_keeps_the_reason_of_the_failure() {
    let world = World::start().await;
    let id = world.create(simulated(&["fail", "seconds=0.5"])).await;
    let retries = async {
        world.until(&id, |unit| unit.counts.failed == 1).await;
        ask(&world, &id, |asks| asks.retries += 1).await;
    };
    let (ended, ()) = tokio::join!(world.settle(&id), retries);
    assert_eq!((ended.status(), ended.bought.len()), (Status::Partial, 3));
    assert_eq!((ended.runs[0].attempt, ended.runs[0].past.len()), (2, 1));
    assert!(ended.runs[0].past[0].error.is_some());
}

#[tokio::test]
async fn failed_rows_are_bought_again_by_themselves_as_often_as_was_asked_for() {
    let world = World::start().await;
    let ended =
        world.run(simulated(&["fail", "", "action_required"]).with(|spec| spec.retry_failed = 2)).await;
    let mut marks = ended.marks();
    marks.sort();
    assert_eq!(marks, ["0.1", "0.2", "0.3", "1.1", "2.1", "2.2", "2.3"]);
    assert_eq!(ended.runs.iter().map(|run| run.past.len()).collect::<Vec<_>>(), [2, 0, 2]);
    assert_eq!(ended.runs[0].past.iter().map(|past| past.attempt).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn many_appends_at_once_are_no_poison() {
    let world = World::start().await;
    let id = world.create(simulated(&["seconds=0.6"])).await;
    let (older, newer, records) = (world.runner(), world.runner(), world.receive().await);
    let appends = async {
        world.until(&id, |unit| unit.counts.queued + unit.counts.running == 1).await;
        for at in 0..9 {
            append(&world, &id, &format!("a{at}"), 1).await;
        }
        let records = world.receive().await;
        assert_eq!(records.len(), 9);
        assert_eq!(world.invoke(&newer, records).await, Vec::<String>::new());
    };
    tokio::join!(appends, world.invoke(&older, records));
    let ended = world.ended(&id).await;
    assert_eq!((ended.status(), ended.failure(), ended.bought.len()), (Status::Completed, None, 10));
}

#[tokio::test]
async fn a_purchase_in_doubt_when_the_unit_timed_out_is_found_when_it_is_revived() {
    let world = World::start().await;
    let slow = simulator::Effect::SlowReply { seconds: 900.0 };
    world.simulator.faults().add(simulator::Fault::on(Endpoint::AddRuns, slow).times(1));
    let id = world.create(plain(2).with(|spec| spec.timeout_seconds = Some(20))).await;
    let times_out = async {
        world.until(&id, |unit| unit.progress.adding.is_some()).await;
        while world.simulator.ledger().runs().len() < 2 {
            tokio::task::yield_now().await;
        }
        world.clock.advance(std::time::Duration::from_secs(21));
    };
    let (ended, ()) = tokio::join!(world.settle(&id), times_out);
    assert_eq!((ended.status(), ended.unit.counts.timed_out), (Status::TimedOut, 2));
    ask(&world, &id, |asks| asks.retries += 1).await;
    let ended = world.settle(&id).await;
    assert_eq!(
        (ended.status(), ended.marks()),
        (Status::Completed, vec!["0.1".to_owned(), "1.1".to_owned()])
    );
}
