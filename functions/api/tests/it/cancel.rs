//! A group is stopped.

use domain::delivery::State;
use domain::event::Flush;
use domain::unit::Status;
use serde_json::json;
use store::Saved;

use crate::world::{World, group, request, send};

#[tokio::test]
async fn a_cancel_ends_the_group_tells_its_webhook_and_erases_its_key() {
    let world = World::start().await;
    let mut body = group(&json!(["a", "b"]));
    body["webhook_url"] = world.lists.url("hook").into();
    let unit = world.created(&body).await;
    let answer = world.ask("POST", &format!("/{}/cancel", unit.id), &[], "").await;
    let told = answer.json();
    assert_eq!((answer.status.as_u16(), &told["status"]), (200, &json!("cancelled")));
    assert_eq!(told["task_run_status_counts"], json!({"cancelled": 2}));
    let ended = world.unit(&unit.id).await;
    assert_eq!((ended.status, ended.sealed, ended.lease.due_at), (Status::Cancelled, None, None));
    let deliveries = world.store.deliveries(&unit.id).await.expect("a table");
    assert_eq!(deliveries.len(), 1);
    assert_eq!(
        (deliveries[0].moment.as_str(), deliveries[0].url.clone()),
        ("cancelled", world.lists.url("hook"))
    );
    assert!(matches!(deliveries[0].state, State::Pending { attempt: 1, .. }));
    let again = world.ask("POST", &format!("/{}/cancel", unit.id), &[], "").await;
    assert_eq!((again.status.as_u16(), again.json()), (200, told), "cancelling twice is harmless");
    assert_eq!(world.store.deliveries(&unit.id).await.expect("a table").len(), 1);
}

#[tokio::test]
async fn a_cancel_that_races_with_a_claim_fences_the_claimer() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    let mut held = world.gate.hold("TransactWriteItems");
    let cancel = tokio::spawn({
        let (service, path) = (world.service.clone(), format!("/{}/cancel", unit.id));
        async move { send(&service, request("POST", &path, &[], "")).await }
    });
    held.arrived().await;
    let mut claimer = world.claimed(&unit.id).await;
    held.release();
    let answer = cancel.await.expect("an answer");
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!("cancelled")));
    claimer.seq += 1;
    let (at, status, counts) = (claimer.modified_at, claimer.status, claimer.counts);
    let flush = Flush { at, status, counts, runs: Vec::new(), told: Vec::new(), message: None };
    let saved = world.store.flush(&claimer, &flush).await.expect("a table");
    assert!(matches!(saved, Saved::Fenced(Some((_, Status::Cancelled)))), "{saved:?}");
}

#[tokio::test]
async fn what_is_over_cannot_be_cancelled() {
    let world = World::start().await;
    let over = world.over().await;
    let answer = world.ask("POST", &format!("/{}/cancel", over.id), &[], "").await;
    assert_eq!(answer.status.as_u16(), 409);
    assert!(answer.text.contains("partial"), "{}", answer.text);
    assert_eq!(world.unit(&over.id).await.status, Status::Partial);
}
