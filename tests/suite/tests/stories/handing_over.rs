//! Groups that outlive their runners' slices, and purchases whose answers are lost: each run is bought once, each row ends once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use simulator::{Effect, Endpoint, Fault};
use suite::World;

/// A slice that ends long before the runs do.
const SLICE: Duration = Duration::from_millis(400);

fn bought_once(world: &World, rows: usize) {
    let mut bought = BTreeMap::new();
    for run in world.simulator().ledger().runs() {
        *bought.entry(run.metadata["mt_row"].to_string()).or_insert(0) += 1;
    }
    assert_eq!(bought.len(), rows);
    assert!(bought.values().all(|times| *times == 1), "{bought:?}");
}

/// A group of rows that end between half a second and three seconds after they were bought.
fn body(rows: usize) -> Value {
    let seconds = |row: usize| format!("seconds={}.{}", row % 3, 5 + row % 5);
    let inputs: Vec<Value> = (0..rows).map(|row| json!({"row": row, "simulate": seconds(row)})).collect();
    json!({"inputs": inputs, "output_type": "text", "processor": "lite"})
}

#[tokio::test]
async fn a_group_that_is_handed_over_many_times_ends_as_if_it_never_was() {
    let world = World::setup().slice(SLICE).start().await;
    let owner = world.owner("the-owners-key");
    let group = owner.create(&body(60)).await;
    let mut live = owner.events(&group.path("/events"), None).await;
    let mut ended = BTreeMap::new();
    for event in live.rest().await {
        let run = event.json();
        if event.name == "run_update" && run["status"] == "completed" {
            *ended.entry(run["index"].as_u64()).or_insert(0) += 1;
        }
    }
    assert_eq!(ended.len(), 60);
    assert!(ended.values().all(|times| *times == 1), "a row's end is told twice: {ended:?}");
    let result = owner.finished(&group).await;
    assert_eq!(result["status"]["task_run_status_counts"], json!({"completed": 60}));
    bought_once(&world, 60);
    let streams = world.simulator().ledger().requests(Endpoint::GroupEvents);
    assert!(streams >= 4, "the group was followed by {streams} streams, so it was hardly handed over");
}

#[tokio::test]
async fn lost_replies_to_purchases_and_cut_streams_buy_nothing_twice() {
    let world = World::setup().slice(SLICE).start().await;
    let faults = world.simulator().faults();
    faults.add(Fault::on(Endpoint::AddRuns, Effect::LostReply).times(2));
    faults.add(Fault::on(Endpoint::CreateGroup, Effect::LostReply).times(1));
    faults.add(
        Fault::on(Endpoint::GroupEvents, Effect::CutStream { after_events: 3, with_error: false }).times(5),
    );
    faults.add(Fault::on(Endpoint::Result, Effect::LostReply).times(3));
    let owner = world.owner("the-owners-key");
    let group = owner.create(&body(1_200)).await;
    let result = owner.over(&group).await;
    assert_eq!(result["status"]["task_run_status_counts"], json!({"completed": 1_200}));
    assert_eq!(result["warnings"], json!([]));
    bought_once(&world, 1_200);
}

#[tokio::test]
async fn over_quota_a_group_waits_and_says_so_and_completes() {
    let world = World::setup()
        .simulator(|simulator| simulator.quota_per_minute = 2_000)
        .options(|options| options.runner.runs_per_minute = 100)
        .start()
        .await;
    let owner = world.owner("the-owners-key");
    let inputs: Vec<String> = (0..700).map(|row| format!("row {row}")).collect();
    let body = json!({"inputs": inputs, "output_type": "text", "processor": "lite"});
    let group = owner.create(&body).await;
    let mut live = owner.events(&group.path("/events"), None).await;
    loop {
        let event = live.next().await.expect("it waits before it ends");
        let waiting = event.json()["status"]["waiting_for"].as_str().map(str::to_owned);
        if waiting.is_some_and(|waiting| waiting.contains("quota")) {
            break;
        }
    }
    world.pass(Duration::from_mins(10));
    assert_eq!(owner.over(&group).await["status"]["task_run_status_counts"], json!({"completed": 700}));
    bought_once(&world, 700);
}
