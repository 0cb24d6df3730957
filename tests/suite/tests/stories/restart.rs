//! The process dies, or is stopped, in the middle: it goes on where it was.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use suite::{Group, World};

const KEY: &str = "the-owners-key";
const ROWS: usize = 40;

/// A group of which some rows end at once, and others in some seconds.
async fn in_the_middle(world: &World) -> Group {
    let owner = world.owner(KEY);
    let inputs: Vec<Value> = (0..ROWS)
        .map(|n| match n % 2 {
            0 => json!({"company": format!("quick {n}")}),
            _ => json!({"company": format!("slow {n}"), "simulate": "seconds=3"}),
        })
        .collect();
    let group = owner
        .create(&json!({
            "inputs": inputs, "output_type": "text", "processor": "lite",
            "webhook_url": world.receiver().url("/hook"),
        }))
        .await;
    // A result is there, so the rows are bought and the group is far from its end.
    owner.events(&group.path("/events"), None).await.until("run_update").await;
    group
}

/// All results, in order, each bought once; one webhook, however often it was tried.
async fn all_is_well(world: &World, group: &Group) {
    let result = world.owner(KEY).finished(group).await;
    assert_eq!(result["status"]["status"], "completed", "{}", result["status"]);
    let results = result["results"].as_array().expect("results");
    assert_eq!(results.iter().filter(|result| result.is_string()).count(), ROWS);
    for (n, run) in result["runs"].as_array().expect("runs").iter().enumerate() {
        let company = run["input"]["company"].as_str().unwrap_or_default();
        assert!(company.ends_with(&format!(" {n}")), "row {n} is {company}");
    }
    let mut bought = BTreeMap::new();
    for run in world.simulator().ledger().runs() {
        *bought.entry(run.metadata["mt_row"].to_string()).or_insert(0) += 1;
    }
    assert_eq!(bought.len(), ROWS);
    assert!(bought.values().all(|times| *times == 1), "{bought:?}");
    let hits = world.receiver().after(1).await;
    let ids: BTreeSet<&str> = hits.iter().map(suite::Hit::webhook_id).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

#[tokio::test]
async fn a_killed_process_loses_nothing_and_buys_nothing_twice() {
    let mut world = World::setup().sweep(Duration::from_secs(5)).in_a_process().start().await;
    let group = in_the_middle(&world).await;
    world.kill().await;
    world.start_again().await;
    all_is_well(&world, &group).await;
}

#[tokio::test]
async fn a_stopped_process_exits_in_good_order_and_goes_on_later() {
    let mut world = World::setup().in_a_process().start().await;
    let group = in_the_middle(&world).await;
    world.stop().await;
    world.start_again().await;
    all_is_well(&world, &group).await;
}

#[tokio::test]
async fn no_key_is_in_the_state_or_the_log_while_the_work_goes_on() {
    let world = World::setup().in_a_process().start().await;
    let group = in_the_middle(&world).await;
    for file in std::fs::read_dir(world.data_dir()).expect("a directory") {
        let path = file.expect("an entry").path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        assert!(!bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes()), "{}", path.display());
    }
    assert!(!world.log().contains(KEY));
    all_is_well(&world, &group).await;
}
