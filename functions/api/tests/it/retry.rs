//! What failed is bought again.

use domain::group::Secrets;
use domain::unit::Status;
use serde_json::json;

use crate::world::{World, group};

#[tokio::test]
async fn a_retry_revives_a_group_and_counts_what_is_bought_again() {
    let world = World::start().await;
    let over = world.over().await;
    let answer = world.ask("POST", &format!("/{}/retry", over.id), &[], "").await;
    let told = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &told["retried"], &told["status"]),
        (202, &json!(1), &json!("pending"))
    );
    assert_eq!(told["task_run_status_counts"], json!({"pending": 1, "completed": 1}));
    let unit = world.unit(&over.id).await;
    assert_eq!((unit.status, unit.round, unit.asks.retries), (Status::Pending, 1, 1));
    assert_eq!(unit.progress.round_began, Some(unit.modified_at));
    let hop = over.lease.hop + 1;
    assert_eq!(world.queues.taken("runs"), [json!({"v": 1, "kind": "unit", "id": over.id, "hop": hop})]);
}

#[tokio::test]
async fn a_retry_may_bring_the_servers_whose_secrets_ended_with_the_group() {
    let world = World::start().await;
    let over = world.over().await;
    let body = json!({"mcp_servers": [{"name": "wiki", "url": "https://mcp.example"}]});
    assert_eq!(world.post(&format!("/{}/retry", over.id), &body).await.status.as_u16(), 202);
    let sealed = world.unit(&over.id).await.sealed.expect("it lives");
    let opened = world.sealer.open(&sealed, over.id.as_str()).expect("ours");
    let secrets: Secrets = serde_json::from_str(opened.expose()).expect("secrets");
    assert_eq!(secrets.mcp_servers.expect("servers")[0]["name"], "wiki");
    let faulty = world.post(&format!("/{}/retry", over.id), &json!({"rows": [1]})).await;
    assert_eq!((faulty.status.as_u16(), faulty.places()), (422, vec!["/rows".to_owned()]));
}

#[tokio::test]
async fn where_nothing_failed_there_is_nothing_to_retry() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    assert_eq!(world.ask("POST", &format!("/{}/retry", unit.id), &[], "").await.status.as_u16(), 409);
    world.ask("POST", &format!("/{}/cancel", unit.id), &[], "").await;
    let retried = world.ask("POST", &format!("/{}/retry", unit.id), &[], "").await;
    assert_eq!(
        (retried.status.as_u16(), &retried.json()["retried"]),
        (202, &json!(1)),
        "cancelled runs have no output"
    );
}

#[tokio::test]
async fn a_repeated_retry_retries_once() {
    let world = World::start().await;
    let over = world.over().await;
    let path = format!("/{}/retry", over.id);
    let retry = || world.ask("POST", &path, &[("idempotency-key", "k")], "");
    let (first, again) = (retry().await, retry().await);
    assert_eq!((first.json(), again.header("idempotency-replayed")), (again.json(), "true"));
    assert_eq!(world.unit(&over.id).await.asks.retries, 1);
}
