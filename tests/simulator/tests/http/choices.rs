//! The rows of "free decisions", and the endpoints the checklist does not name.

use serde_json::{Value, json};
use simulator::Config;

use crate::client::{KEY, Protocol, World, answer, schema, strings, text};

#[tokio::test]
async fn rest_nulls_are_left_out_and_empty_metadata_is_kept() {
    let world = World::start().await;
    let (_, run) = world.post("/v1/tasks/runs", &json!({"processor": "lite", "input": "x"})).await;
    let keys: Vec<&String> = run.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        [
            "run_id",
            "interaction_id",
            "status",
            "is_active",
            "processor",
            "metadata",
            "created_at",
            "modified_at"
        ]
    );
    assert_eq!(run["metadata"], json!({}));
}

#[tokio::test]
async fn sse_nulls_are_printed_in_the_order_of_the_sample() {
    let world = World::start().await;
    let id = world.lite(&json!("x")).await;
    world.pass(300);
    let stream = world.stream(&format!("/v1/tasks/runs/{id}/events")).await;
    let frame = stream.frames[0].as_object().expect("an object");
    assert_eq!(frame.keys().collect::<Vec<_>>(), ["type", "event_id", "input", "run", "output"]);
    assert!(frame["event_id"].is_null() && frame["input"].is_null());
    let run: Vec<&String> = frame["run"].as_object().expect("an object").keys().collect();
    assert_eq!(
        run,
        [
            "run_id",
            "interaction_id",
            "status",
            "is_active",
            "warnings",
            "error",
            "processor",
            "metadata",
            "taskgroup_id",
            "created_at",
            "modified_at"
        ]
    );
    let output = frame["output"].as_object().expect("an object");
    assert_eq!(
        output.keys().collect::<Vec<_>>(),
        ["basis", "type", "mcp_tool_calls", "beta_fields", "content", "output_schema"]
    );
}

#[tokio::test]
async fn event_ids_are_decimal_increasing_and_separate_for_each_group_and_stream() {
    let world = World::start().await;
    for inputs in [vec!["a", "b"], vec!["c"]] {
        let (group, _) = world.group(&inputs).await;
        for kind in ["runs", "events"] {
            let stream = world.stream(&format!("/v1/tasks/groups/{group}/{kind}")).await;
            let ids: Vec<u64> = stream
                .frames
                .iter()
                .map(|frame| text(&frame["event_id"]).parse().expect("decimal"))
                .collect();
            assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>(), "{kind}");
        }
    }
}

#[tokio::test]
async fn an_unknown_last_event_id_is_422_in_form_2() {
    let world = World::start().await;
    let (group, _) = world.group(&["a"]).await;
    for kind in ["runs", "events"] {
        for cursor in ["99", "x", "-1"] {
            let path = format!("/v1/tasks/groups/{group}/{kind}?last_event_id={cursor}");
            let (status, body) = world.get(&path).await;
            assert_eq!(status, 422);
            assert_eq!(body["detail"][0]["loc"], json!(["query", "last_event_id"]));
        }
    }
}

#[tokio::test]
async fn an_unknown_previous_interaction_is_422_in_form_1_and_a_known_one_is_fine() {
    let world = World::start().await;
    let after = |id: &str| json!({"processor": "lite", "input": "x", "previous_interaction_id": id});
    let (status, body) = world.post("/v1/tasks/runs", &after("trun_nobody")).await;
    assert_eq!((status, &body["type"]), (422, &json!("error")));
    let first = world.lite(&json!("x")).await;
    assert_eq!(world.post("/v1/tasks/runs", &after(&first)).await.0, 202);
}

#[tokio::test]
async fn extra_keys_are_ignored_except_inside_data_sources() {
    let world = World::start().await;
    let body = json!({"processor": "lite", "input": "x", "novelty": {"a": 1}});
    assert_eq!(world.post("/v1/tasks/runs", &body).await.0, 202);
    let body =
        json!({"processor": "lite", "input": "x", "advanced_settings": {"data_sources": {"novelty": []}}});
    let (status, reply) = world.post("/v1/tasks/runs", &body).await;
    assert_eq!((status, &reply["error"]["detail"]["errors"][0]["type"]), (422, &json!("extra_forbidden")));
}

#[tokio::test]
async fn cursors_are_null_for_the_first_runs_and_positions_later() {
    let world = World::start().await;
    let (_, group) = world.post("/v1/tasks/groups", &json!({"metadata": {"job": "kilns"}})).await;
    let id = text(&group["taskgroup_id"]);
    let first = world.add(&id, &["a", "b"]).await;
    assert!(first["run_cursor"].is_null() && first["event_cursor"].is_null());
    world.pass(300);
    let second = world.add(&id, &["c"]).await;
    assert_eq!(second["run_cursor"], "2");
    let cursor = text(&second["event_cursor"]);
    let stream = world.stream(&format!("/v1/tasks/groups/{id}/events?last_event_id={cursor}")).await;
    assert!(stream.frames.iter().all(|frame| frame["status"]["num_task_runs"] != 2), "only what came after");
    assert!(stream.frames.iter().any(|frame| frame["type"] == "task_run.state"));
}

#[tokio::test]
async fn group_ids_are_32_hex_and_a_new_group_is_empty_and_inactive() {
    let world = World::start().await;
    let (_, group) = world.post("/v1/tasks/groups", &json!({"metadata": {"job": "kilns"}})).await;
    let id = text(&group["taskgroup_id"]);
    let hex = id.strip_prefix("tgrp_").expect("the prefix");
    assert!(hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(group["metadata"], json!({"job": "kilns"}));
    let empty = json!({"num_task_runs": 0, "task_run_status_counts": {}, "is_active": false,
        "status_message": "", "modified_at": null});
    assert_eq!(group["status"], empty);
    let (_, again) = world.get(&format!("/v1/tasks/groups/{id}")).await;
    assert_eq!(again, group);
    let stream = world.stream(&format!("/v1/tasks/groups/{id}/events")).await;
    assert_eq!(stream.kinds(), ["task_group_status"], "an empty group tells its status and closes");
}

#[tokio::test]
async fn request_errors_of_the_group_endpoints_are_in_form_2_with_the_place_of_each() {
    let world = World::start().await;
    let (group, _) = world.group(&["a"]).await;
    let path = format!("/v1/tasks/groups/{group}/runs");
    let (status, body) = world.post(&path, &json!({})).await;
    assert_eq!(status, 422);
    assert_eq!(
        body,
        json!({"detail": [{"loc": ["body", "inputs"], "msg": "Field required", "type": "missing"}]})
    );
    let inputs =
        json!([{"processor": "lite", "input": "x"}, {"processor": "mega", "input": "x"}, {"input": 7}]);
    let (status, body) = world.post(&path, &json!({"inputs": inputs})).await;
    assert_eq!(status, 422);
    let places: Vec<&Value> =
        body["detail"].as_array().into_iter().flatten().map(|each| &each["loc"]).collect();
    assert_eq!(
        json!(places),
        json!([
            ["body", "inputs", 1, "processor"],
            ["body", "inputs", 2, "processor"],
            ["body", "inputs", 2, "input"]
        ])
    );
    assert_eq!(
        world.simulator.ledger().runs_of_group(&group).len(),
        1,
        "a batch is taken whole or not at all"
    );
    let (status, body) = world.post("/v1/tasks/groups", &json!({"metadata": 7})).await;
    assert_eq!((status, &body["detail"][0]["type"]), (422, &json!("dict_type")));
}

#[tokio::test]
async fn unknown_ids_are_404_with_the_documented_messages_and_so_are_other_peoples() {
    let world = World::start().await;
    let (group, runs) = world.group(&["a"]).await;
    let other = |path: String| {
        let request = world.http.get(format!("{}{path}", world.simulator.url()));
        answer(request.header("x-api-key", "somebody else"))
    };
    for (path, message) in [
        ("/v1/tasks/runs/trun_x".to_owned(), "Run id not found"),
        ("/v1/tasks/runs/trun_x/input".to_owned(), "Run id not found"),
        ("/v1/tasks/runs/trun_x/events".to_owned(), "Run id not found"),
        ("/v1/tasks/runs/trun_x/result".to_owned(), "Run failed or run id not found"),
        ("/v1/tasks/groups/tgrp_x".to_owned(), "TaskGroup not found"),
        ("/v1/tasks/groups/tgrp_x/runs".to_owned(), "TaskGroup not found"),
        ("/v1/tasks/groups/tgrp_x/events".to_owned(), "TaskGroup not found"),
    ] {
        let (status, body) = world.get(&path).await;
        assert_eq!((status, &body["error"]["message"]), (404, &json!(message)), "{path}");
    }
    assert_eq!(other(format!("/v1/tasks/runs/{}", runs[0])).await.0, 404);
    assert_eq!(other(format!("/v1/tasks/groups/{group}")).await.0, 404);
    assert_eq!(world.get("/v1/tasks/nothing").await, (404, json!({"detail": "Not Found"})));
}

#[tokio::test]
async fn lag_scales_the_documented_medians_and_nothing_fails_by_chance() {
    let world = World::with(Config { speed: 100.0, ..Config::default() }, Protocol::Http1).await;
    let inputs: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let (group, _) = world.group(&inputs).await;
    let spans: Vec<f64> = world
        .simulator
        .ledger()
        .runs_of_group(&group)
        .iter()
        .map(|run| run.ends_at.expect("it ends").duration_since(run.created_at).as_secs_f64())
        .collect();
    assert!(spans.iter().all(|span| (0.27..0.66).contains(span)), "45 s a hundred times faster");
    world.pass(5);
    let (_, group) = world.get(&format!("/v1/tasks/groups/{group}")).await;
    assert_eq!(group["status"]["task_run_status_counts"], json!({"completed": 200}));
}

#[tokio::test]
async fn random_failures_come_at_the_rate_they_are_configured_with() {
    let world = World::with(Config { failure_rate: 0.3, ..Config::default() }, Protocol::Http1).await;
    let inputs: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let (group, _) = world.group(&inputs).await;
    world.pass(300);
    let (_, group) = world.get(&format!("/v1/tasks/groups/{group}")).await;
    let failed = group["status"]["task_run_status_counts"]["failed"].as_u64().unwrap_or(0);
    assert!((100..200).contains(&failed), "{failed}");
}

#[tokio::test]
async fn the_beta_header_is_ignored() {
    let world = World::start().await;
    let body = json!({"processor": "lite", "input": "x"});
    let request =
        world.request(reqwest::Method::POST, "/v1/tasks/runs").header("parallel-beta", "what-2099-01-01");
    assert_eq!(answer(request.json(&body)).await.0, 202);
}

#[tokio::test]
async fn fast_processors_are_accepted_and_faster() {
    let world = World::start().await;
    for processor in ["core", "core-fast"] {
        world.create(&json!({"processor": processor, "input": "x"})).await;
    }
    let runs = world.simulator.ledger().runs_of_key(KEY);
    let span = |n: usize| runs[n].ends_at.expect("it ends").duration_since(runs[n].created_at);
    assert!(span(1) < span(0));
    assert_eq!(runs[1].processor, "core-fast");
}

#[tokio::test]
async fn a_default_spec_is_merged_into_the_input_and_a_runs_own_replaces_it_whole() {
    let world = World::start().await;
    let (_, group) = world.post("/v1/tasks/groups", &json!({})).await;
    let id = text(&group["taskgroup_id"]);
    let own = json!({"output_schema": "own"});
    let body = json!({"default_task_spec": {"output_schema": schema(), "input_schema": "A company"},
        "inputs": [{"processor": "lite", "input": "a"}, {"processor": "lite", "input": "b", "task_spec": own}]});
    let (status, reply) =
        world.post(&format!("/v1/tasks/groups/{id}/runs?refresh_status=false"), &body).await;
    assert_eq!(status, 200);
    let runs = strings(&reply["run_ids"]);
    world.pass(300);
    let (_, first) = world.get(&format!("/v1/tasks/runs/{}/input", runs[0])).await;
    assert_eq!(first["task_spec"], body["default_task_spec"]);
    let (_, second) = world.get(&format!("/v1/tasks/runs/{}/input", runs[1])).await;
    assert_eq!(second["task_spec"], own);
    let kind = async |run: &str| {
        world.get(&format!("/v1/tasks/runs/{run}/result")).await.1["output"]["type"].clone()
    };
    assert_eq!((kind(&runs[0]).await, kind(&runs[1]).await), (json!("json"), json!("text")));
}

#[tokio::test]
async fn a_run_is_found_through_its_group_and_through_no_other() {
    let world = World::start().await;
    let (group, runs) = world.group(&["a"]).await;
    let (other, _) = world.group(&["b"]).await;
    assert_eq!(world.get(&format!("/v1/tasks/groups/{group}/runs/{}", runs[0])).await.0, 200);
    assert_eq!(world.get(&format!("/v1/tasks/groups/{other}/runs/{}", runs[0])).await.0, 404);
}

#[tokio::test]
async fn suggestions_pass_the_rules_of_a_create_without_a_warning() {
    let world = World::start().await;
    let intent = json!({"user_intent": "Find the CEO and the founding year of kiln makers"});
    let (status, task) = world.post("/v1beta/tasks/suggest", &intent).await;
    assert_eq!(status, 200);
    assert!(task["output_schema"]["properties"]["ceo"].is_object(), "{task}");
    assert_eq!(task, world.post("/v1beta/tasks/suggest", &intent).await.1, "the same intent, the same task");
    let body = json!({"processor": "pro", "input": {"company": "Acme"}, "task_spec": {
        "input_schema": {"type": "json", "json_schema": task["input_schema"]},
        "output_schema": {"type": "json", "json_schema": task["output_schema"]}}});
    let (status, run) = world.post("/v1/tasks/runs", &body).await;
    assert_eq!(status, 202);
    assert!(run.get("warnings").is_none(), "{run}");
    let refined = json!({"user_intent": "revenue", "previous_task": task});
    let (_, refined) = world.post("/v1beta/tasks/suggest", &refined).await;
    assert_eq!(refined["input_schema"], task["input_schema"]);
    assert!(refined["output_schema"]["properties"]["ceo"].is_object());
    assert!(refined["output_schema"]["properties"]["revenue"].is_object());
    assert_eq!(world.post("/v1beta/tasks/suggest", &json!({})).await.0, 422);
}

#[tokio::test]
async fn suggested_processors_are_among_those_to_choose_from_and_never_lite() {
    let world = World::start().await;
    let ask = async |spec: Value, from: Value| {
        let body = json!({"task_spec": spec, "choose_processors_from": from});
        world.post("/v1beta/tasks/suggest-processor", &body).await.1["recommended_processors"].clone()
    };
    let wrapped = json!({"output_schema": schema()});
    assert_eq!(ask(wrapped.clone(), Value::Null).await, json!(["base"]));
    let raw: serde_json::Map<String, Value> =
        (0..12).map(|n| (format!("f{n}"), json!({"type": "string"}))).collect();
    let raw = json!({"output_schema": {"type": "object", "properties": raw}});
    assert_eq!(ask(raw, Value::Null).await, json!(["pro"]));
    assert_eq!(ask(wrapped, json!(["lite", "ultra"])).await, json!(["ultra"]));
}

#[tokio::test]
async fn the_legacy_paths_serve_groups_and_run_events() {
    let world = World::start().await;
    let (status, group) = world.post("/v1beta/tasks/groups", &json!({})).await;
    assert_eq!(status, 200);
    let path = format!("/v1beta/tasks/groups/{}", text(&group["taskgroup_id"]));
    let body = json!({"inputs": [{"processor": "lite", "input": "x"}]});
    let (_, reply) = world.post(&format!("{path}/runs"), &body).await;
    let run = strings(&reply["run_ids"]).remove(0);
    assert_eq!(
        world.stream(&format!("/v1beta/tasks/runs/{run}/events")).await.frames[0]["run"]["run_id"],
        json!(run)
    );
    assert_eq!(
        world.stream(&format!("{path}/events")).await.frames.last().expect("frames")["status"]["is_active"],
        false
    );
    assert_eq!(world.stream(&format!("{path}/runs")).await.frames.len(), 1);
}
