//! Rows are appended, to what runs and to what is over.

use std::time::Duration;

use domain::run::Counts;
use domain::unit::Status;
use serde_json::json;
use store::Saved;

use crate::world::{World, group, request, send};

#[tokio::test]
async fn rows_in_every_form_are_appended_in_order_to_a_group_that_runs() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    let held = world.claimed(&unit.id).await;
    world.queues.taken("runs");
    let path = format!("/{}/runs", unit.id);
    let url = json!({"inputs": world.lists.url("rows.json"), "limit": 1}).to_string();
    for (content_type, body, first) in [
        ("application/json", r#"{"inputs": ["b"]}"#, 1),
        ("text/csv", "n\n3", 2),
        ("application/x-ndjson", "\"d\"", 3),
        ("application/json", &url, 4),
        ("application/json", r#"{"inputs": "[\"f\"]"}"#, 5),
    ] {
        let answer = world.ask("POST", &path, &[("content-type", content_type)], body.to_owned()).await;
        let told = answer.json();
        assert_eq!(answer.id(), unit.id);
        assert_eq!(
            (&told["first_index"], &told["appended"], &told["status"]),
            (&json!(first), &json!(1), &json!("running"))
        );
    }
    let now = world.unit(&unit.id).await;
    assert_eq!(world.rows(&now).await, ["\"a\"", "\"b\"", r#"{"n":"3"}"#, "\"d\"", r#"{"n":1}"#, "\"f\""]);
    assert_eq!(
        (now.lease.epoch, now.round, now.changes),
        (held.lease.epoch, 0, 5),
        "the holder is not fenced"
    );
    assert_eq!(world.queues.taken("runs").len(), 5);
    assert!(
        matches!(world.finish(&held, Counts::pending(1)).await, Saved::Changed(_)),
        "the holder finds out"
    );
}

#[tokio::test]
async fn an_append_to_what_is_over_revives_it_with_the_key_sealed_anew() {
    let world = World::start().await;
    let over = world.over().await;
    assert!(over.status.is_terminal() && over.sealed.is_none());
    let answer = world.post(&format!("/{}/runs", over.id), &json!({"inputs": ["c"]})).await;
    assert_eq!(answer.json()["status"], "pending");
    let unit = world.unit(&over.id).await;
    assert_eq!((unit.status, unit.round, unit.completed_at), (Status::Pending, 1, None));
    assert_eq!((unit.counts.pending, unit.counts.failed, unit.counts.total()), (1, 1, 3));
    assert!(unit.sealed.is_some_and(|sealed| world.sealer.open(&sealed, over.id.as_str()).is_ok()));
    let hop = over.lease.hop + 1;
    assert_eq!(world.queues.taken("runs"), [json!({"v": 1, "kind": "unit", "id": over.id, "hop": hop})]);
}

#[tokio::test]
async fn an_append_that_races_with_the_end_of_the_group_is_not_lost() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    let holder = world.claimed(&unit.id).await;
    let mut held = world.gate.hold("TransactWriteItems");
    let append = tokio::spawn({
        let (service, path) = (world.service.clone(), format!("/{}/runs", unit.id));
        async move { send(&service, request("POST", &path, &[], r#"{"inputs": ["b"]}"#)).await }
    });
    held.arrived().await;
    let counts = Counts { completed: 1, ..Counts::default() };
    assert!(matches!(world.finish(&holder, counts).await, Saved::Yes(_)), "the end is written first");
    held.release();
    let answer = append.await.expect("an answer");
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (202, &json!("pending")));
    let now = world.unit(&unit.id).await;
    assert_eq!((now.status, now.round, now.rows()), (Status::Pending, 1, 2));
    assert_eq!((now.counts.pending, now.counts.completed), (1, 1));
    assert_eq!(world.rows(&now).await, ["\"a\"", "\"b\""]);
}

#[tokio::test]
async fn a_repeated_append_appends_once() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    let path = format!("/{}/runs", unit.id);
    let append = || world.ask("POST", &path, &[("idempotency-key", "k")], r#"{"inputs": ["b"]}"#);
    let (first, again) = (append().await, append().await);
    assert_eq!((first.json(), again.header("idempotency-replayed")), (again.json(), "true"));
    assert_eq!(world.unit(&unit.id).await.rows(), 2);
}

#[tokio::test]
async fn what_cannot_be_appended_says_why() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    let path = format!("/{}/runs", unit.id);
    let faulty = world.post(&path, &json!({"inputs": [1], "processor": "core"})).await;
    assert_eq!(
        (faulty.status.as_u16(), faulty.places()),
        (422, vec!["/inputs/0".to_owned(), "/processor".to_owned()])
    );
    let large = world.post(&path, &json!({"inputs": world.lists.url("large.json")})).await;
    assert_eq!((large.status.as_u16(), large.places()), (422, vec!["/inputs".to_owned()]));
    world.post(&format!("/{}/cancel", unit.id), &json!({})).await;
    let cancelled = world.post(&path, &json!({"inputs": ["b"]})).await;
    assert_eq!(cancelled.status.as_u16(), 409, "{}", cancelled.text);
    assert!(cancelled.text.contains("/retry"), "it names the way: {}", cancelled.text);
}

#[tokio::test]
async fn an_append_beyond_the_groups_budget_is_402() {
    let world = World::start().await;
    let mut body = group(&json!(["a"]));
    body["processor"] = "core".into();
    body["max_cost_usd"] = json!(0.05);
    let path = format!("/{}/runs", world.created(&body).await.id);
    assert_eq!(world.post(&path, &json!({"inputs": ["b", "c"]})).await.status.as_u16(), 402);
    assert_eq!(world.post(&path, &json!({"inputs": ["b"]})).await.status.as_u16(), 202);
}

#[tokio::test]
async fn thirty_days_after_its_creation_a_group_is_taken_up_no_more() {
    let world = World::start().await;
    let over = world.over().await;
    world.clock.advance(Duration::from_hours(24 * 29));
    assert_eq!(
        world.post(&format!("/{}/runs", over.id), &json!({"inputs": ["c"]})).await.status.as_u16(),
        202
    );
    world.clock.advance(Duration::from_hours(24));
    for (path, body) in [("runs", json!({"inputs": ["d"]})), ("retry", json!({}))] {
        let late = world.post(&format!("/{}/{path}", over.id), &body).await;
        assert_eq!(late.status.as_u16(), 409, "{path}: {}", late.text);
    }
}
