//! Checklist line 10, and what goes wrong with webhooks.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use simulator::{Config, Effect, Endpoint, Fault, Scheme, WEBHOOK_SECRET, sign};

use crate::client::{Protocol, World};

/// A receiver that refuses the first calls.
#[derive(Clone, Default)]
struct Receiver {
    refusals: Arc<Mutex<u32>>,
    taken: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

impl Receiver {
    async fn start(refusals: u32) -> (Self, String) {
        let receiver = Self { refusals: Arc::new(Mutex::new(refusals)), ..Self::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = Router::new().route("/hook", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    fn calls(&self) -> Vec<(HeaderMap, String)> {
        self.taken.lock().expect("no panic").clone()
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
    receiver.taken.lock().expect("no panic").push((headers, body));
    let mut refusals = receiver.refusals.lock().expect("no panic");
    if *refusals == 0 {
        return StatusCode::OK;
    }
    *refusals -= 1;
    StatusCode::SERVICE_UNAVAILABLE
}

async fn told(world: &World, receiver: &Receiver, calls: usize) -> Vec<(HeaderMap, String)> {
    let waiting = async {
        while receiver.calls().len() < calls {
            tokio::task::yield_now().await;
        }
    };
    world.while_time_passes(waiting).await;
    receiver.calls()
}

fn with_webhook(input: &str, url: &str) -> Value {
    json!({"processor": "lite", "input": input, "webhook": {"url": url, "event_types": ["task_run.status"]}})
}

fn signed(headers: &HeaderMap, body: &str, scheme: Scheme) -> bool {
    let header = |name: &str| headers[name].to_str().expect("text").to_owned();
    let timestamp = header("webhook-timestamp").parse().expect("seconds");
    let wanted = sign(WEBHOOK_SECRET, scheme, &header("webhook-id"), timestamp, body.as_bytes());
    header("webhook-signature") == wanted && header("content-type") == "application/json"
}

#[tokio::test]
async fn line_10_the_end_of_a_run_is_told_signed_over_the_raw_body_without_its_output() {
    let world = World::start().await;
    let (receiver, url) = Receiver::start(0).await;
    for (input, status) in [("Acme", "completed"), ("simulate:fail", "failed")] {
        let id = world.create(&with_webhook(input, &url)).await;
        let calls = receiver.calls().len() + 1;
        let (headers, body) = told(&world, &receiver, calls).await.pop().expect("a call");
        assert!(signed(&headers, &body, Scheme::Standard));
        let event: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(event["type"], "task_run.status");
        assert_eq!((&event["data"]["run_id"], &event["data"]["status"]), (&json!(id), &json!(status)));
        assert!(event["data"].get("output").is_none() && event["timestamp"].is_string());
        assert!(headers["webhook-id"].to_str().expect("text").starts_with("whevent_"));
    }
}

#[tokio::test]
async fn line_10_an_attempt_that_is_not_taken_is_repeated_after_5_seconds_doubling() {
    let world = World::start().await;
    let (receiver, url) = Receiver::start(4).await;
    world.create(&with_webhook("Acme", &url)).await;
    let calls = told(&world, &receiver, 5).await;
    let ids: Vec<_> = calls.iter().map(|(headers, _)| headers["webhook-id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "the id stays");
    assert!(
        calls.iter().all(|(headers, body)| signed(headers, body, Scheme::Standard)),
        "each is signed anew"
    );
    let times: Vec<i64> = calls
        .iter()
        .map(|(headers, _)| headers["webhook-timestamp"].to_str().expect("text").parse().expect("seconds"))
        .collect();
    let gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (gap, wanted) in gaps.iter().zip([5, 10, 20, 40]) {
        assert!(*gap >= wanted - 1, "{gaps:?}");
    }
    assert!(gaps.is_sorted());
    let attempts: Vec<u32> = world.simulator.ledger().deliveries().iter().map(|each| each.attempt).collect();
    assert!(attempts.starts_with(&[1, 2, 3, 4]), "{attempts:?}");
}

#[tokio::test]
async fn runs_that_subscribe_to_nothing_or_stop_otherwise_are_not_told() {
    let world = World::start().await;
    let (receiver, url) = Receiver::start(0).await;
    world.create(&json!({"processor": "lite", "input": "a", "webhook": {"url": url}})).await;
    world.create(&with_webhook("simulate:cancelled", &url)).await;
    world.create(&with_webhook("simulate:action_required", &url)).await;
    world.create(&with_webhook("told simulate:slow", &url)).await;
    let calls = told(&world, &receiver, 1).await;
    assert!(calls[0].1.contains("completed"));
    assert_eq!(calls.len(), 1);
}

#[tokio::test]
async fn webhooks_come_twice_late_in_the_legacy_form_or_never() {
    let world = World::start().await;
    let (receiver, url) = Receiver::start(0).await;
    let fault = |effect| Fault::on(Endpoint::Webhook, effect).times(1);
    world.simulator.faults().set([fault(Effect::LostWebhook)]);
    world.create(&with_webhook("lost", &url)).await;
    world.pass(300);
    while world.simulator.faults().list()[0].fired == 0 {
        tokio::task::yield_now().await;
    }
    world.simulator.faults().set([
        fault(Effect::DuplicateWebhook { deliveries: 2 }),
        fault(Effect::LateWebhook { seconds: 7_200.0 }),
        fault(Effect::LegacySignature),
    ]);
    let created = world.clock.now();
    let id = world.create(&with_webhook("late", &url)).await;
    let calls = told(&world, &receiver, 2).await;
    assert!(calls.iter().all(|(_, body)| body.contains(&id)));
    assert_eq!(calls[0].0["webhook-id"], calls[1].0["webhook-id"]);
    assert!(calls.iter().all(|(headers, body)| signed(headers, body, Scheme::Legacy)));
    assert!(world.clock.now().duration_since(created).as_secs() >= 7_200);
}

#[tokio::test]
async fn a_webhook_that_nobody_took_is_told_after_a_restart_and_a_taken_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = || Config { data_dir: Some(folder.path().to_owned()), ..Config::default() };
    let (receiver, url) = Receiver::start(0).await;
    let world = World::with(config(), Protocol::Http1).await;
    world.create(&with_webhook("simulate:seconds=0 taken", &url)).await;
    told(&world, &receiver, 1).await;
    let journal = folder.path().join("simulator.jsonl");
    while !std::fs::read_to_string(&journal).expect("a journal").contains("told\":") {
        tokio::task::yield_now().await;
    }
    let open = world.create(&with_webhook("open", &url)).await;
    world.simulator.shutdown().await;
    let world = World::with(config(), Protocol::Http1).await;
    let calls = told(&world, &receiver, 2).await;
    assert!(calls[1].1.contains(&open));
}
