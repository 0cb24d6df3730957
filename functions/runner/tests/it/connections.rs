//! Streams that find no connection, answers and events that are too large, and a store that does not keep up with them.

use std::time::Duration;

use domain::unit::Status;
use parallel::Protocol;
use simulator::Endpoint;

use crate::gate::{Act, Request};
use crate::group::{simulated, task};
use crate::upstream::{Upstream, kept, states};
use crate::world::{Setup, World};

#[tokio::test]
async fn a_unit_whose_stream_waits_for_a_connection_is_listed_and_ends_all_the_same() {
    let world = World::with(Setup { reach: |to| to.connections = Some(1), ..Setup::default() }).await;
    let runner = world.runner();
    let long = world.create(simulated(&["seconds=1000000"])).await;
    let first = world.receive().await;
    let opened = async {
        while world.simulator.ledger().requests(Endpoint::GroupEvents) == 0 {
            tokio::task::yield_now().await;
        }
        let short = world.create(task("seconds=0.01")).await;
        let second = world.receive().await;
        let passes = async {
            while runner.connections().streams.waiting < 2 {
                tokio::task::yield_now().await;
            }
            world.clock.advance(Duration::from_secs(16));
            std::future::pending::<()>().await;
        };
        tokio::select! {
            stay = world.invoke(&runner, second) => assert!(stay.is_empty()),
            () = passes => unreachable!("it goes on"),
        }
        short
    };
    let short = tokio::select! {
        short = opened => short,
        _ = world.invoke(&runner, first) => panic!("the long one ended"),
    };
    assert_eq!(world.ended(&short).await.statuses(), ["completed"]);
    assert!(!world.unit(&long).await.status.is_terminal());
    let ledger = world.simulator.ledger();
    assert_eq!(ledger.requests(Endpoint::GroupEvents), 1, "the other never had a stream");
    assert!(ledger.requests(Endpoint::GroupRuns) > 0);
}

#[tokio::test]
async fn many_tasks_share_a_few_connections_over_http2() {
    let reach = |to: &mut parallel::Settings| {
        to.protocol = Protocol::Http2PriorKnowledge;
        to.connections = Some(3);
    };
    let mut setup = Setup { reach, ..Setup::default() };
    setup.simulator.max_streams = 10;
    let world = World::with(setup).await;
    let mut ids = Vec::new();
    let mut records = Vec::new();
    for _ in 0..30 {
        ids.push(world.create(task("seconds=0.3")).await);
    }
    while records.len() < ids.len() {
        records.extend(world.receive().await);
    }
    assert_eq!(world.invoke(&world.runner(), records).await, Vec::<String>::new());
    for id in &ids {
        assert_eq!(world.ended(id).await.statuses(), ["completed"]);
    }
}

#[tokio::test]
async fn a_result_over_the_cap_fails_its_row_with_an_error_that_names_the_cap_and_no_other_row() {
    let reach = |to: &mut parallel::Settings| to.largest = 100_000;
    let world = World::with(Setup { reach, ..Setup::default() }).await;
    let ended = world.run(simulated(&["", "huge", ""])).await;
    assert_eq!(
        (ended.status(), ended.statuses()),
        (Status::Partial, vec!["completed", "failed", "completed"])
    );
    assert!(ended.errors()[1].contains("larger than the 100000 bytes"), "{:?}", ended.errors());
    assert_eq!(world.simulator.ledger().requests(Endpoint::Result), 3, "it is asked for once");
}

#[tokio::test]
async fn an_event_over_the_cap_ends_the_trace_and_the_task_says_why_it_has_no_result() {
    let reach = |to: &mut parallel::Settings| to.largest = 100_000;
    let world = World::with(Setup { reach, ..Setup::default() }).await;
    let ended = world.run(task("huge seconds=0.3")).await;
    assert_eq!((ended.status(), ended.statuses()), (Status::Failed, vec!["failed"]));
    assert!(ended.errors()[0].contains("larger than the 100000 bytes"), "{:?}", ended.errors());
    assert_eq!(world.simulator.ledger().requests(Endpoint::RunEvents), 1, "it is not opened again");
}

/// A store that takes a second for each flush, by the runners' clock.
async fn slow_store(world: &World) {
    loop {
        world.gate.arm(Act::HoldBefore, 0, |request: &Request| request.flush().is_some());
        world.gate.held().await;
        world.clock.advance(Duration::from_secs(1));
        world.gate.release();
    }
}

#[tokio::test]
async fn what_a_run_tells_at_its_end_is_stored_all_and_in_order_though_the_store_is_slow() {
    let mut setup = Setup::default();
    setup.simulator.progress_events = Some(400);
    setup.settings.flush = Duration::ZERO;
    let upstream = Upstream::start(setup).await;
    let world = &upstream.world;
    let id = world.create(task("seconds=300")).await;
    let ends = async {
        let followed = world.simulator.ledger();
        while followed.requests(Endpoint::RunEvents) == 0 || followed.requests(Endpoint::GroupEvents) == 0 {
            tokio::task::yield_now().await;
        }
        world.until(&id, |unit| unit.counts.running == 1).await;
        upstream.leaps(Duration::from_secs(301));
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = world.settle(&id) => ended,
        () = slow_store(world) => unreachable!("it goes on"),
        () = ends => unreachable!("it goes on"),
    };
    assert_eq!(kept(&ended), upstream.shown(&ended));
    assert_eq!(states(&ended).last().map(String::as_str), Some("completed"));
}
