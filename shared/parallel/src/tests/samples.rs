//! The documented samples, as a server would send them.

use serde_json::Value;

use super::server::{Act, STREAM, Server, answer};
use crate::{Event, EventStream, Key, RunStatus, TaskRun};

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

async fn all(mut events: EventStream) -> Vec<Event> {
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        seen.push(event.unwrap());
    }
    seen
}

async fn streaming(name: &str) -> Server {
    let text = format!("{STREAM}{}", fixture(name));
    Server::start(move |_| Act::Answer(text.clone())).await
}

fn key() -> Key {
    Key::new("key")
}

/// What stands between `"output":` and the end of the event, byte for byte.
fn raw_output(line: &str) -> &str {
    line.split_once("\"output\":").unwrap().1.strip_suffix('}').unwrap()
}

#[tokio::test]
async fn a_groups_events_carry_cursors_and_ends() {
    let server = streaming("group_events.sse").await;
    let events = all(server.client().group_events(&key(), "tgrp_1", Some("100")).await.unwrap()).await;
    let told: Vec<String> = events
        .iter()
        .map(|event| match event {
            Event::Group { cursor, status } => {
                format!("{} active={}", cursor.as_deref().unwrap(), status.is_active)
            }
            Event::Run { cursor, run, output, .. } => {
                assert!(output.is_none());
                format!("{} {:?} {}", cursor.as_deref().unwrap(), run.status, run.metadata["row"])
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            "101 active=true",
            "102 active=true",
            "103 Completed \"0\"",
            "104 active=true",
            "105 Failed \"1\"",
            "106 active=false",
        ]
    );
    let Event::Run { run, .. } = &events[4] else { panic!("the failed run") };
    assert_eq!(run.error.as_ref().unwrap().message, "Run failed.");
    assert!(server.requests()[0].starts_with("GET /v1/tasks/groups/tgrp_1/events?last_event_id=100 "));
}

#[tokio::test]
async fn a_listing_gives_outputs_byte_for_byte_and_active_runs_too() {
    let server = streaming("group_runs_snapshot.sse").await;
    let events = all(server.client().group_runs(&key(), "tgrp_1", true).await.unwrap()).await;
    let text = fixture("group_runs_snapshot.sse");
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("data:")).collect();
    assert_eq!(events.len(), lines.len());
    for (event, line) in events.iter().zip(lines) {
        let Event::Run { run, output, .. } = event else { panic!("{event:?}") };
        assert_eq!(output.as_ref().map_or("null", |output| output.get()), raw_output(line), "{}", run.run_id);
        assert_eq!(output.is_some(), run.status == RunStatus::Completed);
    }
    let request = server.requests().remove(0);
    let (_, query) = request.lines().next().unwrap().split_once('?').unwrap();
    assert!(query.contains("include_output=true"), "{query}");
}

#[tokio::test]
async fn a_runs_events_keep_what_is_not_known_and_end_with_the_output() {
    let server = streaming("run_events_active.sse").await;
    let events = all(server.client().run_events(&key(), "trun_1").await.unwrap()).await;
    let kinds: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::Other { kind, data } => {
                assert!(data.get().contains(kind.as_str()), "it is kept whole");
                Some(kind.as_str())
            }
            _ => None,
        })
        .collect();
    assert_eq!(kinds.len(), events.len() - 2);
    assert!(kinds.contains(&"task_run.progress_msg.plan") && kinds.contains(&"task_run.progress_stats"));
    let text = fixture("run_events_active.sse");
    let last = text.lines().rfind(|line| line.starts_with("data:")).unwrap();
    let Some(Event::Run { cursor: None, run, output: Some(output), .. }) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!((&run.status, output.get()), (&RunStatus::Completed, raw_output(last)));
    let finished = streaming("run_events_finished.sse").await;
    let events = all(finished.client().run_events(&key(), "trun_1").await.unwrap()).await;
    assert!(matches!(events.as_slice(), [Event::Run { output: Some(_), .. }]));
}

#[tokio::test]
async fn results_are_read_and_their_output_is_kept_as_it_was_sent() {
    for name in ["result_json_per_element.json", "result_auto_lite_mcp.json"] {
        let text = fixture(name);
        let sent = text.clone();
        let server = Server::start(move |_| answer(200, &sent)).await;
        let state =
            server.client().result(&key(), "trun_1", std::time::Duration::from_secs(5)).await.unwrap();
        let crate::RunState::Completed(result) = state else { panic!("{state:?}") };
        let output = result.output.unwrap();
        assert!(text.contains(output.get()), "{name}: its very bytes");
        let whole: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::from_str::<Value>(output.get()).unwrap(), whole["output"]);
        let warnings = whole["run"]["warnings"].as_array().map_or(0, Vec::len);
        assert_eq!(result.run.warnings.len(), warnings, "{name}");
    }
}

#[tokio::test]
async fn a_group_is_created_filled_and_read() {
    let sample: Value = serde_json::from_str(&fixture("group_lifecycle.json")).unwrap();
    let body = |step: &str| sample[step]["response"]["body"].to_string();
    let (created, added, end) = (body("create"), body("add_runs"), body("retrieve_final"));
    let server = Server::start(move |line| match line.split_once(' ').unwrap() {
        ("POST", "/v1/tasks/groups") => answer(200, &created),
        ("POST", _) => answer(200, &added),
        _ => answer(200, &end),
    })
    .await;
    let client = server.client();
    let metadata = serde_json::Map::from_iter([("job".to_owned(), "kilns-q4".into())]);
    let group = client.create_group(&key(), &metadata).await.unwrap();
    assert!(!group.status.is_active && group.created_at.is_some());
    let asked = &sample["add_runs"]["request"]["body"];
    let inputs = asked["inputs"].as_array().unwrap();
    let runs = crate::NewRuns { default_task_spec: asked.get("default_task_spec"), inputs };
    let timeout = std::time::Duration::from_secs(5);
    let added = client.add_runs(&key(), &group.taskgroup_id, &runs, timeout).await.unwrap();
    assert_eq!(added.run_ids.len(), inputs.len());
    assert_eq!(added.event_cursor.as_deref().unwrap_or_default(), "", "the first runs are at the start");
    let end = client.group(&key(), &group.taskgroup_id).await.unwrap();
    assert_eq!(end.status.num_task_runs, end.status.task_run_status_counts.values().sum::<u64>());
    let requests = server.requests();
    let (head, sent) = requests[1].split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with(&format!("POST /v1/tasks/groups/{}/runs?refresh_status=false ", group.taskgroup_id))
    );
    assert!(head.contains("\r\nx-api-key: key\r\n"), "{head}");
    assert_eq!(&serde_json::from_str::<Value>(sent).unwrap(), asked);
}

#[test]
fn a_run_is_read_whatever_is_missing_null_or_new() {
    let read = |text: &str| serde_json::from_str::<TaskRun>(text).unwrap();
    let bare = read(r#"{"run_id":"r","status":"verifying"}"#);
    assert_eq!(bare.status, RunStatus::Other("verifying".to_owned()));
    assert!(!bare.status.is_terminal());
    let nulls = read(
        r#"{"run_id":"r","status":"failed","processor":null,"created_at":null,"modified_at":"yesterday","metadata":null,
            "warnings":null,"error":{"ref_id":null,"message":null},"taskgroup_id":null,"new":{"a":1}}"#,
    );
    assert_eq!((nulls.modified_at, nulls.error.unwrap().message.as_str()), (None, ""));
    let offset = read(r#"{"run_id":"r","status":"queued","created_at":"2026-10-05T16:02:11.5+02:00"}"#);
    assert_eq!(offset.created_at.unwrap().to_string(), "2026-10-05T14:02:11.5Z");
    for (word, terminal) in [
        ("queued", false),
        ("running", false),
        ("cancelling", false),
        ("completed", true),
        ("failed", true),
        ("cancelled", true),
        ("action_required", true),
    ] {
        assert_eq!(
            read(&format!(r#"{{"run_id":"r","status":"{word}"}}"#)).status.is_terminal(),
            terminal,
            "{word}"
        );
    }
}
