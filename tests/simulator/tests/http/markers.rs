//! Markers, seen from outside.

use serde_json::{Value, json};

use crate::client::{PROTOCOLS, World, schema, text};

#[tokio::test]
async fn a_huge_output_crosses_results_and_streams_whole() {
    for protocol in PROTOCOLS {
        let world = World::over(protocol).await;
        let body =
            json!({"processor": "lite", "input": "simulate:huge", "task_spec": {"output_schema": schema()}});
        let id = world.create(&body).await;
        let stream = world.stream(&format!("/v1/tasks/runs/{id}/events")).await;
        let output = &stream.frames.last().expect("frames")["output"];
        let (_, result) = world.get(&format!("/v1/tasks/runs/{id}/result")).await;
        assert!(text(&output["content"]["ceo"]).len() >= 12 * 1024 * 1024);
        assert!(output["content"] == result["output"]["content"], "{protocol:?}");
    }
}

#[tokio::test]
async fn a_hostile_output_crosses_a_stream_without_breaking_its_frames() {
    let world = World::start().await;
    let body =
        json!({"processor": "lite", "input": "simulate:hostile", "task_spec": {"output_schema": "text"}});
    let id = world.create(&body).await;
    let stream = world.stream(&format!("/v1/tasks/runs/{id}/events")).await;
    let content = text(&stream.frames.last().expect("frames")["output"]["content"]);
    assert!(content.contains("<script>") && content.contains('\u{2028}') && content.contains('\u{1b}'));
}

#[tokio::test]
async fn a_completed_run_without_output_says_so_everywhere() {
    let world = World::start().await;
    let id = world.lite(&json!("simulate:null_output")).await;
    world.pass(300);
    let (status, result) = world.get(&format!("/v1/tasks/runs/{id}/result")).await;
    assert_eq!(
        (status, &result["run"]["status"], &result["output"]),
        (200, &json!("completed"), &Value::Null)
    );
    let stream = world.stream(&format!("/v1/tasks/runs/{id}/events")).await;
    assert_eq!(stream.frames[0]["output"], Value::Null);
}

#[tokio::test]
async fn cancelled_and_stopped_runs_have_no_result() {
    let world = World::start().await;
    for marker in ["cancelled", "action_required"] {
        let id = world.lite(&json!({"simulate": marker})).await;
        world.pass(300);
        let (status, _) = world.get(&format!("/v1/tasks/runs/{id}/result")).await;
        assert_eq!(status, 404);
        assert_eq!(world.get(&format!("/v1/tasks/runs/{id}")).await.1["status"], marker);
    }
}

#[tokio::test]
async fn an_unknown_status_shows_in_the_middle_and_the_run_completes() {
    let world = World::start().await;
    let id = world.lite(&json!("simulate:unknown_status simulate:seconds=100")).await;
    world.pass(50);
    let (_, run) = world.get(&format!("/v1/tasks/runs/{id}")).await;
    assert_eq!((&run["status"], &run["is_active"]), (&json!("verifying"), &json!(true)));
    world.pass(60);
    assert_eq!(world.get(&format!("/v1/tasks/runs/{id}/result")).await.0, 200);
}

#[tokio::test]
async fn a_slow_run_is_active_when_others_have_ended() {
    let world = World::start().await;
    let (_, runs) = world.group(&["plain", "simulate:slow"]).await;
    world.pass(100);
    let mut active = Vec::new();
    for run in &runs {
        active.push(world.get(&format!("/v1/tasks/runs/{run}")).await.1["is_active"].clone());
    }
    assert_eq!(active, [false, true]);
}
