//! Buying on bad days: nothing is bought twice, and what can be bought is.

use std::time::Duration;

use domain::unit::Status;
use serde_json::json;
use simulator::{Answer, Effect, Endpoint, Fault};

use crate::gate::{Act, Request};
use crate::group::{group, plain, simulated};
use crate::world::{Setup, World, key_of};

fn status(status: u16) -> Effect {
    Effect::Status { status, retry_after: None, message: None }
}

#[tokio::test]
async fn a_lost_reply_to_a_purchase_buys_nothing_twice() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, Effect::LostReply).times(1));
    let ended = world.run(plain(5)).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 5));
    assert_eq!(world.simulator.ledger().requests(Endpoint::AddRuns), 1, "it was found, not bought again");
    let lost = world.simulator.ledger().creates().iter().filter(|call| call.answer == Answer::Lost).count();
    assert_eq!(lost, 1);
}

#[tokio::test]
async fn a_lost_request_is_made_again_once_it_can_come_no_more() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, Effect::LostRequest).times(1));
    let id = world.create(plain(2)).await;
    let moves = async {
        let until =
            world.until(&id, |unit| unit.progress.adding.is_some()).await.progress.adding.expect("one").until;
        while world.simulator.ledger().requests(Endpoint::GroupRuns) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.simulator.ledger().requests(Endpoint::AddRuns), 1);
        assert!(world.clock.now() < until);
        world.clock.advance(world.settings.purchase);
    };
    let (ended, ()) = tokio::join!(world.settle(&id), moves);
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 2));
    assert_eq!(world.simulator.ledger().requests(Endpoint::AddRuns), 2);
}

#[tokio::test]
async fn what_was_bought_without_a_reply_and_has_ended_before_the_group_was_listed_is_known_to_be_bought() {
    let world = World::start().await;
    let faults = world.simulator.faults();
    faults.add(Fault::on(Endpoint::AddRuns, Effect::LostReply).times(1).after(1));
    faults.add(Fault::on(Endpoint::GroupRuns, status(500)).times(1));
    let id = world.create(simulated(&["seconds=2", "fail"]).with(|spec| spec.retry_failed = 1)).await;
    let moves = async {
        // The second attempt was bought, nobody knows, and the group's stream tells how it ended.
        let unit = world.until(&id, |unit| unit.counts.failed == 1).await;
        assert!(unit.progress.adding.is_some(), "it is in doubt");
        world.clock.advance(Duration::from_secs(2));
    };
    let (ended, ()) = tokio::join!(world.settle(&id), moves);
    assert_eq!(
        (ended.statuses(), ended.marks()),
        (vec!["completed", "failed"], vec!["0.1".to_owned(), "1.1".to_owned(), "1.2".to_owned()])
    );
    assert_eq!(
        ended.unit.progress.warnings,
        Vec::<String>::new(),
        "nothing was bought that was not asked for"
    );
    let purchases = world.store.purchases(&id).await.expect("a table");
    let known: Vec<_> =
        purchases.iter().flat_map(|purchase| &purchase.runs).map(|run| (run.index, run.attempt)).collect();
    assert_eq!(known, [(0, 1), (1, 1), (1, 2)]);
}

#[tokio::test]
async fn after_a_lost_reply_and_a_death_the_successor_buys_only_what_is_missing() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, Effect::LostReply).times(1));
    let id = world.create(plain(700)).await;
    // 500 are bought, unheard of; the holder dies before it has taken them in.
    world.gate.arm(Act::HoldBefore, 0, |request: &Request| {
        request.operation == "PutItem" && request.body.contains("\"B#")
    });
    assert!(world.dies_when_held(world.receive().await).await);
    assert_eq!(world.simulator.ledger().runs_of_key(&key_of(&id)).len(), 500);
    world.leases_pass();
    let ended = world.settle(&id).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 700));
    assert_eq!(world.simulator.ledger().requests(Endpoint::AddRuns), 2);
}

#[tokio::test]
async fn over_quota_is_waited_for_as_long_as_the_upstream_asks() {
    let world = World::start().await;
    let over = Effect::Status { status: 429, retry_after: Some(40), message: None };
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, over).times(1));
    let id = world.create(plain(2)).await;
    let moves = async {
        let waits = world.until(&id, |unit| unit.progress.waiting_for.is_some()).await;
        assert_eq!(waits.progress.waiting_for.as_deref(), Some("waiting for the upstream's quota"));
        world.clock.advance(Duration::from_secs(38));
        world.until(&id, |unit| unit.seq > waits.seq || unit.progress.waiting_for.is_some()).await;
        assert_eq!(world.simulator.ledger().requests(Endpoint::AddRuns), 1, "40 s are not over");
        world.clock.advance(Duration::from_secs(3));
    };
    let (ended, ()) = tokio::join!(world.settle(&id), moves);
    assert_eq!((ended.status(), ended.unit.progress.waiting_for), (Status::Completed, None));
}

#[tokio::test]
async fn server_errors_are_doubts_and_buy_nothing_twice() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, status(503)).times(2));
    world.simulator.faults().add(Fault::on(Endpoint::GroupRuns, status(500)).times(1));
    let id = world.create(plain(3)).await;
    let moves = async {
        loop {
            world.until(&id, |unit| unit.progress.adding.is_some()).await;
            let seen = world.simulator.ledger().requests(Endpoint::GroupRuns);
            while world.simulator.ledger().requests(Endpoint::GroupRuns) == seen {
                world.clock.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
            }
        }
    };
    let ended = tokio::select! { ended = world.settle(&id) => ended, () = moves => unreachable!() };
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 3));
}

#[tokio::test]
async fn a_batch_that_credit_is_short_for_is_bought_in_halves() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, status(402)).times(2));
    let ended = world.run(plain(8)).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 8));
    let sizes: Vec<usize> = world
        .simulator
        .ledger()
        .creates()
        .iter()
        .map(|call| call.run_ids.len())
        .filter(|size| *size > 0)
        .collect();
    assert_eq!(sizes[0], 2, "8 and 4 were refused: {sizes:?}");
}

#[tokio::test]
async fn one_row_that_is_refused_fails_alone() {
    let world = World::start().await;
    let mut rows: Vec<_> = (0..9).map(|row| json!({"company": format!("Company {row}")})).collect();
    rows[4] = json!({"company": "x".repeat(40_000)});
    let ended = world.run(group(rows)).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Partial, 8));
    let failed: Vec<u32> =
        ended.runs.iter().filter(|run| run.status.word() == "failed").map(|run| run.index).collect();
    assert_eq!(failed, [4]);
    assert!(ended.errors()[4].contains("422"), "{:?}", ended.errors());
}

#[tokio::test]
async fn a_write_that_meets_a_transaction_is_tried_again() {
    let world = World::start().await;
    let id = world.create(plain(2)).await;
    world.gate.arm(Act::Conflict, 1, Request::is_checkpoint);
    let records = world.receive().await;
    assert_eq!(world.invoke(&world.runner(), records).await, Vec::<String>::new());
    let ended = world.ended(&id).await;
    assert_eq!((ended.status(), ended.unit.lease.epoch), (Status::Completed, 1), "one claim was enough");
}

#[tokio::test]
async fn what_is_over_quota_is_bought_in_the_next_minute_though_the_stream_has_ended() {
    let mut setup = Setup::default();
    setup.settings.runs_per_minute = 500;
    let world = World::with(setup).await;
    let id = world.create(plain(600)).await;
    let moves = async {
        // All that could be bought is over, the stream too, and the rest waits for the next minute.
        let unit = world.until(&id, |unit| unit.counts.completed == 500).await;
        assert_eq!(
            unit.progress.waiting_for.as_deref(),
            Some("waiting for the upstream's quota of created runs")
        );
        for _ in 0..3 {
            world.clock.advance(Duration::from_secs(5));
            world.clock.sleep(Duration::from_millis(1)).await;
        }
        world.clock.advance(Duration::from_mins(1));
    };
    let (ended, ()) = tokio::join!(world.settle(&id), moves);
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 600));
}

#[tokio::test]
async fn a_purchase_that_is_not_answered_is_abandoned_half_way_to_the_announcements_end() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, Effect::SlowReply { seconds: 900.0 }).times(1));
    let id = world.create(plain(2)).await;
    let moves = async {
        while world.simulator.ledger().runs_of_key(&key_of(&id)).len() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.simulator.ledger().requests(Endpoint::GroupRuns), 0);
        world.clock.advance(world.settings.purchase / 2);
    };
    let (ended, ()) = tokio::join!(world.settle(&id), moves);
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 2));
    assert_eq!(world.simulator.ledger().requests(Endpoint::AddRuns), 1, "it was found in the group");
}

#[tokio::test]
async fn a_listing_that_began_before_the_announcements_end_does_not_show_that_nothing_was_bought() {
    let world = World::start().await;
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, Effect::LostRequest).times(1));
    world.simulator.faults().add(Fault::on(Endpoint::GroupRuns, Effect::SlowReply { seconds: 0.2 }).times(1));
    let id = world.create(plain(2)).await;
    let requests = |endpoint| world.simulator.ledger().requests(endpoint);
    let moves = async {
        while requests(Endpoint::GroupRuns) == 0 {
            tokio::task::yield_now().await;
        }
        // The announcement ends while the listing is under way: what was executed since its beginning is not in it.
        world.clock.advance(world.settings.purchase);
        while requests(Endpoint::AddRuns) < 2 {
            tokio::task::yield_now().await;
        }
        assert!(requests(Endpoint::GroupRuns) >= 2, "it was listed again before anything was bought again");
    };
    let (ended, ()) = tokio::join!(world.settle(&id), moves);
    assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 2));
}

#[tokio::test]
async fn a_run_that_came_later_than_anybody_waited_for_is_adopted_and_not_bought_again() {
    let world = World::start().await;
    let id = domain::UnitId::from_bits([77; 16]);
    let upstream = parallel::Settings::new(world.simulator.url().parse().expect("a URL"));
    let (upstream, key) =
        (parallel::Client::new(upstream).expect("a client"), parallel::Key::new(key_of(&id)));
    let created = upstream.create_group(&key, &serde_json::Map::new()).await.expect("a group").taskgroup_id;
    let late =
        [json!({"processor": "lite", "input": {"company": "Company 0"}, "metadata": {"mt_row": "0.1"}})];
    let late = parallel::NewRuns { default_task_spec: None, inputs: &late };
    upstream.add_runs(&key, &created, &late, Duration::from_secs(5)).await.expect("a run");
    let mut group = plain(2).with(|spec| spec.max_cost = Some(2 * 5_000));
    group.progress = Some(domain::progress::Progress {
        upstream_group: Some(created),
        adding: Some(domain::progress::Adding { epoch: 1, rows: vec![(1, 1)], until: world.clock.now() }),
        committed_cost: 5_000,
        ..Default::default()
    });
    world.create_as(id.clone(), group).await;
    world.send(&id, 0).await;
    let ended = world.settle(&id).await;
    assert_eq!(
        (ended.status(), ended.marks()),
        (Status::Completed, vec!["0.1".to_owned(), "1.1".to_owned()])
    );
    assert_eq!(ended.unit.progress.committed_cost, 2 * 5_000, "what came late is reckoned too");
}
