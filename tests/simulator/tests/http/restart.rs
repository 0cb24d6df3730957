//! A simulator with a data directory that is stopped and started again.

use ambient::Clock;
use serde_json::json;
use simulator::Config;

use crate::client::{Protocol, World, schema};

#[tokio::test]
async fn after_a_restart_groups_runs_results_and_event_ids_are_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Clock::system();
    let config = |speed| Config {
        data_dir: Some(folder.path().to_owned()),
        clock: clock.clone(),
        speed,
        ..Config::default()
    };
    let world = World::with(config(1.0), Protocol::Http1).await;
    let (group, runs) = world.group(&["Acme", "simulate:fail", "simulate:slow"]).await;
    let body =
        json!({"processor": "core", "input": {"company": "Acme"}, "task_spec": {"output_schema": schema()}});
    let single = world.create(&body).await;
    let halfway = world.get(&format!("/v1/tasks/groups/{group}")).await;
    world.simulator.shutdown().await;

    // another speed moves nothing that was created before
    let world = World::with(config(1_000.0), Protocol::Http1).await;
    assert_eq!(world.get(&format!("/v1/tasks/groups/{group}")).await.1["metadata"], halfway.1["metadata"]);
    let (_, run) = world.get(&format!("/v1/tasks/runs/{}", runs[2])).await;
    assert_eq!(run["is_active"], true);
    world.pass(2_000);
    let path = format!("/v1/tasks/runs/{single}/result");
    let result = world.get(&path).await;
    let events = world.stream(&format!("/v1/tasks/groups/{group}/events")).await;
    world.simulator.shutdown().await;

    let world = World::with(config(1.0), Protocol::Http1).await;
    assert_eq!(world.get(&path).await, result);
    let again = world.stream(&format!("/v1/tasks/groups/{group}/events")).await;
    assert_eq!(again.frames, events.frames);
    let ids: Vec<String> =
        world.simulator.ledger().runs_of_group(&group).into_iter().map(|run| run.run_id).collect();
    assert_eq!(ids, runs);
    let (_, input) = world.get(&format!("/v1/tasks/runs/{single}/input")).await;
    assert_eq!(input, body);
}

#[tokio::test]
async fn no_key_is_in_the_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { data_dir: Some(folder.path().to_owned()), ..Config::default() };
    let world = World::with(config, Protocol::Http1).await;
    let body = json!({"processor": "lite", "input": "x",
        "mcp_servers": [{"name": "kb", "url": "https://kb.example", "headers": {"Authorization": "s3cret"}}]});
    world.create(&body).await;
    let journal = std::fs::read_to_string(folder.path().join("simulator.jsonl")).expect("a journal");
    assert!(journal.contains("trun_"));
    assert!(!journal.contains(crate::client::KEY) && !journal.contains("s3cret"));
}

#[tokio::test]
async fn a_stopped_simulator_leaves_its_port_and_ends_its_streams() {
    let world = World::start().await;
    let id = world.lite(&json!("simulate:never")).await;
    let path = format!("/v1/tasks/runs/{id}/events");
    let mut response = world.request(reqwest::Method::GET, &path).send().await.expect("a reply");
    let address = world.simulator.address();
    world.simulator.shutdown().await;
    while let Ok(Some(_)) = response.chunk().await {}
    let again = Config { listen: address, ..Config::default() };
    let world = World::with(again, Protocol::Http1).await;
    assert_eq!(world.simulator.address(), address);
}
