//! SQS and Scheduler as far as deliveries use them: what is sent is kept until its time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};

use ambient::Clock;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The way by which a message will arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Queue,
    Schedule,
}

/// A message that has been sent and not been deleted.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) at: Timestamp,
    pub(crate) way: Way,
}

#[derive(Debug, Default)]
struct Kept {
    sent: Vec<Sent>,
    schedules: HashSet<String>,
    count: usize,
    refusals: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Queues {
    pub(crate) endpoint: String,
    kept: Arc<Mutex<Kept>>,
    clock: Clock,
}

impl Queues {
    pub(crate) async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let queues = Self { endpoint, kept: Arc::default(), clock };
        let router = Router::new()
            .route("/", post(send))
            .route("/schedules/{name}", post(schedule))
            .with_state(queues.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        queues
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("no holder panics")
    }

    /// The next `count` messages are refused.
    pub(crate) fn refuse(&self, count: usize) {
        self.kept().refusals = count;
    }

    /// Puts a message in, as it is, to arrive now.
    pub(crate) fn put(&self, body: &str) {
        self.keep(body, self.clock.now(), Way::Queue);
    }

    /// All messages, whenever they arrive, earliest first.
    pub(crate) fn all(&self) -> Vec<Sent> {
        let mut sent = self.kept().sent.clone();
        sent.sort_by_key(|sent| sent.at);
        sent
    }

    /// The messages that have arrived.
    pub(crate) fn arrived(&self) -> Vec<Sent> {
        let now = self.clock.now();
        self.all().into_iter().filter(|sent| sent.at <= now).collect()
    }

    pub(crate) fn delete(&self, id: &str) {
        self.kept().sent.retain(|sent| sent.id != id);
    }

    fn keep(&self, body: &str, at: Timestamp, way: Way) {
        let mut kept = self.kept();
        kept.count += 1;
        let id = format!("message-{}", kept.count);
        kept.sent.push(Sent { id, body: body.to_owned(), at, way });
    }

    fn refuses(&self) -> bool {
        let mut kept = self.kept();
        let refuses = kept.refusals > 0;
        kept.refusals = kept.refusals.saturating_sub(1);
        refuses
    }
}

fn refusal(status: StatusCode, code: &str) -> Response {
    (status, [("x-amzn-errortype", code)], Json(json!({"__type": code, "message": "no"}))).into_response()
}

async fn send(State(queues): State<Queues>, body: String) -> Response {
    if queues.refuses() {
        return refusal(StatusCode::BAD_REQUEST, "InvalidAddress");
    }
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let delay = SignedDuration::from_secs(body["DelaySeconds"].as_i64().unwrap_or(0));
    queues.keep(body["MessageBody"].as_str().expect("a body"), queues.clock.now() + delay, Way::Queue);
    Json(json!({"MessageId": "sent"})).into_response()
}

async fn schedule(State(queues): State<Queues>, Path(name): Path<String>, body: String) -> Response {
    if queues.refuses() {
        return refusal(StatusCode::BAD_REQUEST, "ValidationException");
    }
    if !queues.kept().schedules.insert(name) {
        return refusal(StatusCode::CONFLICT, "ConflictException");
    }
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let expression = body["ScheduleExpression"].as_str().expect("an expression");
    let at = expression.strip_prefix("at(").and_then(|at| at.strip_suffix(')')).expect("one time");
    let input = body["Target"]["Input"].as_str().expect("an input");
    queues.keep(input, format!("{at}Z").parse().expect("a time"), Way::Schedule);
    Json(json!({"ScheduleArn": "arn:aws:scheduler:us-east-1:000000000000:schedule/group/name"}))
        .into_response()
}
