//! What happened to a unit, as its readers and its owner see it.

use std::time::Duration;

use domain::delivery::State;
use domain::event::Told;
use domain::group::Output;
use domain::run::RunStatus;
use domain::unit::Visibility;
use serde_json::{Value, json};

use crate::made::{completed, delivery, failed, raw};
use crate::world::{Answer, KEY, World};

fn entries(answer: &Answer) -> Vec<Value> {
    answer.json()["entries"].as_array().cloned().expect("entries")
}

fn types(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["type"].as_str().expect("a type")).collect()
}

/// Whether no entry is before the one before it.
fn is_in_order(entries: &[Value]) -> bool {
    let at =
        |entry: &Value| entry["at"].as_str().expect("a time").parse::<jiff::Timestamp>().expect("a time");
    entries.windows(2).all(|pair| at(&pair[0]) <= at(&pair[1]))
}

#[tokio::test]
async fn what_happened_stands_in_the_order_of_time() {
    let world = World::start().await;
    let mut group = world.group(&["1", "2", "3"], Output::Auto).await;
    let later = || world.clock.advance(Duration::from_secs(1));
    later();
    group.buy(0..2).await;
    later();
    group.flush().await;
    later();
    group.buy(2..3).await;
    group.stands(0, RunStatus::Queued, RunStatus::Running);
    later();
    group.flush().await;
    later();
    group.store(&[completed(1, "{}"), failed(2, "no")]).await;
    group.stands(0, RunStatus::Running, RunStatus::Failed);
    group.finish().await;
    let answer = world.get(&group.path("/timeline")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    let entries = entries(&answer);
    let expected = ["created", "claimed", "bought", "progress", "bought", "progress", "ended"];
    assert_eq!(types(&entries), expected);
    assert!(is_in_order(&entries), "{entries:?}");
    assert_eq!((&entries[0]["kind"], &entries[0]["rows"]), (&json!("group"), &json!(3)));
    assert_eq!((&entries[2]["rows"], &entries[4]["rows"]), (&json!(2), &json!(1)));
    assert_eq!(entries[3]["counts"], json!({"pending": 1, "queued": 2}));
    assert_eq!(entries[5]["changed"], json!({"queued": 1, "running": 1}));
    assert_eq!(
        (&entries[6]["status"], &entries[6]["counts"]),
        (&json!("partial"), &json!({"completed": 1, "failed": 2}))
    );
    let unit = answer.json();
    assert_eq!(
        (&unit["id"], &unit["status"], &unit["claims"]),
        (&json!(group.unit.id), &json!("partial"), &json!(1))
    );
}

#[tokio::test]
async fn a_unit_that_was_cancelled_before_anything_was_told_has_its_end() {
    let world = World::start().await;
    let mut group = world.group(&["1"], Output::Auto).await;
    group.cancel().await;
    let entries = entries(&world.get(&group.path("/timeline")).await);
    assert_eq!(types(&entries), ["created", "claimed", "ended"]);
    assert_eq!(
        (&entries[2]["status"], &entries[2]["counts"]),
        (&json!("cancelled"), &json!({"cancelled": 1}))
    );
}

#[tokio::test]
async fn a_later_claim_is_known_by_what_it_wrote() {
    let world = World::start().await;
    let mut group = world.group(&["1", "2"], Output::Auto).await;
    group.store(&[completed(0, "{}")]).await;
    group.flush().await;
    let now = world.clock.now();
    let claim =
        world.store.claim(&group.unit.id, 0, "m2", now, jiff::Timestamp::MAX, now).await.expect("a table");
    let store::Claim::Won(unit) = claim else { panic!("{claim:?}") };
    group.unit.lease = unit.lease;
    group.store(&[completed(1, "{}")]).await;
    group.flush().await;
    let entries = entries(&world.get(&group.path("/timeline")).await);
    let claims: Vec<&Value> =
        entries.iter().map(|entry| &entry["claim"]).filter(|claim| !claim.is_null()).collect();
    assert_eq!(claims, [&json!(1), &json!(1), &json!(2)]);
}

#[tokio::test]
async fn the_states_of_a_tasks_run_stand_in_it_and_what_it_says_does_not() {
    let world = World::start().await;
    let mut group = world.group(&["1"], Output::Auto).await;
    let told = |kind: &str, data: &str| Told { kind: kind.to_owned(), at: None, data: raw(data) };
    let state = |status: &str| {
        told(
            "task_run.state",
            &json!({"type": "task_run.state", "run": {"run_id": "r", "status": status}}).to_string(),
        )
    };
    let plan = told("task_run.progress_msg.plan", r#"{"message":"the plan <b>"}"#);
    group.tell(vec![state("queued"), plan, state("running")]).await;
    let answer = world.get(&group.path("/timeline")).await;
    let entries = entries(&answer);
    let states: Vec<&Value> =
        entries.iter().map(|entry| &entry["run"]).filter(|run| !run.is_null()).collect();
    assert_eq!(states, [&json!("queued"), &json!("running")]);
    assert!(!answer.text.contains("the plan"));
}

#[tokio::test]
async fn deliveries_are_the_owners_to_see_and_by_their_hosts_only() {
    let world = World::start().await;
    let mut group = world.group(&["1"], Output::Auto).await;
    group.store(&[completed(0, "{}")]).await;
    let now = world.clock.now();
    let url = "https://user:pass@hooks.example/path?token=secret-token";
    let delivery = delivery(&group.unit, url, now, State::Delivered);
    group.finish_with(&[delivery]).await;
    let path = group.path("/timeline");
    for headers in [&[][..], &[("x-api-key", "another")]] {
        let seen = world.get_with(&path, headers).await;
        assert_eq!((seen.status.as_u16(), seen.text.contains("deliver")), (200, false), "{headers:?}");
    }
    let seen = world.get_with(&path, &[("x-api-key", KEY)]).await;
    let entries = entries(&seen);
    let last = entries.last().expect("entries");
    assert_eq!(
        (&last["type"], &last["attempt"], &last["host"]),
        (&json!("delivery_attempted"), &json!(1), &json!("hooks.example"))
    );
    assert_eq!(last["outcome"]["answered"]["status"], 500);
    for hidden in ["secret", "/path", "pass", "the-body"] {
        assert!(!seen.text.contains(hidden), "{hidden}: {}", seen.text);
    }
    let own = world.group_with(&["1"], Output::Auto, |unit| unit.spec.visibility = Visibility::Key).await;
    assert_eq!(world.get(&own.path("/timeline")).await.status, 401);
}

#[tokio::test]
async fn ten_thousand_rows_in_many_flushes_and_purchases_are_all_told() {
    let world = World::start().await;
    let inputs: Vec<String> = (0..10_000).map(|row| row.to_string()).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let mut group = world.group(&inputs, Output::Auto).await;
    let batch = 200;
    for first in (0..10_000).step_by(batch) {
        let rows = u32::try_from(first).expect("few")..u32::try_from(first + batch).expect("few");
        group.buy(rows.clone()).await;
        group.flush().await;
        for row in rows {
            group.stands(row, RunStatus::Queued, RunStatus::Failed);
            if row % 50 == 49 {
                group.flush().await;
            }
        }
    }
    group.finish().await;
    let entries = entries(&world.get(&group.path("/timeline")).await);
    let count = |kind: &str| types(&entries).into_iter().filter(|found| *found == kind).count();
    assert_eq!((count("bought"), count("progress"), count("ended")), (50, 250, 1));
    let bought: u64 = entries
        .iter()
        .filter(|entry| entry["type"] == "bought")
        .filter_map(|entry| entry["rows"].as_u64())
        .sum();
    assert_eq!(bought, 10_000);
    assert!(is_in_order(&entries));
}
