//! The receivers of webhooks: one for each unit, that answers as its plan says and keeps what it got.
//!
//! Invariant: what came in is kept before it is answered.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ambient::Clock;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::{HeaderMap, StatusCode, Uri};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::asked::Reply;

/// With what all webhooks of a round are signed; it protects nothing.
pub const SECRET: &str = "whsec_Y2hhb3MtY2hhb3MtY2hhb3MtY2hhb3MtY2hhb3M=";

/// What came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The name of the unit that it was sent for.
    pub unit: String,
    /// Its webhook id.
    pub webhook_id: String,
    /// Whether its signature is right.
    pub signed: bool,
    /// Its body.
    pub body: Value,
    /// When it came.
    pub at: Timestamp,
    /// How it is answered.
    pub reply: Reply,
}

/// The receivers; clones are the same ones.
#[derive(Debug, Clone)]
pub struct Receivers {
    address: String,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    replies: Mutex<HashMap<String, VecDeque<Reply>>>,
    hits: Mutex<Vec<Hit>>,
}

impl Receivers {
    /// Starts them on a free port. They take everything but for what `replies` say of the first calls for units, by name.
    pub async fn start(clock: Clock, replies: HashMap<String, VecDeque<Reply>>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let inner = Arc::new(Inner { clock, replies: Mutex::new(replies), hits: Mutex::default() });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, inner })
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What has come in by now.
    #[must_use]
    pub fn hits(&self) -> Vec<Hit> {
        self.inner.hits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn receive(State(inner): State<Arc<Inner>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let unit = uri.path().trim_start_matches('/').to_owned();
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let webhook_id = header("webhook-id");
    let signed = header("webhook-timestamp").parse().is_ok_and(|at| {
        vault::webhook::verify(SECRET, &webhook_id, at, &header("webhook-signature"), &body, at).is_ok()
    });
    let reply = {
        let mut replies = inner.replies.lock().unwrap_or_else(PoisonError::into_inner);
        replies.get_mut(&unit).and_then(VecDeque::pop_front).unwrap_or(Reply::Status(200))
    };
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let hit = Hit { unit, webhook_id, signed, body, at: inner.clock.now(), reply };
    inner.hits.lock().unwrap_or_else(PoisonError::into_inner).push(hit);
    match reply {
        Reply::Status(code) => StatusCode::from_u16(code).unwrap_or_default().into_response(),
        Reply::Slow(seconds) => {
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            StatusCode::OK.into_response()
        }
        Reply::Hang => {
            let broken = stream::iter([Err::<Bytes, _>(io::Error::other("hung up on purpose"))]);
            (StatusCode::OK, Body::from_stream(broken)).into_response()
        }
    }
}
