//! A group is accepted: what is answered, what is stored, what is sent.

use domain::group::{Output, Secrets};
use domain::unit::{Status, Visibility};
use jiff::SignedDuration;
use serde_json::json;

use crate::world::{BASE, KEY, World, group};

#[tokio::test]
async fn a_group_is_stored_before_it_is_answered_and_a_runner_is_told() {
    let world = World::start().await;
    let body = json!({
        "inputs": [{"company": "A"}, {"company": "B"}], "output_type": "json", "output_description": "the CEO",
        "processor": "core", "metadata": {"batch_id": "b1"}, "visibility": "key",
    });
    let answer = world.create(&body).await;
    let id = answer.id();
    let told = answer.json();
    let url = format!("{BASE}/{id}");
    assert_eq!((answer.header("location"), told["url"].as_str()), (url.as_str(), Some(url.as_str())));
    assert_eq!((&told["task_group_id"], &told["status"]), (&json!(id), &json!("pending")));
    assert_eq!((&told["processor_used"], &told["processor_reason"]), (&json!("core"), &json!("asked for")));
    assert_eq!((&told["num_task_runs"], &told["estimate"]["cost_usd"]), (&json!(2), &json!(0.05)));
    assert_eq!(answer.header("access-control-allow-origin"), "*");

    let unit = world.unit(&id).await;
    assert_eq!((unit.status, unit.owner.clone(), unit.url()), (Status::Pending, world.owner(), url));
    assert_eq!((unit.counts.pending, unit.rows(), unit.spec.visibility), (2, 2, Visibility::Key));
    assert_eq!(unit.spec.upstream, "https://upstream.example");
    assert!(matches!(unit.spec.group.output, Output::Described { .. }));
    assert_eq!(world.rows(&unit).await, [r#"{"company":"A"}"#, r#"{"company":"B"}"#]);
    let due = unit.lease.due_at.expect("it is swept if its message is lost");
    assert_eq!(due.as_millisecond() - unit.created_at.as_millisecond(), 60_000);
    assert_eq!(unit.expires_at.as_second() - unit.created_at.as_second(), 30 * 86_400);
    assert_eq!(world.queues.taken("runs"), [json!({"v": 1, "kind": "unit", "id": id, "hop": 0})]);
    assert_eq!(*world.changed.lock().unwrap(), [id]);
}

#[tokio::test]
async fn the_alias_does_the_same_and_plain_text_is_the_bare_url() {
    let world = World::start().await;
    let accept = [("accept", "text/plain")];
    let answer =
        world.ask("POST", "/v1beta/tasks/multitask", &accept, group(&json!(["a"])).to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (202, "text/plain; charset=utf-8"));
    assert_eq!(answer.text, answer.header("location"));
    assert!(answer.text.starts_with(&format!("{BASE}/")), "{}", answer.text);
}

#[tokio::test]
async fn what_a_runner_needs_is_sealed_for_the_unit_alone() {
    let world = World::start().await;
    let mut body = group(&json!(["a"]));
    let secret = format!("whsec_{}", "A".repeat(32));
    body["mcp_servers"] =
        json!([{"name": "wiki", "url": "https://mcp.example", "headers": {"k": "mcp-secret"}}]);
    body["webhook_url"] = world.lists.url("hook").into();
    body["webhook_secret"] = secret.clone().into();
    let unit = world.created(&body).await;
    let sealed = unit.sealed.expect("it lives");
    let opened = world.sealer.open(&sealed, unit.id.as_str()).expect("ours");
    let secrets: Secrets = serde_json::from_str(opened.expose()).expect("secrets");
    assert_eq!(secrets.key, KEY);
    assert_eq!(secrets.mcp_servers.expect("servers")[0]["headers"]["k"], "mcp-secret");
    let hook = unit.spec.group.webhook.expect("a webhook");
    let opened = world.sealer.open(&hook.sealed_secret.expect("a secret"), unit.id.as_str()).expect("ours");
    assert_eq!((opened.expose(), hook.url), (secret.as_str(), world.lists.url("hook")));
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_is_left_to_the_sweep_and_is_no_failure() {
    let world = World::start().await;
    world.queues.refuse();
    let answer = world.create(&group(&json!(["a"]))).await;
    let unit = world.unit(&answer.id()).await;
    let due =
        world.store.due_units(world.clock.now() + SignedDuration::from_secs(61)).await.expect("a table");
    assert_eq!(due.iter().map(|due| &due.id).collect::<Vec<_>>(), [&unit.id]);
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_cost_and_writes_nothing() {
    let world = World::start().await;
    let mut body = group(&json!(["a", "b"]));
    body["dry_run"] = true.into();
    body["processor"] = "core".into();
    let answer = world.create(&body).await;
    let told = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &told["dry_run"], &told["cost_usd"]),
        (200, &json!(true), &json!(0.05))
    );
    assert_eq!(world.get("/v1beta/tasks/groups").await.json()["count"], 0);
    assert_eq!(world.queues.taken("runs").len(), 0);
    body["inputs"] = json!([1]);
    assert_eq!(world.create(&body).await.places(), ["/inputs/0"], "it is judged in full");
}
