//! A receiver of webhooks that answers as it is told, keeps what it got, and can verify it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::soon;

/// What is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A status.
    Status(u16),
    /// A status with a header.
    With(u16, &'static str, String),
    /// A status with a body of a type.
    Body(u16, &'static str, String),
    /// Nothing, for ever.
    Hang,
}

/// What came in.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Its path.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

impl Hit {
    /// A header; empty if it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The same for every attempt of a delivery.
    #[must_use]
    pub fn webhook_id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    /// Whether a receiver that knows this secret accepts it; the time it was signed for counts as now.
    #[must_use]
    pub fn verifies_by(&self, secret: &str) -> bool {
        let Ok(at) = self.header("webhook-timestamp").parse() else { return false };
        let (id, signatures) = (self.webhook_id(), self.header("webhook-signature"));
        vault::webhook::verify(secret, id, at, signatures, self.body.as_bytes(), at).is_ok()
    }
}

/// A running receiver; clones are the same one. It answers 200 unless it is told otherwise.
#[derive(Debug, Clone)]
pub struct Receiver {
    address: String,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    hits: watch::Sender<Vec<Hit>>,
}

impl Receiver {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let receiver = Self { address, replies: Arc::default(), hits: watch::Sender::new(Vec::new()) };
        let router = Router::new().fallback(receive).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// `host:port`, as `--allow-host` wants it.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The URL of a path; every path is the same receiver.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What the next calls are answered, in this order.
    pub fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        *self.replies.lock().unwrap_or_else(PoisonError::into_inner) = replies.into_iter().collect();
    }

    /// What has come in by now.
    #[must_use]
    pub fn hits(&self) -> Vec<Hit> {
        self.hits.borrow().clone()
    }

    /// What has come in once it is so many.
    pub async fn after(&self, count: usize) -> Vec<Hit> {
        let mut hits = self.hits.subscribe();
        let enough = soon("a webhook", hits.wait_for(|hits| hits.len() >= count)).await;
        enough.expect("the receiver lives").clone()
    }
}

async fn receive(State(receiver): State<Receiver>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let body = String::from_utf8(body.to_vec()).expect("webhooks are text");
    receiver.hits.send_modify(|hits| hits.push(Hit { path: uri.path().to_owned(), headers, body }));
    let reply = receiver.replies.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let status = |status| StatusCode::from_u16(status).expect("a status");
    match reply.unwrap_or(Reply::Status(200)) {
        Reply::Status(code) => status(code).into_response(),
        Reply::With(code, name, value) => (status(code), [(name, value)]).into_response(),
        Reply::Body(code, kind, text) => (status(code), [("content-type", kind)], text).into_response(),
        Reply::Hang => std::future::pending().await,
    }
}
