//! What is bought never exceeds `max_cost`, crashes included; and the quota is the key's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::unit::Status;
use simulator::{Effect, Endpoint, Fault};

use crate::gate::{Act, Request};
use crate::group::plain;
use crate::world::{Setup, World, key_of};

/// What a run of these groups costs, in millionths of a dollar.
const PRICE: u64 = 5_000;

#[tokio::test]
async fn rows_past_the_budget_are_not_bought_and_say_so() {
    let world = World::start().await;
    let ended = world.run(plain(5).with(|spec| spec.max_cost = Some(3 * PRICE + 1))).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Partial, 3));
    assert!(ended.errors()[4].contains("max_cost_usd"), "{:?}", ended.errors());
    assert_eq!(ended.unit.progress.committed_cost, 3 * PRICE);
}

#[tokio::test]
async fn retries_by_themselves_stay_within_the_budget() {
    let world = World::start().await;
    let group = crate::group::simulated(&["fail", "fail"]).with(|spec| {
        spec.max_cost = Some(3 * PRICE);
        spec.retry_failed = 5;
    });
    let ended = world.run(group).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Failed, 3));
}

#[tokio::test]
async fn the_budget_is_kept_across_a_death_between_announcement_and_purchase() {
    let world = World::start().await;
    for act in [Act::HoldBefore, Act::HoldAfter] {
        for write in 0..12 {
            let id = world.create(plain(4).with(|spec| spec.max_cost = Some(3 * PRICE))).await;
            world.gate.arm(act, write, Request::is_write);
            if world.dies_when_held(world.receive().await).await {
                world.leases_pass();
            }
            let ended = world.settle(&id).await;
            assert_eq!((ended.status(), ended.bought.len()), (Status::Partial, 3), "{act:?} {write}");
        }
    }
}

#[tokio::test]
async fn an_unknown_processor_is_reckoned_at_the_dearest_price() {
    let world = World::start().await;
    let group = plain(2).with(|spec| {
        spec.processor = Some("unheard-of".to_owned());
        spec.max_cost = Some(2 * 2_400_000 - 1);
    });
    let ended = world.run(group).await;
    assert_eq!((ended.status(), ended.bought.len()), (Status::Failed, 0));
    let beyond = ended.errors().iter().filter(|error| error.contains("max_cost_usd")).count();
    assert_eq!(beyond, 1, "one of two was affordable: {:?}", ended.errors());
}

#[tokio::test]
async fn two_units_of_one_key_share_its_quota() {
    let mut setup = Setup::default();
    setup.settings.runs_per_minute = 4;
    let world = World::with(setup).await;
    let first = world.create(plain(3).key("shared")).await;
    world.settle(&first).await;
    let second = world.create(plain(3).key("shared")).await;
    let other = world.create(plain(3).key("other")).await;
    let moves = async {
        let unit = world.until(&second, |unit| unit.progress.waiting_for.is_some()).await;
        assert_eq!(
            unit.progress.waiting_for.as_deref(),
            Some("waiting for the upstream's quota of created runs")
        );
        world.until(&other, |unit| unit.status.is_terminal()).await;
        assert_eq!(world.simulator.ledger().runs_of_key("shared").len(), 3);
        world.clock.advance(Duration::from_mins(1));
    };
    let (ended, ()) = tokio::join!(world.settle(&second), moves);
    assert_eq!(ended.status(), Status::Completed);
    assert_eq!(world.ended(&other).await.status(), Status::Completed);
}

#[tokio::test]
async fn units_of_one_key_do_not_take_its_slots_out_of_each_others_hands() {
    let world = World::start().await;
    for _ in 0..10 {
        world.create(plain(1).key("shared")).await;
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    world.gate.arm(Act::Conflict, 0, move |request| {
        let takes = request.operation == "UpdateItem" && request.body.contains("taken_to");
        count.fetch_add(usize::from(takes), Ordering::Relaxed);
        false
    });
    let records = world.receive().await;
    assert_eq!(world.invoke(&world.runner(), records).await, Vec::<String>::new());
    assert_eq!(world.simulator.ledger().runs_of_key("shared").len(), 10);
    assert_eq!(asked.load(Ordering::Relaxed), 10, "each asked the table once");
}

#[tokio::test]
async fn what_was_surely_not_bought_is_given_back_to_the_budget() {
    let world = World::start().await;
    let refusal = Effect::Status { status: 429, retry_after: Some(1), message: None };
    world.simulator.faults().add(Fault::on(Endpoint::AddRuns, refusal).times(2));
    let id = world.create(plain(2).with(|spec| spec.max_cost = Some(2 * PRICE))).await;
    let ended = world.settle_waiting(&id, Duration::from_secs(2)).await;
    assert_eq!((ended.status(), ended.unit.progress.committed_cost), (Status::Completed, 2 * PRICE));
    assert_eq!(world.simulator.ledger().runs_of_key(&key_of(&id)).len(), 2);
}
