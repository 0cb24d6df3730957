//! Single tasks: what their runs tell while they run is kept, each event once and in order, whatever happens to streams and runners.

use std::time::Duration;

use domain::unit::Status;
use simulator::{Effect, Endpoint, Fault};

use crate::gate::{Act, Request};
use crate::group::task;
use crate::upstream::{Upstream, kept, states};
use crate::world::{Setup, World};

fn refusal() -> Effect {
    Effect::Status { status: 500, retry_after: None, message: None }
}

fn cut(after_events: u32, with_error: bool) -> Effect {
    Effect::CutStream { after_events, with_error }
}

#[tokio::test]
async fn every_event_is_stored_once_in_the_upstreams_order_with_its_time() {
    let upstream = Upstream::start(Setup::default()).await;
    let id = upstream.world.create(task("seconds=300")).await;
    let ended = upstream.settle(&id).await;
    assert_eq!((ended.status(), ended.statuses()), (Status::Completed, vec!["completed"]));
    assert_eq!(kept(&ended), upstream.shown(&ended));
    let states = states(&ended);
    assert_eq!(states.iter().filter(|state| *state == "completed").count(), 1, "{states:?}");
    assert_eq!(states.last().map(String::as_str), Some("completed"));
    let (last, before) = ended.flushes.split_last().expect("flushes");
    assert!(last.status.is_terminal() && before.iter().all(|flush| !flush.status.is_terminal()));
}

#[tokio::test]
async fn an_end_that_the_trace_tells_needs_no_call_for_the_result() {
    let upstream = Upstream::start(Setup::default()).await;
    upstream.world.simulator.faults().add(Fault::on(Endpoint::GroupEvents, refusal()));
    let id = upstream.world.create(task("seconds=300")).await;
    let ended = upstream.settle(&id).await;
    assert_eq!((ended.status(), ended.output(0)["type"].as_str()), (Status::Completed, Some("text")));
    assert_eq!(upstream.world.simulator.ledger().requests(Endpoint::Result), 0);
}

#[tokio::test]
async fn streams_that_are_cut_lose_and_repeat_nothing() {
    let upstream = Upstream::start(Setup::default()).await;
    let faults = upstream.world.simulator.faults();
    for (after_events, with_error) in [(1, false), (3, true), (8, false), (9, true), (12, false)] {
        faults.add(Fault::on(Endpoint::RunEvents, cut(after_events, with_error)).times(1));
    }
    // One call meets all faults that are set and fires each; the last decides. So one at a time.
    let armed: Vec<Fault> = faults.list().into_iter().map(|tally| tally.fault).collect();
    faults.set(armed.into_iter().zip(0..).map(|(fault, calls)| fault.after(calls)));
    let id = upstream.world.create(task("seconds=300")).await;
    let ended = upstream.settle(&id).await;
    assert_eq!(kept(&ended), upstream.shown(&ended));
    assert!(upstream.world.simulator.ledger().requests(Endpoint::RunEvents) > 5, "it was cut");
    let errors = ended.flushes.iter().flat_map(|flush| &flush.told).filter(|told| told.kind == "error");
    assert_eq!(errors.count(), 1, "what the upstream says of its own trouble is kept, once");
}

#[tokio::test]
async fn a_run_that_outlives_its_stream_is_followed_to_its_end() {
    let upstream = Upstream::start(Setup::default()).await;
    let id = upstream.world.create(task("seconds=2000")).await;
    let ended = upstream.settle(&id).await;
    assert_eq!(kept(&ended), upstream.shown(&ended));
    assert!(upstream.world.simulator.ledger().requests(Endpoint::RunEvents) >= 3, "a stream lasts 570 s");
}

#[tokio::test]
async fn hand_overs_lose_and_repeat_nothing() {
    let mut setup = Setup::default();
    setup.settings.slice = Duration::from_secs(20);
    let mut upstream = Upstream::start(setup).await;
    upstream.runners_too = Duration::from_secs(20);
    let id = upstream.world.create(task("seconds=300")).await;
    let ended = upstream.settle(&id).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 1));
    assert_eq!(kept(&ended), upstream.shown(&ended));
    assert!(ended.unit.lease.hop >= 5, "handed over in the middle, again and again: {:?}", ended.unit.lease);
}

#[tokio::test]
async fn what_the_upstream_told_while_a_flush_was_written_is_kept_though_the_slice_is_over_then() {
    let mut setup = Setup::default();
    setup.settings.slice = Duration::from_mins(1);
    let upstream = Upstream::start(setup).await;
    let world = &upstream.world;
    for write in 2..9 {
        let id = world.create(task("seconds=300")).await;
        world.gate.arm(Act::HoldBefore, write, |request| request.flush().is_some());
        let records = world.receive().await;
        let runner = world.runner();
        let all_at_once = async {
            tokio::select! {
                () = world.gate.held() => {}
                () = upstream.goes_on(std::slice::from_ref(&id), Duration::ZERO) => unreachable!("it goes on"),
            }
            // While it is written the run tells all the rest and ends, and so does the slice.
            upstream.tells_the_rest(&id).await;
            world.clock.advance(Duration::from_mins(2));
            world.gate.release();
        };
        let (stay, ()) = tokio::join!(world.invoke(&runner, records), all_at_once);
        assert_eq!(stay, Vec::<String>::new());
        let ended = world.settle(&id).await;
        assert_eq!(kept(&ended), upstream.shown(&ended), "{write}");
    }
}

async fn dies_at_each_write(act: Act) {
    let mut setup = Setup::default();
    setup.simulator.progress_events = Some(8);
    let upstream = Upstream::start(setup).await;
    let world = &upstream.world;
    for write in 0.. {
        let id = world.create(task("seconds=300")).await;
        world.gate.arm(act, write, Request::is_write);
        let records = world.receive().await;
        let died = tokio::select! {
            died = world.dies_when_held(records) => died,
            () = upstream.goes_on(std::slice::from_ref(&id), Duration::ZERO) => unreachable!("it goes on"),
        };
        if died {
            world.leases_pass();
        }
        let ended = upstream.settle(&id).await;
        assert_eq!((ended.status(), ended.marks()), (Status::Completed, vec!["0.1".to_owned()]), "{write}");
        assert_eq!(kept(&ended), upstream.shown(&ended), "{act:?} {write}");
        assert_eq!(states(&ended).last().map(String::as_str), Some("completed"), "{act:?} {write}");
        if !died {
            assert!(write > 16, "it died in all its phases, {write} of them");
            return;
        }
    }
}

#[tokio::test]
async fn a_holder_that_dies_before_any_of_its_writes_loses_and_repeats_no_event() {
    Box::pin(dies_at_each_write(Act::HoldBefore)).await;
}

#[tokio::test]
async fn a_holder_that_dies_after_any_of_its_writes_loses_and_repeats_no_event() {
    Box::pin(dies_at_each_write(Act::HoldAfter)).await;
}

#[tokio::test]
async fn a_trace_that_never_opens_delays_nothing() {
    for effect in [refusal(), Effect::SlowReply { seconds: 600.0 }, Effect::LostRequest] {
        let world = World::start().await;
        world.simulator.faults().add(Fault::on(Endpoint::RunEvents, effect.clone()));
        let ended = world.run(task("seconds=0.2")).await;
        assert_eq!((ended.status(), ended.statuses()), (Status::Completed, vec!["completed"]), "{effect:?}");
        assert_eq!(states(&ended), ["completed"], "the end is told all the same");
        assert_eq!(world.simulator.ledger().requests(Endpoint::Result), 1);
    }
}

#[tokio::test]
async fn events_of_unknown_kinds_are_kept() {
    let upstream = Upstream::start(Setup::default()).await;
    upstream.world.simulator.faults().add(Fault::on(Endpoint::RunEvents, Effect::UnknownEvents));
    let id = upstream.world.create(task("seconds=300")).await;
    let ended = upstream.settle(&id).await;
    assert_eq!(kept(&ended), upstream.shown(&ended));
    let told: Vec<_> = ended.flushes.iter().flat_map(|flush| &flush.told).collect();
    let novelties: Vec<_> = told.iter().filter(|told| told.kind == "task_run.novelty").collect();
    assert!(novelties.len() >= kept(&ended).len(), "one after each");
    assert!(novelties[0].data.get().contains(r#""nested":[null,{"deep":true}]"#), "{novelties:?}");
}

#[tokio::test]
async fn a_failed_fetch_never_makes_a_completed_task_failed() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::RunEvents, refusal()));
    world.simulator.faults().add(Fault::on(Endpoint::Result, refusal()).times(2));
    let ended = world.run(task("")).await;
    assert_eq!((ended.status(), ended.statuses()), (Status::Completed, vec!["completed"]));
    assert_eq!(world.simulator.ledger().requests(Endpoint::Result), 3);
}

#[tokio::test]
async fn tasks_that_end_otherwise_say_why_whichever_stream_tells_it() {
    for deaf in [None, Some(Endpoint::RunEvents), Some(Endpoint::GroupEvents)] {
        let upstream = Upstream::start(Setup::default()).await;
        let world = &upstream.world;
        if let Some(deaf) = deaf {
            world.simulator.faults().add(Fault::on(deaf, refusal()));
        }
        for (marker, end, status, why) in [
            ("fail", Status::Failed, "failed", "No source that answers"),
            ("cancelled", Status::Cancelled, "cancelled", "cancelled"),
            ("action_required", Status::Failed, "failed", "asks for an action"),
            ("null_output", Status::Failed, "failed", "without an output"),
        ] {
            let id = world.create(task(&format!("seconds=0.2 {marker}"))).await;
            let ended = world.settle(&id).await;
            assert_eq!((ended.status(), ended.statuses()), (end, vec![status]), "{deaf:?} {marker}");
            assert!(ended.errors()[0].contains(why), "{deaf:?} {:?}", ended.errors());
        }
    }
}

#[tokio::test]
async fn the_events_of_a_second_attempt_follow_those_of_the_first() {
    let upstream = Upstream::start(Setup::default()).await;
    let id = upstream.world.create(task("seconds=300 fail").with(|spec| spec.retry_failed = 1)).await;
    let ended = upstream.settle(&id).await;
    assert_eq!((ended.status(), ended.marks()), (Status::Failed, vec!["0.1".to_owned(), "0.2".to_owned()]));
    assert_eq!(kept(&ended), upstream.shown(&ended));
    assert_eq!(states(&ended).iter().filter(|state| *state == "failed").count(), 2);
}

#[tokio::test]
async fn fifty_tasks_in_one_invocation_with_streams_cut_at_random_lose_and_repeat_nothing() {
    let upstream = Upstream::start(Setup::default()).await;
    let world = &upstream.world;
    for (after_events, with_error) in [(2, false), (6, true), (11, false)] {
        let fault = Fault::on(Endpoint::RunEvents, cut(after_events, with_error));
        world.simulator.faults().add(fault.with_probability(0.2));
    }
    world.simulator.faults().add(Fault::on(Endpoint::GroupEvents, cut(2, false)).with_probability(0.3));
    let (mut ids, mut records) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        ids.push(world.create(task("seconds=300")).await);
    }
    while records.len() < ids.len() {
        records.extend(world.receive().await);
    }
    let runner = world.runner();
    let drives = async {
        tokio::select! {
            failed = world.invoke(&runner, records) => failed,
            () = upstream.goes_on(&ids, Duration::from_secs(15)) => unreachable!("it goes on"),
        }
    };
    let failed = tokio::time::timeout(Duration::from_mins(3), drives).await;
    assert_eq!(failed.expect("some event is never stored"), Vec::<String>::new());
    assert_eq!(world.messages_left().await, 0, "nothing was handed over");
    for id in &ids {
        let ended = world.ended(id).await;
        assert_eq!((ended.statuses(), ended.marks()), (vec!["completed"], vec!["0.1".to_owned()]));
        // Statistics have no time, and a stream that is opened anew tells the latest of them after all messages.
        let (mut kept, mut shown) = (kept(&ended), upstream.shown(&ended));
        kept.sort_by_key(|(at, _)| at.is_none());
        shown.sort_by_key(|(at, _)| at.is_none());
        assert_eq!(kept, shown);
    }
    let opened = world.simulator.ledger().requests(Endpoint::RunEvents);
    assert!(opened > 60, "streams were cut: {opened}");
}
