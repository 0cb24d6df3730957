//! Looking for a unit among many: beyond the first thousand, and beyond what one request looks through.

use std::time::Duration;

use domain::UnitId;
use domain::unit::Unit;
use futures::StreamExt;
use serde_json::{Value, json};

use crate::world::World;

const PATH: &str = "/api/tasks";
/// Units that one request looks through at most.
const LOOKED_THROUGH: u32 = 3_000;

/// A task that differs from all others, and then `younger` others.
async fn among(world: &World, younger: u32) -> UnitId {
    let body =
        json!({"processor": "lite", "input": "The kiln of Northwind", "metadata": {"project": "ceramics"}});
    let wanted = world.post(PATH, &body).await.id();
    world.clock.advance(Duration::from_secs(1));
    let other = world.post(PATH, &json!({"processor": "lite", "input": "Anything else"})).await.id();
    let other = world.unit(&other).await;
    let (store, others) = (&world.store, (1..younger).map(|n| numbered(&other, n)));
    let made = others.map(|unit| async move { store.create_unit(&unit, None).await });
    let mut made = futures::stream::iter(made).buffer_unordered(16);
    while let Some(created) = made.next().await {
        created.expect("a table");
    }
    wanted
}

/// The same unit under another id, created a while later.
fn numbered(unit: &Unit, n: u32) -> Unit {
    let mut bits = [7; 16];
    bits[..4].copy_from_slice(&n.to_be_bytes());
    let created_at = unit.created_at + jiff::SignedDuration::from_millis(i64::from(n));
    Unit { id: UnitId::from_bits(bits), created_at, ..unit.clone() }
}

fn ids(answer: &Value) -> Vec<&str> {
    let tasks = answer["tasks"].as_array().expect("tasks");
    tasks.iter().map(|task| task["id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn a_search_finds_by_id_input_and_metadata_beyond_the_first_thousand() {
    let world = World::start().await;
    let wanted = among(&world, 1_200).await;
    world.clock.advance(Duration::from_mins(1));
    for query in [
        format!("q={wanted}"),
        "q=KILN+of".to_owned(),
        "q=ceramics".to_owned(),
        "q=project".to_owned(),
        "metadata.project=ceramics".to_owned(),
    ] {
        let found = world.get(&format!("{PATH}?{query}&limit=25")).await.json();
        assert_eq!((ids(&found), &found["next_cursor"]), (vec![wanted.as_str()], &Value::Null), "{query}");
    }
    assert_eq!(world.get(&format!("{PATH}?q=kilns&limit=25")).await.json()["count"], 0);
}

#[tokio::test]
async fn a_search_that_looked_through_its_share_says_where_to_go_on_and_finds_it_there() {
    let world = World::start().await;
    let wanted = among(&world, LOOKED_THROUGH + 50).await;
    world.clock.advance(Duration::from_mins(1));
    let first = world.get(&format!("{PATH}?q=kiln&limit=25")).await.json();
    assert_eq!(ids(&first), Vec::<&str>::new());
    let cursor = first["next_cursor"].as_str().expect("it goes on").replace('#', "%23");
    let second = world.get(&format!("{PATH}?q=kiln&limit=25&cursor={cursor}")).await.json();
    assert_eq!((ids(&second), &second["next_cursor"]), (vec![wanted.as_str()], &Value::Null));
}
