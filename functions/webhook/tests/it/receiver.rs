//! A receiver of webhooks that answers as it is told and keeps what it got.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Status(u16),
    With(u16, &'static str, String),
    /// Nothing, until the receiver is released; then 200.
    Hang,
}

/// What came in.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Hit {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether a receiver that knows this secret accepts it, without regard to the time.
    pub(crate) fn verifies_by(&self, secret: &str) -> bool {
        let at = self.header("webhook-timestamp").parse().expect("a time");
        let (id, signatures) = (self.header("webhook-id"), self.header("webhook-signature"));
        vault::webhook::verify(secret, id, at, signatures, self.body.as_bytes(), at).is_ok()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Receiver {
    pub(crate) address: String,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    hits: watch::Sender<Vec<Hit>>,
    released: watch::Sender<bool>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let receiver = Self {
            address,
            replies: Arc::default(),
            hits: watch::Sender::new(Vec::new()),
            released: watch::Sender::new(false),
        };
        let router = Router::new().fallback(receive).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What the next calls are answered, in this order. When it is used up, the answer is 200.
    pub(crate) fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        *self.replies.lock().expect("no holder panics") = replies.into_iter().collect();
    }

    /// Every call from now on fails.
    pub(crate) fn fail(&self) {
        self.reply(std::iter::repeat_n(Reply::Status(500), 1_000));
    }

    /// Every call from now on succeeds.
    pub(crate) fn recover(&self) {
        self.reply([]);
    }

    pub(crate) fn release(&self) {
        self.released.send_replace(true);
    }

    pub(crate) fn hits(&self) -> Vec<Hit> {
        self.hits.borrow().clone()
    }

    /// The hits once there are `count` of them.
    pub(crate) async fn after(&self, count: usize) -> Vec<Hit> {
        let mut hits = self.hits.subscribe();
        let enough = hits.wait_for(|hits| hits.len() >= count);
        let hits = tokio::time::timeout(Duration::from_mins(1), enough).await.expect("enough hits in time");
        hits.expect("the receiver lives").clone()
    }
}

async fn receive(State(receiver): State<Receiver>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let body = String::from_utf8(body.to_vec()).expect("text");
    receiver.hits.send_modify(|hits| hits.push(Hit { path: uri.path().to_owned(), headers, body }));
    let reply = if uri.path() == "/dead" {
        Reply::Hang
    } else {
        receiver.replies.lock().expect("no holder panics").pop_front().unwrap_or(Reply::Status(200))
    };
    let status = |status| StatusCode::from_u16(status).expect("a status");
    match reply {
        Reply::Status(code) => status(code).into_response(),
        Reply::With(code, name, value) => (status(code), [(name, value)]).into_response(),
        Reply::Hang => {
            let _ = receiver.released.subscribe().wait_for(|released| *released).await;
            StatusCode::OK.into_response()
        }
    }
}
