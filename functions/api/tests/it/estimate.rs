//! What work would cost.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_thousand_core_rows_cost_25_dollars() {
    let world = World::start().await;
    let path = "/v1beta/tasks/estimate";
    let answer = world.post(path, &json!({"rows": 1000, "processor": "core", "retry_failed": 1})).await;
    let told = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &told["cost_usd"], &told["cost_at_most_usd"]),
        (200, &json!(25.0), &json!(50.0))
    );
    assert_eq!((&told["rows"], &told["processor"]), (&json!(1000), &json!("core")));
    assert!(told["expected_seconds"].is_u64());
    let rows: Vec<Value> = vec![json!("What is it?"); 3];
    let chosen = world.post(path, &json!({"inputs": rows, "output_type": "text"})).await.json();
    assert_eq!((&chosen["rows"], chosen["processor_reason"].is_string()), (&json!(3), true));
    let unread =
        world.post(path, &json!({"inputs": world.lists.url("large.json"), "processor": "core"})).await.json();
    assert_eq!(
        (&unread["rows"], &unread["cost_usd"], &unread["price_per_run_usd"]),
        (&Value::Null, &Value::Null, &json!(0.025))
    );
    let faulty = world.post(path, &json!({"rows": 0, "processor": "no name"})).await;
    assert_eq!(faulty.status.as_u16(), 422);
    assert_eq!(world.queues.taken("runs").len(), 0);
}

#[tokio::test]
async fn whoever_asks_for_an_estimate_is_known() {
    let world = World::start().await;
    let body = json!({"inputs": world.lists.url("rows.json")}).to_string();
    let answer = world.ask("POST", "/v1beta/tasks/estimate", &[("x-api-key", "")], body).await;
    assert_eq!((answer.status.as_u16(), world.lists.asked()), (401, 0), "nothing is fetched for strangers");
}
