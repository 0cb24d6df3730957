//! The control surface, as another process uses it.

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Effect, Endpoint, Fault};

use crate::client::{KEY, World, answer, text};

async fn call(world: &World, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = world.http.request(method, format!("{}/_sim/{path}", world.simulator.url()));
    answer(request.json(body)).await
}

#[tokio::test]
async fn faults_are_put_listed_posted_and_deleted() {
    let world = World::start().await;
    let fault = json!({"endpoint": "create_run", "effect": {"kind": "status", "status": 503}, "times": 1, "key": KEY});
    assert_eq!(call(&world, Method::PUT, "faults", &json!([fault])).await.0, 200);
    let body = json!({"processor": "lite", "input": "x"});
    assert_eq!(world.post("/v1/tasks/runs", &body).await.0, 503);
    assert_eq!(world.post("/v1/tasks/runs", &body).await.0, 202);
    let (_, listed) = call(&world, Method::GET, "faults", &Value::Null).await;
    assert_eq!(listed["faults"][0]["fired"], 1);
    assert!(!listed.to_string().contains(KEY));
    let other = json!({"effect": {"kind": "lost_reply"}});
    assert_eq!(
        call(&world, Method::POST, "faults", &other).await.1["faults"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(call(&world, Method::DELETE, "faults", &Value::Null).await.1, json!({"faults": []}));
    assert_eq!(call(&world, Method::PUT, "faults", &json!([{"effect": {"kind": "what"}}])).await.0, 422);
}

#[tokio::test]
async fn the_ledger_is_filtered_by_key_group_and_metadata() {
    let world = World::start().await;
    let (group, runs) = world.group(&["a", "b"]).await;
    world.create(&json!({"processor": "lite", "input": "x", "metadata": {"row": "7", "n": 3}})).await;
    let count = async |query: String| {
        let (_, ledger) = call(&world, Method::GET, &format!("ledger{query}"), &Value::Null).await;
        ledger["runs"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(count(String::new()).await, 3);
    assert_eq!(count(format!("?key={KEY}")).await, 3);
    assert_eq!(count("?key=nobody".into()).await, 0);
    assert_eq!(count(format!("?group={group}")).await, 2);
    assert_eq!(count("?metadata=row:7".into()).await, 1);
    assert_eq!(count("?metadata=n:3".into()).await, 1);
    assert_eq!(count("?metadata=row:8".into()).await, 0);
    let (_, ledger) = call(&world, Method::GET, "ledger", &Value::Null).await;
    assert_eq!(ledger["runs"][0]["run_id"], json!(runs[0]));
    let creates: Vec<String> =
        ledger["creates"].as_array().into_iter().flatten().map(|call| text(&call["endpoint"])).collect();
    assert_eq!(creates, ["create_group", "add_runs", "create_run"]);
    assert_eq!(ledger["requests"]["add_runs"], 1);
    assert!(!ledger.to_string().contains(KEY));
}

#[tokio::test]
async fn the_ledger_tells_who_followed_a_run_and_how_far() {
    let world = World::start().await;
    let id = world.lite(&json!("x")).await;
    let path = format!("/v1/tasks/runs/{id}/events");
    let cut = Effect::CutStream { after_events: 0, with_error: false };
    world.simulator.faults().add(Fault::on(Endpoint::RunEvents, cut).times(1));
    assert!(world.stream(&path).await.broken);
    assert!(!world.stream(&path).await.broken);
    let ledger = world.simulator.ledger();
    // The second is told of when its connection has been let go.
    let followed = loop {
        match ledger.followed() {
            followed if followed.len() == 2 => break followed,
            _ => tokio::task::yield_now().await,
        }
    };
    let ended_at = ledger.runs()[0].ends_at;
    assert!(followed.iter().all(|stream| stream.run_id == id && stream.opened_at <= stream.closed_at));
    assert_eq!(followed[0].told_at, None, "it was cut before its first event");
    assert!(followed[1].told_at >= ended_at, "it told the end");
}

#[tokio::test]
async fn the_clock_can_be_moved_and_runs_move_with_it() {
    let world = World::start().await;
    let id = world.lite(&json!("x")).await;
    let (status, _) = call(&world, Method::PUT, "clock", &json!({"advance_seconds": 300})).await;
    assert_eq!(status, 200);
    assert_eq!(world.get(&format!("/v1/tasks/runs/{id}")).await.1["status"], "completed");
    assert_eq!(call(&world, Method::PATCH, "clock", &Value::Null).await.0, 405);
    assert_eq!(call(&world, Method::GET, "nothing", &Value::Null).await.0, 404);
}

#[tokio::test]
async fn ten_thousand_runs_are_created_counted_and_listed() {
    let config =
        simulator::Config { quota_per_minute: 20_000, speed: 1_000.0, ..simulator::Config::default() };
    let world = World::with(config, crate::client::Protocol::Http1).await;
    let (group, _) = world.group(&[]).await;
    let inputs: Vec<String> = (0..1_000).map(|n| format!("Company {n}")).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    for _ in 0..10 {
        world.add(&group, &inputs).await;
    }
    let live = world.stream(&format!("/v1/tasks/groups/{group}/events")).await;
    let last = &live.frames.last().expect("frames")["status"];
    assert_eq!(last["task_run_status_counts"], json!({"completed": 10_000}));
    assert_eq!(live.kinds().iter().filter(|kind| **kind == "task_run.state").count(), 10_000);
    let snapshot = world.stream(&format!("/v1/tasks/groups/{group}/runs?include_output=true")).await;
    assert!(snapshot.frames.iter().all(|frame| frame["output"].is_object()));
    assert_eq!(snapshot.frames.len(), 10_000);
}
