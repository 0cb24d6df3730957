//! What stands between the function and its tables: passes every request on, and holds one back when it is told to.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) endpoint: String,
    tables: String,
    client: reqwest::Client,
    hold: Arc<Mutex<Option<Hold>>>,
    /// How many requests have come, and how many of them write.
    counts: Arc<Mutex<(usize, usize)>>,
}

#[derive(Debug)]
struct Hold {
    operation: &'static str,
    arrived: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

/// A request that will be held back, or is.
pub(crate) struct Held {
    arrived: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl Held {
    /// Returns once the request is there and waits.
    pub(crate) async fn arrived(&mut self) {
        (&mut self.arrived).await.expect("the request comes");
    }

    /// Lets it pass.
    pub(crate) fn release(self) {
        self.release.send(()).expect("it still waits");
    }
}

impl Gate {
    pub(crate) async fn start(tables: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        #[expect(clippy::disallowed_methods, reason = "it reaches nothing but the embedded tables")]
        let client = reqwest::Client::new();
        let gate = Self { endpoint, tables, client, hold: Arc::default(), counts: Arc::default() };
        let router = Router::new().fallback(pass).with_state(gate.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        gate
    }

    /// Holds the next request of this operation back.
    pub(crate) fn hold(&self, operation: &'static str) -> Held {
        let ((arrived, seen), (release, released)) = (oneshot::channel(), oneshot::channel());
        *self.hold.lock().expect("no holder panics") = Some(Hold { operation, arrived, released });
        Held { arrived: seen, release }
    }

    pub(crate) fn requests(&self) -> usize {
        self.counts.lock().expect("no holder panics").0
    }

    pub(crate) fn writes(&self) -> usize {
        self.counts.lock().expect("no holder panics").1
    }

    fn count(&self, target: &str) {
        let mut counts = self.counts.lock().expect("no holder panics");
        counts.0 += 1;
        let writes = ["PutItem", "UpdateItem", "TransactWriteItems", "BatchWriteItem"];
        counts.1 += usize::from(writes.iter().any(|operation| target.ends_with(operation)));
    }

    fn taken(&self, target: &str) -> Option<Hold> {
        let mut hold = self.hold.lock().expect("no holder panics");
        if hold.as_ref().is_some_and(|hold| target.ends_with(hold.operation)) { hold.take() } else { None }
    }
}

async fn pass(State(gate): State<Gate>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    gate.count(target);
    if let Some(hold) = gate.taken(target) {
        hold.arrived.send(()).expect("somebody waits for it");
        hold.released.await.expect("it is released");
    }
    let mut headers = headers;
    headers.remove("host");
    let answer = gate.client.post(&gate.tables).headers(headers).body(body).send().await.expect("an answer");
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if name != "transfer-encoding" && name != "content-length" {
            response = response.header(name, value);
        }
    }
    response.body(Body::from(answer.bytes().await.expect("a body"))).expect("a response")
}
