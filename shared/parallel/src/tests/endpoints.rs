//! Errors, lost replies, caps and clocks, over real sockets.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::server::{Act, STREAM, Server, answer, with};
use crate::{Error, Key, Kind, NewRuns, RunState};

const WAIT: Duration = Duration::from_secs(5);

fn key() -> Key {
    Key::new("secret-key-1")
}

async fn add(server: &Server, timeout: Duration) -> Error {
    let inputs = [json!({ "processor": "lite", "input": "a" })];
    let runs = NewRuns { default_task_spec: None, inputs: &inputs };
    server.client().add_runs(&key(), "tgrp_1", &runs, timeout).await.unwrap_err()
}

#[tokio::test]
async fn every_documented_error_is_sorted_and_told_in_the_upstreams_words() {
    let text = include_str!("../../tests/fixtures/errors.json");
    let samples: Map<String, Value> = serde_json::from_str(text).unwrap();
    for (name, kind, message) in [
        ("401_any", Kind::KeyRefused, "401: Unauthorized: invalid or missing credentials"),
        (
            "402_create",
            Kind::NoCredit,
            "402: Insufficient credit in account, please check your plan and billing details.",
        ),
        ("403_create_bad_processor", Kind::Forbidden, "403: Forbidden: invalid processor in request"),
        ("404_run", Kind::NotFound, "404: Run id not found"),
        ("404_group", Kind::NotFound, "404: TaskGroup not found"),
        ("408_result_still_active", Kind::StillActive, "408: Request timed out; run still active"),
        ("422_run_endpoints", Kind::Invalid, "422: Request validation error. body.processor: Field required"),
        ("422_schema_rule", Kind::Invalid, "422: Object 'properties' empty at path: plans.items.params"),
        ("422_group_endpoints_documented_form", Kind::Invalid, "422: body.inputs: Field required"),
        ("429_create", Kind::Quota, "429: Too many requests: quota temporarily exceeded"),
    ] {
        let (status, body) = (samples[name]["status"].as_u64().unwrap(), samples[name]["body"].to_string());
        let server = Server::start(move |_| answer(u16::try_from(status).unwrap(), &body)).await;
        let error = server.client().group(&key(), "tgrp_1").await.unwrap_err();
        assert_eq!((error.kind, error.status.map(u64::from)), (kind, Some(status)), "{name}");
        assert_eq!(error.to_string(), format!("the upstream answered {message}"), "{name}");
    }
}

#[tokio::test]
async fn a_quota_says_when_to_come_again() {
    for (header, wait) in [
        ("retry-after: 7\r\n", Some(Duration::from_secs(7))),
        ("retry-after: 0.25\r\n", Some(Duration::from_millis(250))),
        ("retry-after: -1\r\n", None),
        ("retry-after: soon\r\n", None),
        ("", None),
    ] {
        let server = Server::start(move |_| with(429, header, "{}")).await;
        let error = add(&server, WAIT).await;
        assert_eq!((error.kind, error.retry_after), (Kind::Quota, wait), "{header}");
        assert!(error.created_nothing() && error.is_passing());
    }
}

#[tokio::test]
async fn a_lost_reply_to_an_add_is_told_as_lost_and_asked_once() {
    let partly = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"run_ids\":[";
    for act in [Act::Hang, Act::Answer("HTTP/1.1 200 OK\r\n".to_owned()), Act::Answer(partly.to_owned())] {
        let of = act.clone();
        let server = Server::start(move |_| of.clone()).await;
        let error = add(&server, WAIT).await;
        assert_eq!(error.kind, Kind::Lost, "{act:?}");
        assert!(!error.created_nothing() && error.is_passing());
        assert_eq!(server.requests().len(), 1, "{act:?}");
    }
}

#[tokio::test]
async fn an_add_is_abandoned_in_time_wherever_it_hangs() {
    for begun in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let server = Server::start(move |_| Act::Stall(begun.to_owned())).await;
        let error = add(&server, Duration::from_millis(50)).await;
        assert_eq!(error.kind, Kind::Lost);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn who_cannot_be_reached_has_surely_created_nothing() {
    let server = Server::start(|_| Act::Hang).await;
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = server.client_that(|settings| settings.base = format!("http://{unused}").parse().unwrap());
    let error = client.create_group(&key(), &Map::new()).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotSent);
    assert!(error.created_nothing());
}

#[tokio::test]
async fn a_failed_run_is_told_from_an_unknown_one_and_from_one_whose_result_is_late() {
    let cases = [
        (200, r#"{"run_id":"r","status":"failed","error":{"message":"no sources"}}"#, "Failed"),
        (200, r#"{"run_id":"r","status":"action_required"}"#, "ActionRequired"),
        (200, r#"{"run_id":"r","status":"completed"}"#, "active"),
        (200, r#"{"run_id":"r","status":"running"}"#, "active"),
        (404, r#"{"type":"error","error":{"message":"Run id not found"}}"#, "NotFound"),
        (500, "", "Unavailable"),
    ];
    for (status, state, expected) in cases {
        let server = Server::start(move |line| match line {
            "GET /v1/tasks/runs/r/result?timeout=5" => answer(404, r#"{"error":{"message":"Run failed."}}"#),
            "GET /v1/tasks/runs/r" => answer(status, state),
            _ => answer(400, line),
        })
        .await;
        let told = match server.client().result(&key(), "r", WAIT).await {
            Ok(RunState::Ended(run)) => format!("{:?}", run.status),
            Ok(RunState::Active) => "active".to_owned(),
            Ok(completed) => panic!("{completed:?}"),
            Err(error) => format!("{:?}", error.kind),
        };
        assert_eq!(told, expected, "{state}");
    }
    let server = Server::start(|_| answer(408, "{}")).await;
    assert!(matches!(server.client().result(&key(), "r", WAIT).await, Ok(RunState::Active)));
}

#[tokio::test]
async fn answers_have_a_cap_with_or_without_a_length() {
    let body = format!(r#"{{"run_id":"r","status":"queued","processor":"{}"}}"#, "x".repeat(1_000));
    let endless = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}");
    for act in [answer(200, &body), Act::Answer(endless)] {
        let server = Server::start(move |_| act.clone()).await;
        let large = server.client_that(|settings| settings.largest = body.len()).run(&key(), "r").await;
        assert_eq!(large.unwrap().processor.len(), 1_000);
        let small = server.client_that(|settings| settings.largest = body.len() - 1).run(&key(), "r").await;
        let error = small.unwrap_err();
        assert_eq!(error.kind, Kind::TooLarge);
        assert!(error.message.contains(&format!("{} bytes", body.len() - 1)), "{error}");
        drop(server);
    }
}

#[tokio::test]
async fn an_answer_in_another_shape_is_malformed_and_says_nothing_of_it() {
    for body in ["", "<html>secret</html>", "[]", r#"{"run_id":7}"#] {
        let server = Server::start(move |_| answer(200, body)).await;
        let error = server.client().run(&key(), "r").await.unwrap_err();
        assert_eq!(error.kind, Kind::Malformed, "{body}");
        assert!(!error.to_string().contains("secret"));
    }
}

#[tokio::test]
async fn a_stream_that_does_not_open_is_an_error_of_its_own() {
    let refused = Server::start(|_| answer(404, r#"{"error":{"message":"TaskGroup not found"}}"#)).await;
    let error = refused.client().group_events(&key(), "tgrp_1", None).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    let hasty = |settings: &mut crate::Settings| settings.request = Duration::from_millis(50);
    for begun in ["", "HTTP/1.1 503 X\r\ncontent-length: 100\r\n\r\n{"] {
        let server = Server::start(move |_| Act::Stall(begun.to_owned())).await;
        let error = server.client_that(hasty).run_events(&key(), "r").await.unwrap_err();
        assert_eq!(error.kind, Kind::Silent, "{begun}");
    }
}

#[tokio::test]
async fn a_stream_outlives_the_time_of_a_request_and_ends_by_silence_or_a_cut() {
    let event = "data: {\"type\":\"a\"}\n\n";
    let silent = Server::start(move |_| Act::Stall(format!("{STREAM}{event}"))).await;
    let client = silent.client_that(|settings| {
        settings.request = Duration::from_millis(200);
        settings.silence = Duration::from_millis(400);
    });
    let mut events = client.run_events(&key(), "r").await.unwrap();
    assert!(events.next().await.unwrap().is_ok());
    assert_eq!(events.next().await.unwrap().unwrap_err().kind, Kind::Silent);
    // Cut: chunked, and its last chunk never comes.
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let cut = Server::start(move |_| Act::Answer(format!("{head}{:x}\r\n{event}\r\n", event.len()))).await;
    let mut events = cut.client().run_events(&key(), "r").await.unwrap();
    assert!(events.next().await.unwrap().is_ok());
    assert_eq!(events.next().await.unwrap().unwrap_err().kind, Kind::Lost);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn suggestions_are_read() {
    let server = Server::start(|line| match line {
        "POST /v1beta/tasks/suggest" => {
            answer(200, r#"{"input_schema":{},"output_schema":{"type":"object"},"inputs":[],"title":"t","warnings":null}"#)
        }
        _ => answer(200, r#"{"recommended_processors":["pro","core"]}"#),
    })
    .await;
    let client = server.client();
    let spec = client.suggest(&key(), "Find founders").await.unwrap();
    assert_eq!(spec.output_schema, Some(json!({ "type": "object" })));
    assert_eq!(client.suggest_processor(&key(), &json!({})).await.unwrap(), ["pro", "core"]);
    assert!(server.requests()[1].starts_with("POST /v1beta/tasks/suggest-processor "));
}

#[tokio::test]
async fn a_key_is_in_its_header_only_and_one_that_fits_none_is_refused() {
    let server = Server::start(|_| answer(401, "{}")).await;
    let error = server.client().run(&key(), "r/../x").await.unwrap_err();
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("GET /v1/tasks/runs/r%2F..%2Fx HTTP/1.1\r\n"),
        "an id is one segment: {request}"
    );
    assert_eq!(request.matches("secret-key-1").count(), 1);
    for shown in [format!("{error} {error:?}"), format!("{:?}", key()), format!("{:?}", server.client())] {
        assert!(!shown.contains("secret-key-1"), "{shown}");
    }
    let broken = server.client().run(&Key::new("a\r\nb"), "r").await.unwrap_err();
    assert_eq!(broken.kind, Kind::KeyRefused);
    assert_eq!(server.requests().len(), 1);
}
