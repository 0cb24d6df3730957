//! A task as its readers see it: the resource, the task with its events, its page, its live streams.

use std::time::Duration;

use domain::event::Told;
use domain::group::Output;
use domain::unit::Kind;
use serde_json::{Value, json};

use crate::made::{completed, failed, raw};
use crate::world::{Events, Frame, Group, KEY, World};

const PLAN: &str = "task_run.progress_msg.plan";
const STATS: &str = "task_run.progress_stats";

fn message(text: &str) -> Told {
    Told { kind: PLAN.to_owned(), at: None, data: raw(&json!({"type": PLAN, "message": text}).to_string()) }
}

fn stats(read: u32, meter: f64) -> Told {
    let sources = json!({"num_sources_considered": 41, "num_sources_read": read, "sources_read_sample": ["https://a.example/x"]});
    let data = json!({"type": STATS, "source_stats": sources, "progress_meter": meter});
    Told { kind: STATS.to_owned(), at: None, data: raw(&data.to_string()) }
}

async fn task(world: &World) -> Group<'_> {
    world.group_with(&[r#"{"company":"Acme"}"#], Output::Auto, |unit| unit.kind = Kind::Task).await
}

async fn frames_of(stream: &mut Events, count: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    while frames.len() < count {
        frames.push(stream.next().await.expect("a frame"));
    }
    frames
}

fn names(frames: &[Frame]) -> Vec<&str> {
    frames.iter().map(|frame| frame.event.as_str()).collect()
}

#[tokio::test]
async fn a_task_is_one_unit_in_two_shapes_and_its_events_come_with_it() {
    let world = World::start().await;
    let mut task = task(&world).await;
    task.buy(0..1).await;
    task.tell(vec![message("first"), stats(6, 35.0)]).await;
    let id = task.unit.id.to_string();
    let resource = world.get(&format!("/api/tasks/{id}")).await;
    assert_eq!(resource.header("retry-after"), "2");
    let resource = resource.json();
    assert_eq!((&resource["id"], &resource["taskId"]), (&json!(id), &json!(id)));
    assert_eq!((&resource["kind"], &resource["type"]), (&json!("task"), &json!("parallel.task")));
    assert_eq!((&resource["status"], &resource["progress"]), (&json!("running"), &json!(35)));
    assert_eq!((&resource["result"], &resource["attempts"]), (&Value::Null, &json!(1)));
    assert_eq!(resource["url"], format!("https://api.example/task/{id}"));
    assert!(resource.get("input").is_none() && resource.get("events").is_none());

    let whole = world.get(&format!("/task/{id}")).await.json();
    assert_eq!(whole["task"]["input"], json!({"company": "Acme"}));
    assert_eq!(whole["task"]["runId"], "trun_0");
    assert_eq!(whole["task"]["taskSpec"]["output_schema"]["type"], "auto");
    let events = whole["events"].as_array().expect("events");
    assert_eq!(events.iter().map(|event| &event["type"]).collect::<Vec<_>>(), [PLAN, STATS]);
    assert_eq!(events[0]["data"]["message"], "first");

    task.store(&[completed(0, r#"{"n":1.00}"#)]).await;
    task.finish().await;
    let text = world.get(&format!("/api/tasks/{id}")).await;
    assert!(text.text.contains(r#""result":{"type":"json","content":{"n":1.00},"basis":["#), "{}", text.text);
    assert_eq!((&text.json()["status"], &text.json()["progress"]), (&json!("completed"), &json!(100)));
    let group = world.get(&format!("/{id}.json")).await.json();
    assert_eq!((&group["taskgroup_id"], &group["results"][0]["n"]), (&json!(id), &json!(1.0)));
    let whole = world.get(&format!("/task/{id}.json")).await.json();
    assert_eq!(
        (&whole["task"]["result"]["content"]["n"], &whole["task"]["error"]),
        (&json!(1.0), &Value::Null)
    );
}

#[tokio::test]
async fn a_group_has_the_shape_of_a_task_too_and_its_own_events() {
    let world = World::start().await;
    let mut group = world.group(&["1", "2"], Output::Auto).await;
    group.store(&[completed(0, r#"{"n":1}"#), failed(1, "no")]).await;
    group.finish().await;
    let shown = world.get(&format!("/task{}", group.path(".json"))).await.json();
    assert_eq!((&shown["task"]["result"], &shown["events"]), (&json!([{"n": 1}, null]), &json!([])));
    assert_eq!(shown["task"]["kind"], "group");
    let frames = world.open(&format!("/task{}", group.path("/events")), None).await.rest().await;
    assert_eq!(names(&frames).last(), Some(&"complete"));
    assert!(names(&frames).contains(&"run_update"));
}

#[tokio::test]
async fn why_a_task_failed_is_told_in_every_form() {
    let world = World::start().await;
    let mut task = task(&world).await;
    task.store(&[failed(0, "the run met <b>no</b> source")]).await;
    task.finish().await;
    let path = format!("/task{}", task.path(""));
    let shown = world.get(&format!("/api/tasks{}", task.path(""))).await.json();
    assert_eq!(
        (&shown["status"], &shown["error"]),
        (&json!("failed"), &json!("the run met <b>no</b> source"))
    );
    for suffix in ["html", "md"] {
        let page = world.get(&format!("{path}.{suffix}")).await.text;
        assert!(page.contains("&lt;b&gt;no&lt;/b&gt;") && !page.contains("<b>no"), "{page}");
    }
}

#[tokio::test]
async fn every_format_answers_under_the_path_of_a_task() {
    let world = World::start().await;
    let mut task = task(&world).await;
    task.tell(vec![message("look <script>"), stats(6, 35.0)]).await;
    task.store(&[completed(0, r#"{"n":1}"#)]).await;
    task.finish().await;
    let path = format!("/task{}", task.path(""));
    for (suffix, kind) in [
        ("json", "application/json"),
        ("md", "text/markdown; charset=utf-8"),
        ("html", "text/html; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8; header=present"),
        ("ndjson", "application/x-ndjson"),
    ] {
        let answer = world.get(&format!("{path}.{suffix}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, kind));
    }
    let page = world.get_with(&path, &[("accept", "text/html")]).await;
    assert!(
        page.text.contains("<b id=\"read\">6</b>") && page.text.contains("look &lt;script&gt;"),
        "{}",
        page.text
    );
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(world.get("/task/order-7").await.status.as_u16(), 404);
    assert_eq!(world.get(&format!("{path}.xml")).await.status.as_u16(), 404);
}

#[tokio::test]
async fn a_reader_who_waits_gets_the_result_as_soon_as_it_is_there() {
    let world = World::start().await;
    let mut task = task(&world).await;
    let path = format!("/api/tasks{}?wait=270", task.path(""));
    let (answer, ()) = tokio::join!(world.get(&path), async {
        task.store(&[completed(0, r#"{"n":1}"#)]).await;
        task.finish().await;
    });
    assert_eq!(
        (&answer.json()["status"], &answer.json()["result"]["content"]["n"]),
        (&json!("completed"), &json!(1))
    );
}

#[tokio::test]
async fn a_live_stream_tells_what_the_upstream_told_by_its_own_names_and_ends() {
    let world = World::start().await;
    let mut task = task(&world).await;
    let path = format!("/task{}", task.path("/events"));
    let mut stream = world.open(&path, None).await;
    assert_eq!(names(&frames_of(&mut stream, 1).await), ["status"]);
    task.tell(vec![message("a"), stats(6, 35.0)]).await;
    let frames = frames_of(&mut stream, 3).await;
    assert_eq!(names(&frames), [PLAN, STATS, "status"]);
    assert_eq!((&frames[0].json()["message"], &frames[2].json()["progress"]), (&json!("a"), &json!(35)));
    task.store(&[completed(0, r#"{"n":1}"#)]).await;
    task.finish().await;
    let rest = stream.rest().await;
    assert_eq!(names(&rest), ["complete"]);
    assert_eq!(rest[0].json()["status"], "completed");
    assert_eq!(world.open(&path, rest[0].id.as_deref()).await.status, 204);
    assert_eq!(
        world.open(&format!("/api/tasks{}", task.path("/events")), rest[0].id.as_deref()).await.status,
        204
    );
}

#[tokio::test]
async fn a_holder_whose_clock_is_behind_ends_a_live_stream_all_the_same() {
    let world = World::start().await;
    let mut task = task(&world).await;
    let mut stream = world.open(&format!("/task{}", task.path("/events")), None).await;
    frames_of(&mut stream, 1).await;
    task.ahead = Duration::from_secs(2);
    task.tell(vec![message("a")]).await;
    frames_of(&mut stream, 1).await;
    task.ahead = Duration::ZERO;
    task.store(&[completed(0, r#"{"n":1}"#)]).await;
    task.finish().await;
    let rest = tokio::time::timeout(Duration::from_mins(1), stream.rest()).await.expect("it never ends");
    assert_eq!(names(&rest).last(), Some(&"complete"));
}

#[tokio::test]
async fn a_stream_that_is_cut_behind_any_event_repeats_none_and_loses_none() {
    let world = World::start().await;
    let mut task = task(&world).await;
    let texts: Vec<String> = (0..12).map(|at| at.to_string()).collect();
    for some in texts[..9].chunks(3) {
        task.tell(some.iter().map(|text| message(text)).collect()).await;
    }
    let path = format!("/task{}", task.path("/events"));
    let mut seen: Vec<Frame> = Vec::new();
    for _ in 0..9 {
        let last = seen.iter().rev().find_map(|frame| frame.id.clone());
        let mut stream = world.open(&path, last.as_deref()).await;
        loop {
            let frame = stream.next().await.expect("a frame");
            let is_event = frame.event == PLAN;
            seen.push(frame);
            if is_event {
                break;
            }
        }
    }
    task.tell(texts[9..].iter().map(|text| message(text)).collect()).await;
    task.store(&[completed(0, r#"{"n":1}"#)]).await;
    task.finish().await;
    let last = seen.last().and_then(|frame| frame.id.clone());
    seen.extend(world.open(&path, last.as_deref()).await.rest().await);
    let told: Vec<String> = seen
        .iter()
        .filter(|frame| frame.event == PLAN)
        .map(|frame| frame.json()["message"].as_str().expect("text").to_owned())
        .collect();
    assert_eq!(told, texts);
    assert_eq!(names(&seen).last(), Some(&"complete"));
}

#[tokio::test]
async fn a_reader_who_knows_messages_only_gets_the_result_and_stops() {
    let world = World::start().await;
    let mut task = task(&world).await;
    task.tell(vec![message("a")]).await;
    let path = format!("/task{}", task.path(".sse"));
    let mut stream = world.open(&path, None).await;
    let frames = frames_of(&mut stream, 2).await;
    assert_eq!(names(&frames), ["message", "message"]);
    assert_eq!(
        (&frames[0].json()["type"], &frames[1].json()["task"]["status"]),
        (&json!(PLAN), &json!("running"))
    );
    task.store(&[completed(0, r#"{"n":1}"#)]).await;
    task.finish().await;
    let rest = stream.rest().await;
    assert_eq!(rest.last().map(|frame| frame.data.as_str()), Some("[DONE]"));
    let result = &rest[rest.len() - 2];
    assert_eq!(result.json()["task"]["result"]["content"]["n"], 1);
    let done = world.open(&path, result.id.as_deref()).await.rest().await;
    assert_eq!(done.iter().map(|frame| frame.data.as_str()).collect::<Vec<_>>(), ["[DONE]"]);
    assert_eq!(world.open(&path, done[0].id.as_deref()).await.status, 204);
}

#[tokio::test]
async fn an_event_of_a_hostile_kind_stays_one_event() {
    let world = World::start().await;
    let mut task = task(&world).await;
    let kind = "x\nevent: complete\ndata: {}\n\n".to_owned();
    task.tell(vec![Told { kind, at: None, data: raw("{\n\"a\": 1}") }]).await;
    let mut stream = world.open(&format!("/task{}", task.path("/events")), None).await;
    let frames = frames_of(&mut stream, 2).await;
    assert_eq!((names(&frames)[1], &frames[0].json()["a"]), ("status", &json!(1)));
    assert!(frames[0].event.starts_with("upstream."), "{}", frames[0].event);
}

/// What every form of a task says of it now: its status, and whether the result stands beside it.
async fn said(world: &World, id: &str) -> Vec<(String, String, bool)> {
    let mut said = Vec::new();
    let mut say = |form: &str, status: &Value, has_result: bool| {
        said.push((form.to_owned(), status.as_str().expect("a word").to_owned(), has_result));
    };
    let resource = world.get(&format!("/api/tasks/{id}")).await.json();
    say("resource", &resource["status"], resource["result"] != Value::Null);
    let task = world.get(&format!("/task/{id}.json")).await.json()["task"].clone();
    say("task", &task["status"], task["result"] != Value::Null);
    let group = world.get(&format!("/{id}.json")).await.json();
    say("group", &group["status"]["status"], group["results"][0] != Value::Null);
    let line = world.get(&format!("/task/{id}.ndjson")).await.json();
    say("line", &line["status"], line["output"] != Value::Null);
    let csv = world.get(&format!("/task/{id}.csv")).await.text;
    say("table", &json!(if csv.contains("completed") { "completed" } else { "open" }), csv.contains(RESULT));
    for (suffix, word) in [("html", "data-status=\"completed\""), ("md", "Completed")] {
        let text = world.get(&format!("/task/{id}.{suffix}")).await.text;
        say(suffix, &json!(if text.contains(word) { "completed" } else { "open" }), text.contains(RESULT));
    }
    said
}

/// What a plain and a typed reader, who have just come, are told before they would have to wait; whether that is the end.
async fn streamed(world: &World, id: &str) -> bool {
    let mut plain = world.open(&format!("/task/{id}.sse"), None).await;
    let is_over = loop {
        let frame = plain.next().await.expect("a frame");
        if frame.data == "[DONE]" {
            break true;
        }
        let seen = frame.json();
        let status = &seen["task"]["status"];
        assert_eq!(status == "completed", seen["task"]["result"].is_object(), "{seen}");
        if status.is_string() && status != "completed" {
            break false;
        }
    };
    let mut typed = world.open(&format!("/task/{id}/events"), None).await;
    let last = loop {
        let frame = typed.next().await.expect("a frame");
        if ["status", "complete"].contains(&frame.event.as_str()) {
            break frame;
        }
    };
    assert_eq!(last.event == "complete", is_over, "{last:?}");
    assert_eq!(last.json()["status"] == "completed", is_over, "{last:?}");
    assert!(last.json().get("result").is_none(), "what carries no result does not speak of it: {last:?}");
    is_over
}

const RESULT: &str = "the answer of this test";

#[tokio::test]
async fn a_status_is_never_seen_before_its_result() {
    let world = World::start().await;
    let mut task = task(&world).await;
    let id = task.unit.id.to_string();
    let unseen = async |told: &str| {
        for (form, status, has_result) in said(&world, &id).await {
            // A row says for itself that it is over; no form of the unit says so before the unit is.
            let is_row = ["line", "table"].contains(&form.as_str());
            assert!(status != "completed" || (is_row && has_result), "{form} after {told}");
        }
        assert!(!streamed(&world, &id).await, "after {told}");
    };
    unseen("the claim").await;
    task.buy(0..1).await;
    unseen("the purchase").await;
    task.tell(vec![message("a")]).await;
    unseen("a message").await;
    task.store(&[completed(0, &json!({ "n": RESULT }).to_string())]).await;
    unseen("the result").await;
    task.flush().await;
    unseen("the flush that tells of it").await;
    task.finish().await;
    for (form, status, has_result) in said(&world, &id).await {
        assert!(status == "completed" && has_result, "{form}: {status}, {has_result}");
    }
    assert!(streamed(&world, &id).await);
}

#[tokio::test]
async fn a_task_for_its_owner_alone_is_nobody_elses_in_any_shape() {
    let world = World::start().await;
    let task = world
        .group_with(&["\"q\""], Output::Auto, |unit| {
            unit.kind = Kind::Task;
            unit.spec.visibility = domain::unit::Visibility::Key;
        })
        .await;
    for path in [format!("/api/tasks{}", task.path("")), format!("/task{}", task.path(""))] {
        assert_eq!(world.get(&path).await.status.as_u16(), 401);
        assert_eq!(world.get_with(&path, &[("x-api-key", "another")]).await.status.as_u16(), 403);
        assert_eq!(world.get_with(&path, &[("x-api-key", KEY)]).await.status.as_u16(), 200);
    }
    assert_eq!(world.get_with("/api/tasks/order-7", &[("x-api-key", KEY)]).await.status.as_u16(), 404);
    assert_eq!(world.get("/api/tasks/order-7").await.status.as_u16(), 401);
}

#[tokio::test]
async fn a_task_is_read_through_the_gateway() {
    let world = World::start().await;
    let mut task = task(&world).await;
    task.buy(0..1).await;
    task.store(&[completed(0, "{\"a\":1}")]).await;
    task.finish().await;
    let answer = world.event("results-task.json", &task.unit.id).await;
    let read = answer.json();
    assert_eq!((answer.status.as_u16(), &read["task"]["status"]), (200, &json!("completed")));
    assert_eq!(read["task"]["result"]["content"], json!({"a": 1}));
    let unknown = world.event("results-task.json", &domain::UnitId::from_bits([9; 16])).await;
    assert_eq!(unknown.status.as_u16(), 404);
}
