//! Single tasks: followed live to their end, through cut streams and hand-overs, and seen by their owner and by who has the URL.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use simulator::{Effect, Endpoint, Fault};
use suite::{Client, Group, World};

const TASKS: usize = 12;

/// Creates a task, which must be accepted.
pub(crate) async fn create(owner: &Client, body: &Value) -> Group {
    let answer = owner.post("/api/tasks", body).await.expect(202);
    let accepted = answer.json();
    assert_eq!((&accepted["status"], &accepted["queue"]), (&json!("pending"), &json!("default")));
    let text = |name: &str| accepted[name].as_str().expect("a text").to_owned();
    assert_eq!((text("id"), text("url").as_str()), (text("taskId"), answer.header("location")));
    Group { id: text("id"), url: text("url") }
}

/// What the upstream told of a task's run, as a reader of its history sees it: without states, of which the last is ours to time.
fn told(task: &Value) -> Vec<String> {
    let events = task["events"].as_array().expect("events");
    let messages = events.iter().filter(|event| is_message(&event["type"]));
    messages.map(|event| event["data"].to_string()).collect()
}

fn is_message(kind: &Value) -> bool {
    kind.as_str().is_some_and(|kind| kind.starts_with("task_run.progress_msg"))
}

#[tokio::test]
async fn tasks_with_cut_streams_and_short_slices_tell_nothing_twice_or_out_of_order_and_are_bought_once() {
    let world = World::setup().slice(Duration::from_secs(2)).speed(20.0).start().await;
    let cut = Effect::CutStream { after_events: 4, with_error: false };
    world.simulator().faults().add(Fault::on(Endpoint::RunEvents, cut).with_probability(0.3));
    let owner = world.owner("the-owners-key");
    let ask = |n: usize| {
        // Long enough that each stream is open well before its run ends, also on a busy machine.
        let (owner, simulate) = (owner.clone(), format!("seconds={}.{}", 15 + n % 4, n % 10));
        async move {
            let input = json!({"company": format!("Company {n}"), "simulate": simulate});
            create(
                &owner,
                &json!({"processor": "core", "input": input, "taskSpec": {"output_schema": "its sector"}}),
            )
            .await
        }
    };
    let made = futures::future::join_all((0..TASKS).map(ask)).await;
    for (n, task) in made.iter().enumerate() {
        let path = format!("/task/{}.json?wait=60", task.id);
        let seen = owner.get(&path).await.expect(200).json();
        let unit = &seen["task"];
        assert_eq!(unit["status"], "completed", "{unit}");
        assert!(unit["result"]["content"].is_string(), "{unit}");
        assert_eq!(unit["input"]["company"], format!("Company {n}"));
        let shown = world.simulator().ledger().shown(unit["runId"].as_str().expect("it was bought"));
        let shown: Vec<String> = shown
            .iter()
            .filter(|(_, event)| is_message(&event["type"]))
            .map(|(_, event)| event.to_string())
            .collect();
        let told = told(&seen);
        // Every message once and in order; what a cut hid just before the run's end is gone upstream too.
        let mut rest = shown.iter();
        assert!(
            told.iter().all(|message| rest.any(|shown| shown == message)),
            "task {n}: {told:?} of {shown:?}"
        );
        assert!(!told.is_empty(), "task {n} was not followed");
    }
    let ledger = world.simulator().ledger();
    assert_eq!(ledger.runs().len(), TASKS);
    let groups: BTreeSet<_> = ledger.runs().into_iter().map(|run| run.taskgroup_id).collect();
    assert_eq!(groups.len(), TASKS, "a task is a group of one");
}

#[tokio::test]
async fn a_live_task_is_told_event_by_event_and_a_resumed_stream_repeats_nothing() {
    let world = World::setup().speed(20.0).start().await;
    let owner = world.owner("the-owners-key");
    let task = create(&owner, &json!({"processor": "core", "input": "Acme"})).await;
    let path = format!("/task/{}/events", task.id);
    let mut first = owner.events(&path, None).await;
    let mut seen = Vec::new();
    while seen.len() < 4 {
        seen.push(first.next().await.expect("it goes on"));
    }
    drop(first);
    let last = seen.iter().rev().find_map(|event| event.id.clone()).expect("events have ids");
    seen.extend(owner.events(&path, Some(&last)).await.rest().await);
    assert_eq!(seen.last().map(|event| event.name.as_str()), Some("complete"));
    let messages: Vec<&str> = seen
        .iter()
        .filter(|event| event.name.starts_with("task_run.progress_msg"))
        .map(|event| event.data.as_str())
        .collect();
    let distinct: BTreeSet<&str> = messages.iter().copied().collect();
    assert_eq!(distinct.len(), messages.len(), "{messages:?}");
    let end = seen.last().and_then(|event| event.id.clone());
    assert_eq!(owner.events(&path, end.as_deref()).await.status(), 204);
}

#[tokio::test]
async fn two_owners_never_see_each_others_tasks_and_a_visitor_reads_by_the_url_alone() {
    let world = World::start().await;
    let (one, two) = (world.owner("key-of-the-one"), world.owner("key-of-the-other"));
    let body = json!({"processor": "lite", "input": "Acme", "apiKey": "key-of-the-one"});
    let task = create(&world.visitor(), &body).await;
    let listed = one.get("/api/tasks?q=acme").await.expect(200).json();
    assert_eq!(listed["tasks"][0]["id"], task.id.as_str(), "the key in the body is the owner's");
    assert_eq!(two.get("/api/tasks").await.expect(200).json()["count"], 0);

    let path = format!("/task/{}", task.id);
    let read = world.visitor().get(&format!("{path}.json?wait=20")).await.expect(200);
    assert!(!read.text.contains("key-of-the-one"));
    for stranger in [&two, &world.visitor()] {
        let refused = stranger.delete(&path).await.status;
        assert!(matches!(refused, 401 | 403), "{refused}");
    }
    one.delete(&path).await;
    one.get(&path).await.expect(404);
}
