//! The upstream's event streams, cut, ended early, or full of what nobody knows.

use std::time::Duration;

use domain::unit::Status;
use simulator::{Effect, Endpoint, Fault};

use crate::group::{plain, simulated};
use crate::world::World;

fn cut(after_events: u32, with_error: bool) -> Effect {
    Effect::CutStream { after_events, with_error }
}

#[tokio::test]
async fn streams_that_are_cut_again_and_again_end_each_row_once() {
    let world = World::start().await;
    for with_error in [false, true] {
        world.simulator.faults().set([Fault::on(Endpoint::GroupEvents, cut(3, with_error))]);
        let markers = ["seconds=0.1", "seconds=0.3", "seconds=0.6", "fail", "", "seconds=0.5 fail"];
        let before = world.simulator.ledger().requests(Endpoint::GroupEvents);
        let ended = world.run(simulated(&markers)).await;
        assert_eq!(
            ended.statuses(),
            ["completed", "completed", "completed", "failed", "completed", "failed"],
            "{with_error}"
        );
        assert!(world.simulator.ledger().requests(Endpoint::GroupEvents) - before > 1, "it was cut");
    }
}

#[tokio::test]
async fn a_group_whose_stream_never_brings_news_is_listed() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::GroupEvents, cut(0, false)));
    let id = world.create(plain(3)).await;
    let moves = async {
        world.until(&id, |unit| unit.counts.queued == 3).await;
        loop {
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::select! { ended = world.settle(&id) => ended, () = moves => unreachable!() };
    assert_eq!((ended.status(), ended.statuses()), (Status::Completed, vec!["completed"; 3]));
    assert!(world.simulator.ledger().requests(Endpoint::GroupRuns) > 0);
}

#[tokio::test]
async fn events_and_statuses_that_nobody_knows_disturb_nothing() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::GroupEvents, Effect::UnknownEvents));
    world.simulator.faults().add(Fault::on(Endpoint::GroupEvents, Effect::SwappedNulls));
    let ended = world.run(simulated(&["", "fail", "unknown_status"])).await;
    assert_eq!(ended.statuses(), ["completed", "failed", "completed"]);
}

#[tokio::test]
async fn a_failed_fetch_never_makes_a_completed_run_failed() {
    let world = World::start().await;
    let refusal = Effect::Status { status: 500, retry_after: None, message: None };
    world.simulator.faults().add(Fault::on(Endpoint::Result, refusal).times(2));
    world.simulator.faults().add(Fault::on(Endpoint::Result, Effect::LostReply).times(1));
    let ended = world.run(plain(3)).await;
    assert_eq!((ended.status(), ended.statuses()), (Status::Completed, vec!["completed"; 3]));
}
