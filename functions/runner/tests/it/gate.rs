//! A gate before the tables: every request passes it, and a test may hold one back, or answer it as a busy table would.
//!
//! A held write is a point at which a holder can be made to die: before the table has it, or after, when the answer never comes.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

/// A request to the tables.
#[derive(Debug)]
pub(crate) struct Request {
    /// The operation: `PutItem`, `UpdateItem`, …
    pub(crate) operation: String,
    /// Its JSON.
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn is_write(&self) -> bool {
        ["PutItem", "UpdateItem", "TransactWriteItems"].contains(&self.operation.as_str())
    }

    /// Whether a holder writes with it how far it has come.
    pub(crate) fn is_checkpoint(&self) -> bool {
        self.operation == "UpdateItem" && self.body.contains(":progress")
    }

    /// The sequence and the text of the flush that it writes by itself.
    pub(crate) fn flush(&self) -> Option<(u64, String)> {
        let body: serde_json::Value = serde_json::from_str(&self.body).ok()?;
        let item = body.get("Item").filter(|_| self.operation == "PutItem")?;
        let seq = item["sk"]["S"].as_str()?.strip_prefix("E#")?.parse().ok()?;
        let packed = data_encoding::BASE64.decode(item["v"]["B"].as_str()?.as_bytes()).ok()?;
        Some((seq, String::from_utf8_lossy(&packed).into_owned()))
    }
}

/// What happens to a request that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// It never reaches the table.
    HoldBefore,
    /// It reaches the table, and its answer never comes.
    HoldAfter,
    /// It meets a transaction.
    Conflict,
}

type Matches = Box<dyn Fn(&Request) -> bool + Send>;

struct Rule {
    matches: Matches,
    skip: usize,
    act: Act,
}

#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) endpoint: String,
    behind: String,
    client: reqwest::Client,
    rule: Arc<Mutex<Option<Rule>>>,
    held: watch::Sender<bool>,
    release: Arc<Notify>,
}

impl Gate {
    pub(crate) async fn start(behind: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        #[expect(clippy::disallowed_methods, reason = "it leads to a port of this test")]
        let client = reqwest::Client::new();
        let (rule, held, release) = (Arc::default(), watch::Sender::new(false), Arc::default());
        let gate = Self { endpoint, behind, client, rule, held, release };
        let router = Router::new().fallback(pass).with_state(gate.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        gate
    }

    fn rule(&self) -> MutexGuard<'_, Option<Rule>> {
        self.rule.lock().expect("no holder panics")
    }

    /// Lets `act` happen to the request that follows `skip` others that match, once.
    pub(crate) fn arm(&self, act: Act, skip: usize, matches: impl Fn(&Request) -> bool + Send + 'static) {
        self.held.send_replace(false);
        *self.rule() = Some(Rule { matches: Box::new(matches), skip, act });
    }

    /// Returns once a request is held, by the rule that was armed last.
    pub(crate) async fn held(&self) {
        let mut held = self.held.subscribe();
        held.wait_for(|held| *held).await.expect("the gate is there");
    }

    /// Lets the request that is held go on to the table.
    pub(crate) fn release(&self) {
        self.release.notify_waiters();
    }

    fn act_on(&self, request: &Request) -> Option<Act> {
        let mut rule = self.rule();
        let found = rule.as_mut().filter(|rule| (rule.matches)(request))?;
        if found.skip > 0 {
            found.skip -= 1;
            return None;
        }
        rule.take().map(|rule| rule.act)
    }
}

async fn pass(State(gate): State<Gate>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let act = gate.act_on(&Request { operation, body: String::from_utf8_lossy(&body).into_owned() });
    match act {
        Some(Act::Conflict) => {
            let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"busy"}"#;
            let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
            return (StatusCode::BAD_REQUEST, kind, body).into_response();
        }
        Some(Act::HoldBefore) => {
            let released = gate.release.notified();
            gate.held.send_replace(true);
            released.await;
        }
        Some(Act::HoldAfter) | None => {}
    }
    let mut request = gate.client.post(&gate.behind).body(body);
    for (name, value) in &headers {
        if name != header::HOST && name != header::CONTENT_LENGTH {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.expect("the tables answer");
    if act == Some(Act::HoldAfter) {
        gate.held.send_replace(true);
        return std::future::pending().await;
    }
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, answer.bytes().await.expect("a body")).into_response()
}
