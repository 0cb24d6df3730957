//! The eleven lines of "must match (documented)".

use std::time::Duration;

use serde_json::{Value, json};
use simulator::Config;

use crate::client::{KEY, PROTOCOLS, Protocol, World, answer, schema, strings, text};

fn messages(frames: &[Value]) -> Vec<String> {
    let progress = frames.iter().filter(|f| f["type"].as_str().is_some_and(|t| t.contains("progress_msg")));
    progress.map(ToString::to_string).collect()
}

#[tokio::test]
async fn line_1_a_is_accepted_f_and_h_are_ok_and_no_key_is_401_in_form_1() {
    let world = World::start().await;
    let body = json!({"processor": "lite", "input": "x"});
    assert_eq!(world.post("/v1/tasks/runs", &body).await.0, 202);
    let (status, group) = world.post("/v1/tasks/groups", &json!({})).await;
    assert_eq!(status, 200);
    let path = format!("/v1/tasks/groups/{}/runs", text(&group["taskgroup_id"]));
    assert_eq!(world.post(&path, &json!({"inputs": [body]})).await.0, 200);
    for (method, path) in [
        ("POST", "/v1/tasks/runs"),
        ("GET", "/v1/tasks/runs/trun_x"),
        ("POST", "/v1/tasks/groups"),
        ("GET", "/v1/tasks/groups/tgrp_x/events"),
        ("POST", "/v1beta/tasks/suggest"),
    ] {
        let method = method.parse().expect("a method");
        let request = world.http.request(method, format!("{}{path}", world.simulator.url()));
        let (status, body) = answer(request).await;
        assert_eq!(status, 401, "{path}");
        assert_eq!(body["type"], "error");
        assert_eq!(body["error"]["message"], "Unauthorized: invalid or missing credentials");
        assert!(body["error"]["ref_id"].is_string());
    }
}

#[tokio::test]
async fn line_1_a_key_that_is_refused_is_401_one_without_credit_402() {
    let world = World::start().await;
    let body = json!({"processor": "lite", "input": "x"});
    for (key, wanted) in [("refused-7", 401), ("nocredit", 402), ("fine", 202)] {
        let url = format!("{}/v1/tasks/runs", world.simulator.url());
        let (status, reply) = answer(world.http.post(url).header("x-api-key", key).json(&body)).await;
        assert_eq!(status, wanted, "{reply}");
    }
}

#[tokio::test]
async fn line_2_ids_times_and_modification_are_in_the_documented_form() {
    let world = World::start().await;
    let (_, run) = world.post("/v1/tasks/runs", &json!({"processor": "lite", "input": "x"})).await;
    let id = text(&run["run_id"]);
    let hex = id.strip_prefix("trun_").expect("the prefix");
    assert!(hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()));
    assert_eq!(run["interaction_id"], run["run_id"]);
    let mut modified = vec![text(&run["modified_at"])];
    for time in [text(&run["created_at"]), modified[0].clone()] {
        assert!(time.len() == "2026-10-05T14:02:11.507218Z".len() && time.ends_with('Z'), "{time}");
    }
    for seconds in [3, 300] {
        world.pass(seconds);
        let (_, run) = world.get(&format!("/v1/tasks/runs/{id}")).await;
        modified.push(text(&run["modified_at"]));
    }
    assert!(modified.windows(2).all(|pair| pair[0] < pair[1]), "{modified:?}");
}

#[tokio::test]
async fn line_3_is_active_follows_the_status_and_action_required_is_inactive() {
    let world = World::start().await;
    let id = world.lite(&json!("simulate:action_required")).await;
    let path = format!("/v1/tasks/runs/{id}");
    let mut seen = Vec::new();
    for seconds in [0, 3, 300] {
        world.pass(seconds);
        let (_, run) = world.get(&path).await;
        seen.push((text(&run["status"]), run["is_active"].clone()));
    }
    let wanted = [("queued", true), ("running", true), ("action_required", false)];
    assert_eq!(seen, wanted.map(|(status, active)| (status.to_owned(), json!(active))));
}

#[tokio::test]
async fn line_4_the_result_blocks_for_its_timeout_then_is_408() {
    let world = World::start().await;
    let id = world.lite(&json!("simulate:seconds=1e9")).await;
    for (query, seconds) in [("?timeout=25", 25), ("", 600)] {
        let before = world.clock.now();
        let path = format!("/v1/tasks/runs/{id}/result{query}");
        let (status, body) = world.while_time_passes(world.get(&path)).await;
        assert_eq!(status, 408);
        assert_eq!(body["error"]["message"], "Request timed out; run still active");
        assert!(world.clock.now().duration_since(before).as_secs() >= seconds);
    }
    assert_eq!(world.get(&format!("/v1/tasks/runs/{id}/result?timeout=0")).await.0, 408);
}

#[tokio::test]
async fn line_4_the_result_comes_when_the_run_completes_and_a_failed_run_is_404() {
    let world = World::start().await;
    let good = world.lite(&json!("Acme")).await;
    let (status, body) = world.while_time_passes(world.get(&format!("/v1/tasks/runs/{good}/result"))).await;
    assert_eq!((status, &body["run"]["status"]), (200, &json!("completed")));
    assert!(body["output"]["content"]["output"].is_string());
    let bad = world.lite(&json!("simulate:fail")).await;
    let (status, body) = world.while_time_passes(world.get(&format!("/v1/tasks/runs/{bad}/result"))).await;
    assert_eq!((status, &body["error"]["message"]), (404, &json!("Run failed.")));
    let (_, run) = world.get(&format!("/v1/tasks/runs/{bad}")).await;
    assert_eq!(run["status"], "failed");
    assert!(run["error"]["message"].is_string() && run["error"]["ref_id"].is_string());
}

#[tokio::test]
async fn line_4_the_output_never_appears_in_the_run() {
    let world = World::start().await;
    let id = world.lite(&json!("Acme")).await;
    world.pass(300);
    let (_, run) = world.get(&format!("/v1/tasks/runs/{id}")).await;
    assert_eq!(run["status"], "completed");
    assert!(run.get("output").is_none());
}

#[tokio::test]
async fn line_5_a_run_stream_begins_and_ends_with_a_state_and_the_last_has_the_output() {
    for protocol in PROTOCOLS {
        let world = World::over(protocol).await;
        let id = world.create(&json!({"processor": "core", "input": "Acme", "enable_events": true})).await;
        let stream = world.stream(&format!("/v1/tasks/runs/{id}/events")).await;
        assert!(!stream.broken);
        let (first, last) = (&stream.frames[0], &stream.frames[stream.frames.len() - 1]);
        assert_eq!(first["type"], "task_run.state");
        assert_eq!((&first["run"]["is_active"], &first["output"]), (&json!(true), &Value::Null));
        assert_eq!((&last["type"], &last["run"]["status"]), (&json!("task_run.state"), &json!("completed")));
        assert!(last["output"]["content"].is_object());
        assert!(stream.kinds().contains(&"task_run.progress_stats"));
        assert_eq!(stream.frames.len(), 16, "two states and the fourteen events of core");
        let (_, result) = world.get(&format!("/v1/tasks/runs/{id}/result")).await;
        assert_eq!(last["output"]["content"], result["output"]["content"], "{protocol:?}");
    }
}

#[tokio::test]
async fn line_5_a_later_reader_gets_every_message_and_the_latest_statistics_only() {
    for protocol in PROTOCOLS {
        let world = World::over(protocol).await;
        let body = json!({"processor": "ultra", "input": "simulate:seconds=100"});
        let path = format!("/v1/tasks/runs/{}/events", world.create(&body).await);
        let whole = world.stream(&path);
        let late = async {
            while world.simulator.ledger().open_streams() == 0 {
                tokio::task::yield_now().await;
            }
            world.pass(60);
            world.stream(&path).await
        };
        let (whole, late) = tokio::join!(whole, late);
        assert_eq!(messages(&whole.frames), messages(&late.frames));
        assert_eq!(late.frames[0]["type"], "task_run.state");
        let statistics = |kinds: Vec<&str>| kinds.iter().filter(|kind| kind.contains("stats")).count();
        assert!(statistics(late.kinds()) < statistics(whole.kinds()));
    }
}

#[tokio::test]
async fn line_5_a_run_that_is_not_active_gets_one_state_and_no_trace() {
    let world = World::start().await;
    for (marker, status) in [
        ("none", "completed"),
        ("fail", "failed"),
        ("cancelled", "cancelled"),
        ("action_required", "action_required"),
    ] {
        let id = world.lite(&json!({"simulate": marker})).await;
        world.pass(300);
        let stream = world.stream(&format!("/v1/tasks/runs/{id}/events")).await;
        assert_eq!(stream.frames.len(), 1);
        assert_eq!(stream.frames[0]["run"]["status"], status);
        assert_eq!(stream.frames[0]["output"].is_object(), status == "completed");
    }
}

#[tokio::test]
async fn line_5_at_its_cap_a_run_stream_ends_with_a_state_that_may_be_active() {
    for input in ["simulate:never", "simulate:seconds=1e9"] {
        let config = Config { stream_cap: Duration::from_secs(10), ..Config::default() };
        let world = World::with(config, Protocol::Http1).await;
        let id = world.lite(&json!(input)).await;
        let before = world.clock.now();
        let stream = world.stream(&format!("/v1/tasks/runs/{id}/events")).await;
        assert!(!stream.broken);
        assert!(world.clock.now().duration_since(before).as_secs() >= 10);
        let last = stream.frames.last().expect("frames");
        assert_eq!((&last["type"], &last["run"]["is_active"]), (&json!("task_run.state"), &json!(true)));
    }
}

#[tokio::test]
async fn line_5_a_run_stream_ends_with_its_run_long_before_its_cap() {
    let config = Config { stream_cap: Duration::from_secs(1_000_000_000), ..Config::default() };
    let world = World::with(config, Protocol::Http1).await;
    let id = world.lite(&json!("Acme")).await;
    let stream = world.stream(&format!("/v1/tasks/runs/{id}/events")).await;
    assert_eq!(stream.frames.last().expect("frames")["run"]["status"], "completed");
}

#[tokio::test]
async fn line_6_the_snapshot_has_every_run_and_closes() {
    for protocol in PROTOCOLS {
        let world = World::over(protocol).await;
        let (group, runs) = world.group(&["Acme", "simulate:never", "simulate:fail"]).await;
        world.pass(300);
        let path = format!("/v1/tasks/groups/{group}/runs");
        let stream = world.stream(&format!("{path}?include_input=true&include_output=true")).await;
        let ids: Vec<String> = stream.frames.iter().map(|frame| text(&frame["run"]["run_id"])).collect();
        assert_eq!(ids, runs);
        let statuses: Vec<&Value> = stream.frames.iter().map(|frame| &frame["run"]["status"]).collect();
        assert_eq!(statuses, ["completed", "running", "failed"]);
        assert_eq!(stream.frames[0]["input"]["input"], "Acme");
        let outputs: Vec<bool> = stream.frames.iter().map(|frame| frame["output"].is_object()).collect();
        assert_eq!(outputs, [true, false, false]);
        assert!(stream.frames.iter().all(|frame| frame["run"]["taskgroup_id"] == json!(group)));
        let bare = world.stream(&path).await;
        assert!(bare.frames.iter().all(|frame| frame["input"].is_null() && frame["output"].is_null()));
        let failed = world.stream(&format!("{path}?status=failed")).await;
        assert_eq!(failed.frames.len(), 1);
    }
}

#[tokio::test]
async fn line_6_the_snapshot_resumes_after_its_last_event() {
    let world = World::start().await;
    let (group, _) = world.group(&["a", "b"]).await;
    let path = format!("/v1/tasks/groups/{group}/runs");
    let last = text(&world.stream(&path).await.frames[1]["event_id"]);
    let reply = world.add(&group, &["c"]).await;
    assert_eq!(reply["run_cursor"], json!(last));
    let rest = world.stream(&format!("{path}?last_event_id={last}")).await;
    assert_eq!(rest.frames.len(), 1);
    assert_eq!(json!([rest.frames[0]["run"]["run_id"]]), reply["run_ids"]);
}

#[tokio::test]
async fn line_6_the_live_stream_stays_open_while_active_and_has_stopped_runs_and_statuses_only() {
    for protocol in PROTOCOLS {
        let world = World::over(protocol).await;
        let (group, runs) = world.group(&["a", "simulate:fail", "simulate:cancelled", "simulate:slow"]).await;
        let stream = world.stream(&format!("/v1/tasks/groups/{group}/events")).await;
        assert!(!stream.broken);
        let states: Vec<&Value> = stream.frames.iter().filter(|f| f["type"] == "task_run.state").collect();
        assert_eq!(states.len(), runs.len());
        assert!(states.iter().all(|f| f["run"]["is_active"] == json!(false) && f["output"].is_null()));
        assert!(stream.kinds().iter().all(|kind| ["task_run.state", "task_group_status"].contains(kind)));
        let first = &stream.frames[0]["status"];
        assert_eq!((&first["num_task_runs"], &first["is_active"]), (&json!(4), &json!(true)));
        let last = &stream.frames.last().expect("frames")["status"];
        assert_eq!(last["is_active"], json!(false));
        assert_eq!(last["task_run_status_counts"], json!({"completed": 2, "failed": 1, "cancelled": 1}));
    }
}

#[tokio::test]
async fn line_6_the_live_stream_resumes_after_its_last_event_with_the_same_ids() {
    let world = World::start().await;
    let (group, _) = world.group(&["a", "b", "c"]).await;
    let path = format!("/v1/tasks/groups/{group}/events");
    let whole = world.stream(&path).await;
    let cursor = text(&whole.frames[2]["event_id"]);
    let rest = world.stream(&format!("{path}?last_event_id={cursor}")).await;
    assert_eq!(rest.frames, whole.frames[3..]);
    let end = text(&whole.frames.last().expect("frames")["event_id"]);
    let nothing_new = world.stream(&format!("{path}?last_event_id={end}")).await;
    assert_eq!(nothing_new.frames, whole.frames[whole.frames.len() - 1..], "at least one status event");
}

#[tokio::test]
async fn line_6_runs_added_while_a_live_stream_is_open_appear_in_it() {
    // nothing else would wake the stream: its one run never ends, and its cap is far away
    let config = Config { group_stream_cap: Duration::from_secs(1_000_000_000), ..Config::default() };
    let world = World::with(config, Protocol::Http1).await;
    let (group, _) = world.group(&["simulate:never"]).await;
    world.pass(10);
    let path = format!("/v1/tasks/groups/{group}/events");
    let mut response = world.request(reqwest::Method::GET, &path).send().await.expect("a reply");
    let first = response.chunk().await.expect("it is open").expect("what was before");
    assert!(!first.is_empty());
    let added = strings(&world.add(&group, &["later"]).await["run_ids"]);
    let told = async {
        let mut text = String::new();
        while !text.contains(&added[0]) {
            let chunk = response.chunk().await.expect("it is open").expect("more is to come");
            text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    };
    world.while_time_passes(told).await;
}

#[tokio::test]
async fn line_6_the_live_stream_has_a_cap_and_a_timeout() {
    let world = World::start().await;
    let (group, _) = world.group(&["simulate:never"]).await;
    for (query, seconds) in [("?timeout=20", 20), ("", 3_600)] {
        let before = world.clock.now();
        let stream = world.stream(&format!("/v1/tasks/groups/{group}/events{query}")).await;
        assert!(!stream.broken);
        assert!(world.clock.now().duration_since(before).as_secs() >= seconds);
    }
}

#[tokio::test]
async fn line_7_no_stream_has_id_lines_and_event_equals_type() {
    // the client's reader holds every frame of every test to this; here each stream is read once more
    let world = World::start().await;
    let (group, runs) = world.group(&["Acme"]).await;
    for path in [
        format!("/v1/tasks/runs/{}/events", runs[0]),
        format!("/v1/tasks/groups/{group}/runs"),
        format!("/v1/tasks/groups/{group}/events"),
    ] {
        assert!(!world.stream(&path).await.frames.is_empty());
    }
}

#[tokio::test]
async fn line_8_a_thousand_inputs_are_taken_and_one_more_refused() {
    let world = World::start().await;
    let (_, group) = world.post("/v1/tasks/groups", &json!({})).await;
    let path = format!("/v1/tasks/groups/{}/runs", text(&group["taskgroup_id"]));
    let inputs = |count: usize| {
        let inputs: Vec<Value> =
            (0..count).map(|n| json!({"processor": "lite", "input": n.to_string()})).collect();
        json!({"inputs": inputs})
    };
    let (status, reply) = world.post(&path, &inputs(1_001)).await;
    assert_eq!((status, &reply["detail"][0]["type"]), (422, &json!("too_long")));
    let (status, reply) = world.post(&path, &inputs(1_000)).await;
    assert_eq!((status, reply["run_ids"].as_array().map(Vec::len)), (200, Some(1_000)));
    assert_eq!(reply["status"]["num_task_runs"], 1_000);
}

#[tokio::test]
async fn line_8_bad_bodies_are_refused_and_told_in_form_1() {
    let world = World::start().await;
    let spec =
        |output: Value| json!({"processor": "lite", "input": "x", "task_spec": {"output_schema": output}});
    let root = |schema: Value| spec(json!({"json_schema": schema}));
    for (body, message) in [
        (json!({"input": "x"}), "Request validation error."),
        (json!({"processor": "lite"}), "Request validation error."),
        (json!({"processor": "lite", "input": ["x"]}), "Request validation error."),
        (json!({"processor": "lite", "input": 7}), "Request validation error."),
        (json!({"processor": 7, "input": "x"}), "Request validation error."),
        (json!({"processor": "lite", "input": "x", "task_spec": {}}), "Request validation error."),
        (spec(json!({})), "Request validation error."),
        (spec(json!({"type": "json"})), "Request validation error."),
        (json!({"processor": "lite", "input": "x", "enable_events": "yes"}), "Request validation error."),
        (json!({"processor": "lite", "input": "x", "memory_scope_key": "a b"}), "Request validation error."),
        (json!({"processor": "lite", "input": "x", "metadata": {"k": [1]}}), "Request validation error."),
        (
            json!({"processor": "lite", "input": "x", "metadata": {"k".repeat(17): "v"}}),
            "Metadata key is longer than 16 characters",
        ),
        (
            json!({"processor": "lite", "input": "x", "metadata": {"k": "v".repeat(513)}}),
            "Metadata value is longer than 512 characters",
        ),
        (
            json!({"processor": "lite", "input": "x", "webhook": {"url": "ftp://x"}}),
            "Webhook URL must be an http or https URL",
        ),
        (
            json!({"processor": "lite", "input": "x", "source_policy": {"include_domains": ["https://x.example"]}}),
            "Entry is not a domain, a domain with a path, or an extension",
        ),
        (root(json!({"type": "string"})), "Schema root must have type 'object'"),
        (
            root(json!({"type": "object", "properties": {"a": {"type": "object", "properties": {}}}})),
            "Object 'properties' empty at path: a",
        ),
        (
            root(json!({"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}})),
            "Keyword 'maxLength' is not supported at path: a",
        ),
    ] {
        let (status, reply) = world.post("/v1/tasks/runs", &body).await;
        assert_eq!(status, 422, "{body}");
        assert_eq!(reply["error"]["message"], message, "{body}");
    }
    assert!(world.simulator.ledger().runs().is_empty());
}

#[tokio::test]
async fn line_8_an_unknown_processor_is_403_and_the_sizes_of_spec_and_input_are_bounded() {
    let world = World::start().await;
    let (status, reply) = world.post("/v1/tasks/runs", &json!({"processor": "mega", "input": "x"})).await;
    assert_eq!(
        (status, &reply["error"]["message"]),
        (403, &json!("Forbidden: invalid processor in request"))
    );
    let sized = |spec: usize, input: usize| json!({"processor": "lite", "input": "i".repeat(input), "task_spec": {"output_schema": "s".repeat(spec)}});
    let frame = json!({"output_schema": ""}).to_string().len();
    for (spec, input, wanted) in
        [(15_000 - frame, 10_000, 202), (15_001 - frame, 1, 422), (15_000 - frame, 10_001, 422)]
    {
        assert_eq!(world.post("/v1/tasks/runs", &sized(spec, input)).await.0, wanted, "{spec} {input}");
    }
}

#[tokio::test]
async fn line_8_warnings_come_with_the_run() {
    let world = World::start().await;
    let body = json!({"processor": "lite", "input": {"company": 7},
        "mcp_servers": [{"name": "kb", "url": "https://unreachable.example/mcp", "headers": {"Authorization": "s3cret"}}],
        "task_spec": {
            "input_schema": {"json_schema": {"type": "object", "properties": {"company": {"type": "string"}}}},
            "output_schema": {"json_schema": {"type": "object", "properties": {
                "sources": {"type": "string"}, "b": {"type": "string"}, "c": {"type": "string"}}}}}});
    let (status, run) = world.post("/v1/tasks/runs", &body).await;
    assert_eq!(status, 202);
    let count = |kind: &str| {
        let warnings = run["warnings"].as_array().into_iter().flatten();
        warnings.filter(|warning| warning["type"] == kind && warning["message"].is_string()).count()
    };
    assert_eq!(count("spec_validation_warning"), 4, "{run}");
    assert_eq!(count("input_validation_warning"), 1);
    assert_eq!(count("warning"), 1);
    let (_, input) = world.get(&format!("/v1/tasks/runs/{}/input", text(&run["run_id"]))).await;
    assert!(!input.to_string().contains("s3cret"), "headers of MCP servers are never told back");
}

#[tokio::test]
async fn line_9_list_elements_have_their_own_basis_and_tool_arguments_are_text() {
    let world = World::start().await;
    let body = json!({"processor": "core", "input": "Acme", "task_spec": {"output_schema": schema()},
        "mcp_servers": [{"name": "kb", "url": "https://kb.example/mcp"}]});
    let id = world.create(&body).await;
    world.pass(600);
    let (_, result) = world.get(&format!("/v1/tasks/runs/{id}/result")).await;
    let output = &result["output"];
    let fields: Vec<&str> = output["basis"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["field"].as_str())
        .collect();
    let count = output["content"]["models"].as_array().map_or(0, Vec::len);
    assert_eq!(fields.len(), 2 + count);
    assert!(fields.contains(&"models") && fields.contains(&"models.0"));
    let arguments = output["mcp_tool_calls"][0]["arguments"].as_str().expect("text");
    assert!(serde_json::from_str::<Value>(arguments).is_ok_and(|arguments| arguments.is_object()));
    for entry in output["basis"].as_array().into_iter().flatten() {
        assert!(["low", "medium", "high"].contains(&entry["confidence"].as_str().unwrap_or_default()));
        assert!(
            entry["citations"].as_array().is_some_and(|all| all.iter().all(|one| one["url"].is_string()))
        );
    }
}

#[tokio::test]
async fn line_11_the_quota_rolls_and_counts_created_runs() {
    let world = World::with(Config { quota_per_minute: 5, ..Config::default() }, Protocol::Http1).await;
    let (group, _) = world.group(&["a", "b", "c", "d"]).await;
    let body = json!({"processor": "lite", "input": "x"});
    assert_eq!(world.post("/v1/tasks/runs", &body).await.0, 202);
    let (status, reply) = world.post("/v1/tasks/runs", &body).await;
    assert_eq!(
        (status, &reply["error"]["message"]),
        (429, &json!("Too many requests: quota temporarily exceeded"))
    );
    let path = format!("/v1/tasks/groups/{group}/runs");
    assert_eq!(world.post(&path, &json!({"inputs": [body, body]})).await.0, 429);
    assert_eq!(world.get(&format!("/v1/tasks/groups/{group}")).await.0, 200, "reading does not count");
    assert_eq!(world.simulator.ledger().runs_of_key(KEY).len(), 5, "refused ones create nothing");
    world.pass(61);
    assert_eq!(world.post(&path, &json!({"inputs": [body, body]})).await.0, 200);
}
