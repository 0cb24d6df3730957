//! What a runner counts of its work: what an operator sees of it.

use std::time::Duration;

use domain::adoption::Slots;
use domain::message::Work;
use domain::unit::Status;
use metrics::Metric;
use simulator::Endpoint;

use crate::group::plain;
use crate::world::{INVOCATION, Setup, World, event, record};

#[tokio::test]
async fn a_unit_is_counted_from_its_claim_to_its_end_with_what_it_cost() {
    let world = World::start().await;
    let id = world.create(plain(3)).await;
    let runner = world.runner();
    let records = world.receive().await;
    assert!(world.invoke(&runner, records).await.is_empty());
    assert_eq!(world.ended(&id).await.status(), Status::Completed);
    let count = |metric| runner.metrics().now(metric);
    assert_eq!(
        (count(Metric::UnitsClaimed), count(Metric::UnitsEnded), count(Metric::UnitsFailed)),
        (1, 1, 0)
    );
    assert_eq!(
        (count(Metric::Purchases), count(Metric::RunsBought), count(Metric::RunsCompleted)),
        (1, 3, 3)
    );
    assert_eq!((count(Metric::UnitsFenced), count(Metric::UnitsHandedOver), count(Metric::Hops)), (0, 0, 0));
    assert!(count(Metric::ResultBytes) > 0 && count(Metric::Flushes) > 0);
    // The claim, three results, and a flush of one item and META, each with its index.
    assert!(count(Metric::WriteUnits) >= 6, "{}", count(Metric::WriteUnits));
    assert_eq!(count(Metric::TableRequests), count(Metric::TableAttempts));
    let bought = world.simulator.ledger().requests(Endpoint::CreateGroup)
        + world.simulator.ledger().requests(Endpoint::AddRuns);
    assert!(bought == 2 && count(Metric::UpstreamRequests) > bought);
    assert_eq!((count(Metric::UpstreamUnreached), count(Metric::UpstreamInvalid)), (0, 0));
    let told = runner.metrics().take();
    let runs = told.iter().find(|(metric, _)| *metric == Metric::FlushRuns).map(|(_, values)| values);
    assert_eq!(runs.map(|runs| runs.iter().sum()), Some(3_u64), "each end is in one flush");
}

#[tokio::test]
async fn a_message_for_nothing_is_counted_as_stale_and_not_as_a_claim() {
    let world = World::start().await;
    let id = world.create(plain(1)).await;
    world.settle(&id).await;
    let runner = world.runner();
    runner.invoke(event(vec![record("late", &Work::unit(id, 0))]), INVOCATION).await;
    let count = |metric| runner.metrics().now(metric);
    assert_eq!((count(Metric::StaleMessages), count(Metric::UnitsClaimed)), (1, 0));
    // Nothing was written, and a refused write's units are not told.
    assert_eq!((count(Metric::WriteUnits), count(Metric::TableRequests)), (0, 1));
}

#[tokio::test]
async fn the_sweep_says_how_long_the_oldest_due_unit_has_waited_and_zero_when_none_does() {
    let world = World::start().await;
    let runner = world.runner();
    let sweep = || async { runner.invoke(event(vec![record("sweep", &Work::Sweep)]), INVOCATION).await };
    world.create_silently(plain(1)).await;
    world.clock.advance(Duration::from_secs(100));
    world.create_silently(plain(1)).await;
    world.clock.advance(Duration::from_secs(500));
    sweep().await;
    let count = |metric| runner.metrics().now(metric);
    assert_eq!(count(Metric::SweptUnits), 2);
    let oldest = count(Metric::OldestDueUnit);
    assert!((600..620).contains(&oldest), "{oldest}");
    // It was sent again, and again nobody takes it up: it has still waited since it was made.
    world.clock.advance(Duration::from_hours(1));
    sweep().await;
    assert!(count(Metric::OldestDueUnit) > oldest + 3_000);
    sweep().await;
    assert_eq!(
        (count(Metric::OldestDueUnit), count(Metric::OldestDueDelivery)),
        (0, 0),
        "nothing is due now"
    );
}

#[tokio::test]
async fn a_unit_that_is_passed_on_is_counted_so_and_not_as_driven() {
    let world = World::with(Setup { adopts: true, ..Setup::default() }).await;
    let id = world.create_silently(plain(1)).await;
    let until = world.clock.now() + Duration::from_secs(20);
    let slots = Slots { runner: "another".to_owned(), free: 5, driving: 3, until };
    world.store.announce_slots(&slots).await.expect("a table");
    let runner = world.runner();
    runner.invoke(event(vec![record("m1", &Work::unit(id, 0))]), INVOCATION).await;
    assert_eq!(world.adopted().await, 1);
    let count = |metric| runner.metrics().now(metric);
    assert_eq!(
        (count(Metric::UnitsPassedOn), count(Metric::UnitsClaimed), count(Metric::UnitsAdopted)),
        (1, 0, 0)
    );
}
