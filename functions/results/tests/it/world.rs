//! The tables, the function, and a runner's pen.

use std::time::Duration;

use ambient::{Clock, Entropy};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use domain::delivery::Delivery;
use domain::event::{Flush, Told};
use domain::group::Output;
use domain::input::{FIRST_SOURCE, Input};
use domain::run::{Bought, Purchase, Run, RunStatus};
use domain::unit::{Status, Unit};
use domain::{OwnerId, UnitId};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use lambda_http::RequestExt;
use results::{Break, Results, Settings, Wake};
use serde_json::Value;
use store::{Claim, Saved, Store, Tables};
use tokio::net::TcpListener;
use tower::ServiceExt;
use vault::{Sealer, Secret};

use crate::made::{raw, unit};

/// The key of the owner of every unit here.
pub(crate) const KEY: &str = "the-owners-key";
/// How long a test waits for what must come, before it calls it missing.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) wake: Wake,
    sealer: Sealer,
    router: Router,
    entropy: Entropy,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// One frame of an event stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) event: String,
    pub(crate) id: Option<String>,
    pub(crate) data: String,
}

impl Frame {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {}", self.data))
    }
}

/// An event stream that is being read.
pub(crate) struct Events {
    body: Body,
    buffer: String,
    pub(crate) status: StatusCode,
    pub(crate) comments: usize,
}

impl Events {
    /// The next frame; none at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            while let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.buffer = rest;
                if block.starts_with(':') {
                    self.comments += 1;
                } else if block.contains("data: ") {
                    return Some(frame(&block));
                }
            }
            if !self.more().await {
                assert!(self.buffer.is_empty(), "a frame was cut: {}", self.buffer);
                return None;
            }
        }
    }

    /// Reads what comes next into the buffer; false at the end.
    async fn more(&mut self) -> bool {
        let piece = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("the stream goes on");
        let Some(piece) = piece else { return false };
        let bytes = piece.expect("bodies of streams do not fail").into_data().expect("data");
        self.buffer.push_str(std::str::from_utf8(&bytes).expect("text"));
        true
    }

    /// Everything up to the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            frames.push(frame);
        }
        frames
    }

    /// Reads until a comment has come, while the clock goes on.
    pub(crate) async fn comment(&mut self, clock: &Clock) {
        while !self.buffer.contains(':') {
            tokio::select! {
                more = self.more() => assert!(more, "the stream ended"),
                () = async {
                    clock.advance(Duration::from_secs(15));
                    std::future::pending::<()>().await;
                } => {}
                () = tokio::task::yield_now() => {}
            }
        }
        assert!(self.buffer.starts_with(':'), "{}", self.buffer);
    }
}

fn frame(block: &str) -> Frame {
    let mut frame = Frame { event: "message".to_owned(), id: None, data: String::new() };
    let mut data = Vec::new();
    for line in block.lines() {
        match line.split_once(": ") {
            Some(("event", name)) => name.clone_into(&mut frame.event),
            Some(("id", id)) => frame.id = Some(id.to_owned()),
            Some(("data", text)) => data.push(text),
            _ => {}
        }
    }
    frame.data = data.join("\n");
    frame
}

impl World {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let database = dynoxide::Database::memory().expect("a database");
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
        let tables = Tables { units: "units".to_owned(), outbox: "outbox".to_owned() };
        let store = Store::new(&cloud::config(Some(&endpoint)).await, tables);
        store.create_tables().await.expect("tables");
        let (clock, wake, entropy) = (Clock::system(), Wake::default(), Entropy::seeded(1));
        let sealer = Sealer::new(&[7; 32], entropy.clone());
        let settings = Settings { access: web::Access::default(), at_fault: Break::Cut };
        let results = Results::new(store.clone(), sealer.clone(), clock.clone(), wake.clone(), settings);
        Self { store, clock, wake, sealer, router: results::service(results), entropy }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let response = self.send(path, headers).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// The status of an answer whose body is not read.
    pub(crate) async fn send_status(&self, path: &str, headers: &[(&str, &str)]) -> u16 {
        self.send(path, headers).await.status().as_u16()
    }

    /// Whether the body of an answer breaks off with an error.
    pub(crate) async fn is_cut(&self, path: &str) -> bool {
        self.send(path, &[]).await.into_body().collect().await.is_err()
    }

    /// What comes of a body that may break off.
    pub(crate) async fn cut_text(&self, path: &str) -> String {
        let (mut body, mut text) = (self.send(path, &[]).await.into_body(), String::new());
        while let Some(Ok(piece)) = body.frame().await {
            text.push_str(std::str::from_utf8(&piece.into_data().expect("data")).expect("text"));
        }
        text
    }

    /// Opens an event stream, as a reader that saw `last` last.
    pub(crate) async fn open(&self, path: &str, last: Option<&str>) -> Events {
        let headers: Vec<_> = last.map(|id| ("last-event-id", id)).into_iter().collect();
        let response = self.send(path, &headers).await;
        let status = response.status();
        if status == StatusCode::OK {
            assert_eq!(response.headers()["content-type"], "text/event-stream");
        }
        Events { body: response.into_body(), buffer: String::new(), status, comments: 0 }
    }

    /// The answer to an event of `events/`, as API Gateway sends it, about the unit with this id.
    pub(crate) async fn event(&self, name: &str, id: &UnitId) -> Answer {
        let path = format!("{}/../../events/{name}", env!("CARGO_MANIFEST_DIR"));
        let event = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let event = event.replace("aaaaaaaaaaaaaaaaaaaaaaaaaa", id.as_str());
        let request = lambda_http::request::from_str(&event).expect("an event of API Gateway");
        self.get(request.raw_http_path()).await
    }

    async fn send(&self, path: &str, headers: &[(&str, &str)]) -> axum::response::Response {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        self.router.clone().oneshot(request).await.expect("routers do not fail")
    }

    /// A group with these inputs that a runner holds.
    pub(crate) async fn group(&self, inputs: &[&str], output: Output) -> Group<'_> {
        self.group_with(inputs, output, |_| {}).await
    }

    pub(crate) async fn group_with(
        &self,
        inputs: &[&str],
        output: Output,
        change: impl FnOnce(&mut Unit),
    ) -> Group<'_> {
        let id = UnitId::from_bits(self.entropy.bytes());
        let now = self.clock.now();
        let expires = now.saturating_add(SignedDuration::from_hours(720)).expect("in range");
        let inputs: Vec<Input> = inputs.iter().map(|input| raw(input)).collect();
        let rows = u32::try_from(inputs.len()).expect("few");
        self.store.put_inputs(&id, FIRST_SOURCE, 0, &inputs, expires).await.expect("inputs");
        let mut unit = unit(id, self.owner(), rows, output, now, expires);
        change(&mut unit);
        self.store.create_unit(&unit, None).await.expect("a unit");
        let claim =
            self.store.claim(&unit.id, 0, "m1", now, jiff::Timestamp::MAX, now).await.expect("a claim");
        let Claim::Won(unit) = claim else { panic!("the claim was refused") };
        Group { world: self, unit: *unit, ahead: Duration::ZERO, changed: Vec::new(), told: Vec::new() }
    }

    pub(crate) fn owner(&self) -> OwnerId {
        web::Access::default().caller(Some(&Secret::new(KEY))).expect("a caller").owner(&self.sealer)
    }
}

/// A unit in a runner's hands.
pub(crate) struct Group<'a> {
    world: &'a World,
    pub(crate) unit: Unit,
    /// How much the holder's clock is ahead.
    pub(crate) ahead: Duration,
    changed: Vec<(u32, RunStatus, u32)>,
    told: Vec<Told>,
}

impl Group<'_> {
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/{}{rest}", self.unit.id)
    }

    /// Buys these rows in one purchase.
    pub(crate) async fn buy(&mut self, rows: std::ops::Range<u32>) {
        let bought = rows.clone().map(|index| Bought { index, attempt: 1, run_id: format!("trun_{index}") });
        let purchase = Purchase { at: self.world.clock.now(), runs: bought.collect() };
        let number = rows.start;
        let stored = self.world.store.put_purchase(&self.unit.id, 1, number, &purchase, self.unit.expires_at);
        stored.await.expect("a purchase");
        for row in rows {
            self.stands(row, RunStatus::Pending, RunStatus::Queued);
        }
    }

    /// Notes that a row has moved; told with the next flush.
    pub(crate) fn stands(&mut self, row: u32, from: RunStatus, to: RunStatus) {
        *self.unit.counts.of_mut(from) -= 1;
        *self.unit.counts.of_mut(to) += 1;
        self.changed.push((row, to, 1));
    }

    /// Stores these runs, which were pending or queued.
    pub(crate) async fn store(&mut self, runs: &[Run]) {
        for run in runs {
            let from = if self.unit.counts.queued > 0 { RunStatus::Queued } else { RunStatus::Pending };
            self.stands(run.index, from, run.status);
        }
        let epoch = self.unit.lease.epoch;
        let stored = self.world.store.put_runs(&self.unit.id, epoch, runs, self.unit.expires_at).await;
        assert!(stored.expect("runs"), "fenced");
    }

    fn next(&mut self) -> Flush {
        self.unit.seq += 1;
        self.unit.modified_at = self.world.clock.now() + self.ahead;
        let runs = std::mem::take(&mut self.changed);
        Flush {
            at: self.unit.modified_at,
            status: self.unit.status,
            counts: self.unit.counts,
            runs,
            told: std::mem::take(&mut self.told),
            message: None,
        }
    }

    /// Flushes what the upstream told.
    pub(crate) async fn tell(&mut self, told: Vec<Told>) {
        self.told = told;
        self.flush().await;
    }

    /// Tells what has changed.
    pub(crate) async fn flush(&mut self) {
        let flush = self.next();
        let saved = self.world.store.flush(&self.unit, &flush).await.expect("a flush");
        assert!(matches!(saved, Saved::Yes(_)), "{saved:?}");
        self.world.wake.changed(&self.unit.id);
    }

    /// Ends the unit as its runs say.
    pub(crate) async fn finish(&mut self) {
        self.finish_with(&[]).await;
    }

    pub(crate) async fn finish_with(&mut self, deliveries: &[Delivery]) {
        self.finish_silently(deliveries).await;
        self.world.wake.changed(&self.unit.id);
    }

    /// The same, and no watcher is told.
    pub(crate) async fn finish_silently(&mut self, deliveries: &[Delivery]) {
        self.unit.status = Status::of_ended(&self.unit.counts);
        let flush = self.next();
        self.unit.completed_at = Some(self.unit.modified_at);
        let saved = self.world.store.finish(&self.unit, &flush, deliveries).await.expect("an end");
        assert!(matches!(saved, Saved::Yes(_)), "{saved:?}");
    }

    /// Cancels the unit, as its owner does.
    pub(crate) async fn cancel(&mut self) {
        let mut ended = self.unit.clone();
        ended.status = Status::Cancelled;
        ended.counts = ended.counts.ended_as(RunStatus::Cancelled);
        ended.modified_at = self.world.clock.now();
        ended.completed_at = Some(ended.modified_at);
        let change = self.world.store.cancel(&self.unit, &ended, &[]).await.expect("a cancel");
        assert_eq!(change, store::Change::Done);
        self.unit = ended;
        self.world.wake.changed(&self.unit.id);
    }
}
