//! Webhooks of the upstream: asked for, and what a holder does that is asked to look.

use std::time::Duration;

use domain::UnitId;
use domain::unit::Status;
use simulator::{Effect, Endpoint, Fault};

use crate::gate::{Act, Request};
use crate::group::{NOBODY, plain, simulated};
use crate::world::World;

/// The upstream never opens a stream, and never says that it will not.
fn no_stream_ever_opens(world: &World) {
    let slow = Effect::SlowReply { seconds: 1_000_000.0 };
    world.simulator.faults().add(Fault::on(Endpoint::GroupEvents, slow));
}

/// What the api does with a webhook.
async fn nudge(world: &World, id: &UnitId) -> bool {
    world.store.nudge(&world.unit(id).await, world.clock.now()).await.expect("a table")
}

async fn over_upstream(world: &World, rows: usize) {
    let is_over = |run: &simulator::RunEntry| run.status == "completed";
    while world.simulator.ledger().runs().iter().filter(|run| is_over(run)).count() < rows {
        tokio::task::yield_now().await;
    }
}

/// Lets time pass until the unit is over.
async fn settle_while_time_passes(world: &World, id: &UnitId) -> crate::ended::Ended {
    let moves = async {
        loop {
            world.clock.advance(Duration::from_secs(1));
            world.unit(id).await;
        }
    };
    tokio::select! { ended = world.settle(id) => ended, () = moves => unreachable!("it goes on") }
}

fn listings(world: &World) -> u64 {
    world.simulator.ledger().requests(Endpoint::GroupRuns)
}

#[tokio::test]
async fn a_unit_that_waits_for_webhooks_names_itself_in_the_metadata_and_in_no_url() {
    let world = World::start().await;
    let id = world.create(plain(2).woken()).await;
    let ended = world.settle(&id).await;
    assert!(ended.bought.iter().all(|run| run.metadata["mt_unit"] == id.as_str()), "{:?}", ended.bought);
    assert_eq!(ended.marks(), ["0.1", "1.1"]);
    let deliveries = loop {
        let deliveries = world.simulator.ledger().deliveries();
        if deliveries.len() >= 2 {
            break deliveries;
        }
        tokio::task::yield_now().await;
    };
    assert!(deliveries.iter().all(|delivery| delivery.url == format!("{NOBODY}/webhooks/parallel")));

    let ended = world.run(plain(2)).await;
    assert!(ended.bought.iter().all(|run| !run.metadata.contains_key("mt_unit")));
}

#[tokio::test]
async fn where_no_stream_opens_a_webhook_leads_to_the_results() {
    let world = World::start().await;
    no_stream_ever_opens(&world);
    let id = world.create(plain(3).woken()).await;
    let wakes = async {
        over_upstream(&world, 3).await;
        assert_eq!(listings(&world), 0, "nothing else would have it look");
        assert!(nudge(&world, &id).await);
        settle_look(&world).await;
    };
    let (ended, ()) = tokio::join!(world.settle(&id), wakes);
    assert_eq!((ended.status(), ended.statuses()), (Status::Completed, vec!["completed"; 3]));
    assert_eq!((ended.unit.lease.epoch, ended.unit.changes), (1, 0), "nobody was fenced, nothing refused");
}

/// The holder, which has nothing to write, looks at its unit.
async fn settle_look(world: &World) {
    world.clock.advance(Duration::from_secs(16));
    while listings(world) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_ends_behind_a_webhook_that_was_too_close_to_another_is_looked_for_too() {
    let world = World::start().await;
    no_stream_ever_opens(&world);
    let id = world.create(simulated(&["", "seconds=1"]).woken()).await;
    let wakes = async {
        over_upstream(&world, 1).await;
        assert!(nudge(&world, &id).await);
        settle_look(&world).await;
        // The second one's webhook falls into the window of the first one's, and is written down nowhere.
        over_upstream(&world, 2).await;
        world.clock.advance(domain::wake::AFTER.unsigned_abs());
    };
    let (ended, ()) = tokio::join!(world.settle(&id), wakes);
    assert_eq!((ended.statuses(), listings(&world), ended.unit.lease.epoch), (vec!["completed"; 2], 2, 1));
}

#[tokio::test]
async fn a_webhook_that_comes_before_its_purchase_is_recorded_is_not_forgotten() {
    let world = World::start().await;
    no_stream_ever_opens(&world);
    let slow = Effect::SlowReply { seconds: 0.3 };
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, slow).times(1));
    let id = world.create(plain(2).woken()).await;
    let wakes = async {
        over_upstream(&world, 2).await;
        assert!(world.unit(&id).await.progress.adding.is_some(), "the holder waits for its answer");
        assert!(nudge(&world, &id).await);
    };
    let (ended, ()) = tokio::join!(world.settle(&id), wakes);
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 2));
    assert_eq!(listings(&world), 1, "it was listed once it was bought");
}

#[tokio::test]
async fn a_webhook_for_a_unit_whose_runner_died_is_found_by_its_successor() {
    let world = World::start().await;
    no_stream_ever_opens(&world);
    let id = world.create(plain(2).woken()).await;
    // Its first write after the purchase was recorded.
    let records = world.receive().await;
    world.gate.arm(Act::HoldBefore, 0, |request: &Request| request.flush().is_some());
    assert!(world.dies_when_held(records).await);
    over_upstream(&world, 2).await;
    assert!(nudge(&world, &id).await);
    world.leases_pass();
    let ended = settle_while_time_passes(&world, &id).await;
    assert_eq!((ended.status(), ended.unit.lease.epoch), (Status::Completed, 2));
}

#[tokio::test]
async fn a_holder_whose_stream_lives_lists_nothing_for_a_webhook() {
    let world = World::start().await;
    let id = world.create(simulated(&["", "seconds=0.3", "seconds=0.6", "seconds=1.2"]).woken()).await;
    let wakes = async {
        world.until(&id, |unit| unit.counts.completed == 1).await;
        assert!(nudge(&world, &id).await);
        world.until(&id, |unit| unit.counts.completed == 3).await;
        // It has learnt of it with its writes, and its stream has spoken since.
        world.clock.advance(Duration::from_secs(10));
    };
    let (ended, ()) = tokio::join!(world.settle(&id), wakes);
    assert_eq!((ended.statuses(), listings(&world)), (vec!["completed"; 4], 0));
    assert!(ended.unit.lease.nudged_at.is_some());
}

#[tokio::test]
async fn a_thousand_webhooks_at_once_are_written_down_once_and_none_for_what_is_over() {
    let world = World::start().await;
    let id = world.create(plain(1).woken()).await;
    let (unit, now) = (world.unit(&id).await, world.clock.now());
    let at_once = (0..1_000).map(|_| world.store.nudge(&unit, now));
    let written = futures::future::try_join_all(at_once).await.expect("a table");
    assert_eq!(written.into_iter().filter(|written| *written).count(), 1);
    world.clock.advance(Duration::from_secs(3));
    assert!(nudge(&world, &id).await);
    world.settle(&id).await;
    world.clock.advance(Duration::from_secs(3));
    assert!(!nudge(&world, &id).await);
}
