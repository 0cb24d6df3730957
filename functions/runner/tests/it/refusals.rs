//! What ends a unit as a whole: a refused key, no credit, another upstream, a key that does not open.

use std::time::Duration;

use ambient::Entropy;
use domain::group::Output;
use domain::unit::Status;
use simulator::{Effect, Endpoint, Fault};
use vault::{Sealer, Secret};

use crate::group::{plain, simulated};
use crate::world::World;

fn status(status: u16) -> Effect {
    Effect::Status { status, retry_after: None, message: None }
}

#[tokio::test]
async fn a_refused_key_ends_the_unit_within_five_seconds_and_says_so() {
    let world = World::start().await;
    for output in [Output::Auto, Output::Described { description: "the CEO".to_owned() }] {
        for processor in [None, Some("lite".to_owned())] {
            let group = plain(2).key("refused").with(|spec| {
                spec.output = output.clone();
                spec.processor = processor;
            });
            let began = world.clock.now();
            let ended = world.run(group).await;
            assert_eq!((ended.status(), ended.failure()), (Status::Failed, Some("key_refused")));
            assert_eq!(ended.told()["data"]["error"]["code"], "key_refused");
            assert!(world.clock.now().duration_since(began).as_secs() < 5);
            assert_eq!(ended.unit.counts.failed, 2);
        }
    }
}

#[tokio::test]
async fn a_key_that_is_refused_in_the_middle_ends_the_unit_and_keeps_what_is_there() {
    let world = World::start().await;
    let id = world.create(simulated(&["", "seconds=0.4"])).await;
    let revokes = async {
        world.until(&id, |unit| unit.counts.completed == 1).await;
        world.simulator.faults().add(Fault::on(Endpoint::Result, status(401)));
    };
    let (ended, ()) = tokio::join!(world.settle(&id), revokes);
    assert_eq!((ended.status(), ended.failure()), (Status::Partial, Some("key_refused")));
    assert_eq!((ended.unit.counts.completed, ended.unit.counts.failed), (1, 1));
}

#[tokio::test]
async fn no_credit_ends_the_unit_when_nothing_runs_that_could_free_some() {
    let world = World::start().await;
    let began = world.clock.now();
    let ended = world.run(plain(4).key("nocredit")).await;
    assert_eq!((ended.status(), ended.failure()), (Status::Failed, Some("no_credit")));
    assert!(world.clock.now().duration_since(began).as_secs() < 5);
    assert_eq!((ended.bought.len(), ended.unit.progress.committed_cost), (0, 0));
}

#[tokio::test]
async fn no_credit_is_waited_for_while_runs_are_under_way() {
    let world = World::start().await;
    // The first of two is bought, the second is not affordable until the first is over.
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, status(402)).times(1));
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, status(402)).after(2).times(1));
    let id = world.create(simulated(&["seconds=0.3", ""])).await;
    let ended = world.settle_waiting(&id, Duration::from_secs(16)).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 2));
}

#[tokio::test]
async fn a_unit_of_another_upstream_is_not_driven_here() {
    let world = World::start().await;
    let mut group = plain(1);
    group.upstream = Some("https://elsewhere.test".to_owned());
    let ended = world.run(group).await;
    assert_eq!((ended.status(), ended.failure()), (Status::Failed, Some("other_upstream")));
    let said = &ended.unit.progress.failure.as_ref().expect("a failure").message;
    assert!(said.contains("https://elsewhere.test") && said.contains(&world.simulator.url()), "{said}");
    assert_eq!(world.simulator.ledger().requests(Endpoint::CreateGroup), 0);
}

#[tokio::test]
async fn a_key_that_was_sealed_by_another_sealing_key_is_unreadable() {
    let world = World::start().await;
    let stranger = Sealer::new(&[8; 32], Entropy::seeded(1));
    for sealed in ["rubbish".to_owned(), stranger.seal(&Secret::new("{\"key\":\"k\"}"), "any")] {
        let mut group = plain(1);
        group.sealed = Some(sealed);
        let ended = world.run(group).await;
        assert_eq!((ended.status(), ended.failure()), (Status::Failed, Some("key_unreadable")));
    }
}

#[tokio::test]
async fn a_refused_processor_is_the_units_failure() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, Effect::RefuseFast));
    let ended = world.run(plain(3).with(|spec| spec.processor = Some("lite-fast".to_owned()))).await;
    assert_eq!((ended.status(), ended.failure()), (Status::Failed, Some("processor_refused")));
}

#[tokio::test]
async fn a_key_that_may_not_create_groups_is_told_at_once() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::CreateGroup, status(403)));
    let ended = world.run(plain(1)).await;
    assert_eq!((ended.status(), ended.failure()), (Status::Failed, Some("upstream_refused")));
}

#[tokio::test]
async fn an_upstream_that_cannot_be_reached_is_waited_for_across_hand_overs() {
    let world = World::start().await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let listen = free.local_addr().expect("an address");
    drop(free);
    let upstream = format!("http://{listen}");
    let mut group = plain(2);
    group.upstream = Some(upstream.clone());
    let id = world.create(group).await;
    let (runner, records) = (world.runner_at(&upstream), world.receive().await);
    let moves = async {
        while world.unit(&id).await.progress.waiting_for.is_none() {
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    let (left, ()) = tokio::join!(world.invoke(&runner, records), moves);
    assert_eq!(left, Vec::<String>::new());
    let unit = world.unit(&id).await;
    let waits = unit.progress.waiting_for.expect("a word");
    assert!(waits.contains("cannot be reached"), "{waits}");
    assert_eq!(unit.lease.fruitless, 0, "that is no fault of the unit");

    let config = simulator::Config { listen, speed: 2_000.0, ..simulator::Config::default() };
    let recovered = simulator::Simulator::start(config).await.expect("the port is free");
    let records = world.receive().await;
    assert_eq!(world.invoke(&runner, records).await, Vec::<String>::new());
    let unit = world.unit(&id).await;
    assert_eq!((unit.status, unit.progress.waiting_for), (Status::Completed, None));
    assert_eq!(recovered.ledger().runs().len(), 2);
}
