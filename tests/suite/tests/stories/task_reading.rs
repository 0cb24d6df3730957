//! How a task is read: each suffix, what `Accept` decides, waiting, and both streams resumed behind every event that they ever sent.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use suite::{Client, Event, World};

use crate::tasks::create;

/// The frames that tell where the task stands on the way: they are told of the present, and never again.
fn is_on_the_way(event: &Event) -> bool {
    event.name == "status"
        || (event.name == "message"
            && event.data.starts_with(r#"{"task":"#)
            && event.json()["task"]["status"] != "completed")
}

/// What of these a reader who comes back later must still get. An id says also what else its reader knew, so it is no part of an event.
fn lasting(events: &[Event]) -> Vec<(String, String)> {
    let lasting = events.iter().filter(|event| !is_on_the_way(event));
    lasting.map(|event| (event.name.clone(), event.data.clone())).collect()
}

/// A task whose run tells something, with both of its streams as they came live.
async fn recorded(world: &World, owner: &Client) -> (String, Vec<Event>, Vec<Event>) {
    let body = json!({"processor": "core", "input": {"company": "Acme", "simulate": "seconds=1.5"}, "taskSpec": {"output_schema": "its sector"}});
    let id = create(owner, &body).await.id;
    let visitor = world.visitor();
    let (named, plain) = (format!("/task/{id}/events"), format!("/task/{id}.sse"));
    let (mut named, mut plain) = (owner.events(&named, None).await, visitor.events(&plain, None).await);
    let (named, plain) = tokio::join!(named.rest(), plain.rest());
    for events in [&named, &plain] {
        let ids: BTreeSet<_> = events.iter().map(|event| &event.id).collect();
        assert!(
            ids.len() == events.len() && !ids.contains(&None),
            "each event has an id of its own: {ids:?}"
        );
    }
    (id, named, plain)
}

#[tokio::test]
async fn a_stream_resumed_behind_any_of_its_events_gives_exactly_the_rest() {
    let world = World::setup().speed(20.0).start().await;
    let owner = world.owner("the-owners-key");
    let (id, named, plain) = recorded(&world, &owner).await;
    assert_eq!(named.last().map(|event| event.name.as_str()), Some("complete"));
    assert_eq!(plain.last().map(|event| event.data.as_str()), Some("[DONE]"));
    assert!(lasting(&named).len() >= 6, "it told something: {named:?}");
    // Both tell the same, the one with names.
    let told = |events: &[Event]| -> Vec<String> {
        events
            .iter()
            .filter(|event| event.data.contains("task_run."))
            .map(|event| event.data.clone())
            .collect()
    };
    assert_eq!(told(&named), told(&plain));
    for (path, events) in [
        (format!("/task/{id}/events"), &named),
        (format!("/api/tasks/{id}/events"), &named),
        (format!("/{id}/events"), &named),
        (format!("/task/{id}.sse"), &plain),
        (format!("/{id}.sse"), &plain),
    ] {
        assert_eq!(lasting(&owner.events(&path, None).await.rest().await), lasting(events), "{path}");
        for (at, event) in events.iter().enumerate() {
            let last = event.id.as_deref().unwrap_or_else(|| panic!("no id: {event:?}"));
            let mut resumed = owner.events(&path, Some(last)).await;
            let rest = lasting(&events[at + 1..]);
            assert_eq!(resumed.status(), if rest.is_empty() { 204 } else { 200 }, "{path} behind {last}");
            assert_eq!(lasting(&resumed.rest().await), rest, "{path} behind {last}");
        }
    }
    // A page may say in its query where it begins; what its browser says is newer.
    let (path, first) = (format!("/task/{id}/events"), named[1].id.as_deref().expect("an id"));
    let last = named.last().and_then(|event| event.id.as_deref()).expect("an id");
    let asked = format!("{path}?last_event_id={first}");
    assert_eq!(lasting(&owner.events(&asked, None).await.rest().await), lasting(&named[2..]));
    assert_eq!(owner.events(&asked, Some(last)).await.status(), 204);
}

#[tokio::test]
async fn an_event_id_that_makes_no_sense_is_answered_from_the_beginning_or_by_the_end_and_never_by_a_fault() {
    let world = World::setup().speed(20.0).start().await;
    let owner = world.owner("the-owners-key");
    let (id, named, plain) = recorded(&world, &owner).await;
    let long = "7".repeat(4_000);
    for (path, events) in [(format!("/task/{id}/events"), &named), (format!("/task/{id}.sse"), &plain)] {
        let all = lasting(events);
        for garbage in [
            "",
            " ",
            "nonsense",
            "7",
            "-1.2",
            "1.2.3",
            "1.2.3.4.5",
            "1.2x",
            "r",
            "NaN.1",
            "١.٢",
            "\u{fffd}",
            &long,
        ] {
            let resumed = owner.events(&path, Some(garbage)).await.rest().await;
            assert_eq!(lasting(&resumed), all, "{path} behind {garbage:?}");
        }
        for elsewhere in [
            "99999.1",
            "18446744073709551615.18446744073709551615",
            "0.0",
            "0.0.3.1",
            "1.2.18446744073709551615.4294967295",
            "99999.1r",
        ] {
            let mut resumed = owner.events(&path, Some(elsewhere)).await;
            assert_eq!(resumed.status(), 200, "{path} behind {elsewhere}");
            let resumed = lasting(&resumed.rest().await);
            assert_eq!(resumed.last(), all.last(), "{path} behind {elsewhere}");
            // Whatever it gives, it gives in order, and nothing that is not of this task.
            let mut rest = all.iter();
            assert!(
                resumed.iter().all(|event| rest.any(|known| known == event)),
                "{path} behind {elsewhere}"
            );
        }
    }
}

#[tokio::test]
async fn every_suffix_of_a_task_is_its_format_and_without_one_the_reader_chooses() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let body = json!({"processor": "lite", "input": {"company": "Acme"}, "taskSpec": {"output_schema": "its sector"}});
    let id = create(&owner, &body).await.id;
    let path = format!("/task/{id}");
    let result =
        owner.get(&format!("{path}.json?wait=60")).await.expect(200).json()["task"]["result"].clone();
    let content = result["content"].as_str().expect("a text").lines().next().expect("a line").to_owned();
    let words = content.trim_start_matches('#').trim();
    for (suffix, kind) in [
        ("json", "application/json"),
        ("md", "text/markdown; charset=utf-8"),
        ("html", "text/html; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8; header=present"),
        ("ndjson", "application/x-ndjson"),
        ("sse", "text/event-stream"),
    ] {
        for (asked, accept) in [
            (format!("{path}.{suffix}"), "image/png, application/xml"),
            (path.clone(), kind.split(';').next().unwrap_or_default()),
        ] {
            let answer = owner.get_as(&asked, accept).await.expect(200);
            assert_eq!(answer.header("content-type"), kind, "{asked} for {accept}");
            assert!(answer.header("vary").contains("accept"), "{asked}");
            assert!(answer.text.contains(words), "{asked} for {accept}: {}", answer.text);
            assert!(answer.header("retry-after").is_empty(), "nothing more is to come");
        }
    }
    assert_eq!(owner.get(&path).await.expect(200).header("content-type"), "application/json");
    let bare = owner.get(&format!("/api/tasks/{id}")).await.expect(200);
    assert_eq!((&bare.json()["result"], bare.header("content-type")), (&result, "application/json"));
    assert_eq!(
        owner.get_as(&format!("/api/tasks/{id}"), "text/html").await.expect(200).header("content-type"),
        "application/json"
    );
    for missing in [
        format!("{path}.xml"),
        format!("{path}.JSON"),
        "/task/aaaaaaaaaaaaaaaaaaaaaaaaaa.json".to_owned(),
        "/task/x".to_owned(),
    ] {
        let refused = owner.get(&missing).await.expect(404);
        assert_eq!(refused.header("content-type"), "application/problem+json", "{missing}");
        assert!(refused.json()["detail"].is_string(), "{missing}: {}", refused.text);
    }
    let refused = owner.send(owner.request(Method::PUT, &path)).await.expect(405);
    assert!(refused.header("allow").contains("GET") && refused.header("allow").contains("DELETE"));
    owner.send(owner.request(Method::HEAD, &path)).await.expect(200);
}

#[tokio::test]
async fn who_waits_for_a_task_gets_it_as_it_stands_when_the_seconds_are_up() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let id = create(&owner, &json!({"processor": "lite", "input": "simulate:never"})).await.id;
    for path in [format!("/task/{id}.json"), format!("/api/tasks/{id}"), format!("/task/{id}.md")] {
        for wait in ["0", "1"] {
            let answer = owner.get(&format!("{path}?wait={wait}")).await.expect(200);
            assert_eq!(answer.header("retry-after"), "2", "{path}");
            assert!(!answer.text.contains("ompleted\""), "{path}: {}", answer.text);
        }
        for garbage in ["271", "-1", "1.5", "soon", ""] {
            let refused = owner.get(&format!("{path}?wait={garbage}")).await.expect(422);
            assert_eq!(refused.pointers(), ["/wait"], "{path} {garbage}");
        }
        assert_eq!(owner.get(&format!("{path}?wait=1&wait=2")).await.status, 422);
    }
    // A wait that is under way ends with the task.
    let waiting = format!("/task/{id}.json?wait=60");
    let cancelling = format!("/api/tasks/{id}");
    let (seen, cancelled) = tokio::join!(owner.get(&waiting), owner.delete(&cancelling));
    cancelled.expect(200);
    assert_eq!(seen.expect(200).json()["task"]["status"], "cancelled");
}
