//! SQS as far as this function uses it: keeps what is sent, or refuses it.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[derive(Debug, Default)]
struct Kept {
    sent: Vec<(String, Value)>,
    refuses: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Queues {
    pub(crate) endpoint: String,
    kept: Arc<Mutex<Kept>>,
}

impl Queues {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let queues = Self { endpoint, kept: Arc::default() };
        let router = Router::new().route("/", post(send)).with_state(queues.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        queues
    }

    /// From now on every message is refused.
    pub(crate) fn refuse(&self) {
        self.kept.lock().expect("no holder panics").refuses = true;
    }

    /// What was sent to this queue since the last time.
    pub(crate) fn taken(&self, queue: &str) -> Vec<Value> {
        let mut kept = self.kept.lock().expect("no holder panics");
        let (taken, left) = std::mem::take(&mut kept.sent).into_iter().partition(|(to, _)| to == queue);
        kept.sent = left;
        let taken: Vec<(String, Value)> = taken;
        taken.into_iter().map(|(_, body)| body).collect()
    }
}

async fn send(State(queues): State<Queues>, headers: HeaderMap, body: String) -> Response {
    let mut kept = queues.kept.lock().expect("no holder panics");
    if kept.refuses {
        let refused = json!({"__type": "InvalidAddress", "message": "no"});
        return (StatusCode::BAD_REQUEST, [("x-amzn-errortype", "InvalidAddress")], Json(refused))
            .into_response();
    }
    if headers.get("x-amz-target").is_some_and(|target| target == "AmazonSQS.GetQueueAttributes") {
        return Json(json!({"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:runs"}}))
            .into_response();
    }
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let queue = body["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).expect("a queue").to_owned();
    let message = serde_json::from_str(body["MessageBody"].as_str().expect("a body")).expect("JSON");
    kept.sent.push((queue, message));
    Json(json!({"MessageId": "sent"})).into_response()
}
