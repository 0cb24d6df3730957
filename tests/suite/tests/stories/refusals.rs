//! Bad input of every kind: its status, as a problem, with every fault and its place.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use suite::{Answer, World};

const GROUPS: &str = "/v1beta/tasks/groups";

fn is_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    for name in ["type", "title", "detail", "error"] {
        assert!(problem[name].as_str().is_some_and(|text| !text.is_empty()), "no {name}: {problem}");
    }
}

#[tokio::test]
async fn each_way_of_asking_wrongly_has_its_status() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let post = |kind: &'static str, body: String| {
        let request = owner.request(Method::POST, GROUPS).header("content-type", kind).body(body);
        owner.send(request)
    };
    is_problem(&post("application/json", "{\"inputs\": [".to_owned()).await, 400);
    is_problem(&post("application/xml", "<inputs/>".to_owned()).await, 415);
    is_problem(&post("application/json", "[]".to_owned()).await, 422);
    is_problem(&post("text/csv", "a,b\n1\n".to_owned()).await, 422);
    is_problem(&owner.get("/aaaaaaaaaaaaaaaaaaaaaaaaaa").await, 404);
    is_problem(&owner.get("/nowhere").await, 404);
    is_problem(&owner.delete(GROUPS).await, 405);
    let padding = " ".repeat(4 * 1024 * 1024);
    let edge =
        json!({"inputs": ["a"], "output_type": "text", "processor": "lite", "dry_run": true}).to_string();
    let filled = |length: usize| format!("{edge}{}", &padding[..length - edge.len()]);
    post("application/json", filled(4 * 1024 * 1024)).await.expect(200);
    is_problem(&post("application/json", filled(4 * 1024 * 1024) + " ").await, 413);
}

#[tokio::test]
async fn every_fault_of_a_body_is_told_at_once_with_its_place() {
    let world = World::start().await;
    let body = json!({
        "inputs": ["fine", 7, {"a": 1}, null],
        "output_type": "xml",
        "processor": 5,
        "webhook_url": "ftp://example.com",
        "metadata": {"a-key-that-is-far-too-long": "x"},
        "limit": 0,
        "max_cost_usd": -1,
        "retry_failed": 99,
        "visibility": "nobody",
        "outputs": "misspelt"
    });
    let refused = world.owner("the-owners-key").post(GROUPS, &body).await;
    is_problem(&refused, 422);
    let pointers = refused.pointers();
    for pointer in [
        "/inputs/1",
        "/inputs/3",
        "/output_type",
        "/processor",
        "/webhook_url",
        "/metadata/a-key-that-is-far-too-long",
        "/limit",
        "/max_cost_usd",
        "/retry_failed",
        "/visibility",
        "/outputs",
    ] {
        assert!(pointers.iter().any(|told| told == pointer), "{pointer} is not among {pointers:?}");
    }
    assert!(world.simulator().ledger().creates().is_empty());
}

#[tokio::test]
async fn without_a_key_where_one_is_needed_both_ways_to_get_one_are_named() {
    let world = World::setup().server_key("operator").access_tokens(&["token"]).start().await;
    let body = json!({"inputs": ["a"], "output_type": "text", "processor": "lite"});
    is_problem(&world.visitor().post(GROUPS, &body).await, 401);
    is_problem(&world.owner("not-a-token").post(GROUPS, &body).await, 401);
    let owner = world.owner("token");
    let group = owner.create(&body).await;
    assert_eq!(owner.finished(&group).await["status"]["status"], "completed");
    assert_eq!(world.simulator().ledger().runs_of_key("operator").len(), 1);
}

#[tokio::test]
async fn thirty_days_after_its_end_a_group_is_gone() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let body = json!({"inputs": ["a"], "output_type": "text", "processor": "lite"});
    let group = owner.create(&body).await;
    owner.finished(&group).await;
    world.pass(Duration::from_hours(29 * 24));
    owner.get(&group.path(".json")).await.expect(200);
    world.pass(Duration::from_hours(2 * 24));
    for rest in [".json", ".html", "/events", "/runs"] {
        is_problem(&owner.get(&group.path(rest)).await, 410);
    }
}

#[tokio::test]
async fn a_list_by_url_is_read_in_each_form_and_its_faults_are_told() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let served = |kind: &'static str, text: &'static str| {
        let receiver = world.receiver().clone();
        receiver.reply([suite::Reply::Body(200, kind, text.to_owned())]);
        let body = json!({"inputs": receiver.url("/list"), "output_type": "text", "processor": "lite"});
        let owner = owner.clone();
        async move { owner.post(GROUPS, &body).await }
    };
    for (kind, text) in [
        ("application/json", r#"[{"company": "Acme"}, {"company": "Globex"}]"#),
        ("text/csv", "company\nAcme\nGlobex\n"),
        ("application/x-ndjson", "{\"company\": \"Acme\"}\n{\"company\": \"Globex\"}\n"),
    ] {
        let accepted = served(kind, text).await.expect(202).json();
        assert_eq!(accepted["num_task_runs"], 2, "{kind}");
        let id = accepted["taskgroup_id"].as_str().expect("an id");
        let runs: Value = owner.get(&format!("/{id}.json?wait=20")).await.expect(200).json();
        assert_eq!(runs["runs"][1]["input"]["company"], "Globex", "{kind}");
    }
    is_problem(&served("application/json", r#"[{"company": "Acme"}, 7]"#).await, 422);
    is_problem(&served("application/json", r#"[{"company": "#).await, 422);
}
