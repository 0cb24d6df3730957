//! The result of an identical run is taken, not bought.

use std::time::Duration;

use domain::unit::Status;
use jiff::SignedDuration;

use crate::group::{Group, plain, simulated};
use crate::world::World;

fn cached(rows: usize) -> Group {
    plain(rows).key("one").with(|spec| spec.cache_hours = Some(24))
}

#[tokio::test]
async fn an_identical_run_is_taken_and_not_bought() {
    let world = World::start().await;
    let first = world.run(cached(2)).await;
    assert_eq!((first.bought.len(), first.runs[0].cached), (2, false));
    let second = world.run(cached(3)).await;
    assert_eq!((second.status(), second.marks()), (Status::Completed, vec!["2.1".to_owned()]));
    assert_eq!(second.runs.iter().map(|run| run.cached).collect::<Vec<_>>(), [true, true, false]);
    for row in 0..2 {
        assert_eq!(second.output(row), first.output(row));
    }
    assert_eq!(second.unit.progress.committed_cost, 5_000, "what is taken costs nothing");
    let third = world.run(cached(3)).await;
    assert_eq!((third.status(), third.bought.len()), (Status::Completed, 0));
}

#[tokio::test]
async fn another_owner_specification_or_processor_is_not_identical() {
    let world = World::start().await;
    world.run(cached(1)).await;
    let others = [
        cached(1).key("other"),
        cached(1).with(|spec| spec.processor = Some("base".to_owned())),
        cached(1).with(|spec| spec.output = domain::group::Output::Auto),
        plain(1).key("one"),
    ];
    for other in others {
        assert_eq!(world.run(other).await.bought.len(), 1);
    }
}

#[tokio::test]
async fn a_result_that_is_too_old_failed_or_deleted_is_bought() {
    let world = World::start().await;
    let failing = || simulated(&["fail"]).key("one").with(|spec| spec.cache_hours = Some(24));
    assert_eq!(world.run(failing()).await.bought.len(), 1);
    assert_eq!(world.run(failing()).await.bought.len(), 1);

    let unit = world.run(cached(1)).await.unit;
    let now = world.clock.now();
    world.store.delete(&unit, now, now, now + SignedDuration::from_hours(1)).await.expect("a table");
    world.store.remove(&unit.id).await.expect("a table");
    assert_eq!(world.run(cached(1)).await.bought.len(), 1);
    world.clock.advance(Duration::from_hours(25));
    assert_eq!(world.run(cached(1)).await.bought.len(), 1);
}
