//! Event streams over HTTP: frames from a source, framed, and broken where a fault says so.
//!
//! Sources decide what comes when; this file sends it, plays the tricks of the call, and counts open streams.
//! Invariant: a stream ends when its source does, when it is cut, or when the simulator stops.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures::stream;
use http::header;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::Tricks;
use crate::ledger::Followed;
use crate::wire::Frame;
use crate::world::World;

/// How long a connection keeps quiet before it breaks, so that what was sent before arrives.
const LAST_WORDS: Duration = Duration::from_millis(5);

/// Where the frames of a stream come from.
pub(crate) trait Source: Send + 'static {
    /// The next frames, as soon as there are any; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Option<Vec<Frame>>> + Send;

    /// The run whose events these are, where they are those of one run.
    fn run(&self) -> Option<&str> {
        None
    }
}

struct Sending<S: Source> {
    world: Arc<World>,
    source: S,
    tricks: Tricks,
    sent: u32,
    state: State,
    opened_at: Timestamp,
    told_at: Option<Timestamp>,
}

#[derive(PartialEq)]
enum State {
    Open,
    Breaking,
    Ended,
}

impl<S: Source> Drop for Sending<S> {
    fn drop(&mut self) {
        let closed_at = self.world.now();
        let followed = self.source.run().map(|run| Followed {
            run_id: run.to_owned(),
            opened_at: self.opened_at,
            told_at: self.told_at,
            closed_at,
        });
        self.world.records().stream_closed(followed);
    }
}

/// The reply that streams `source`.
pub(crate) fn respond<S: Source>(world: &Arc<World>, source: S, tricks: Tricks) -> Response {
    world.records().stream_opened();
    let opened_at = world.now();
    let sending = Sending {
        world: Arc::clone(world),
        source,
        tricks,
        sent: 0,
        state: State::Open,
        opened_at,
        told_at: None,
    };
    let body = stream::unfold(sending, |mut sending| async move {
        let chunk = sending.chunk().await?;
        Some((chunk, sending))
    });
    Response::builder()
        .header(header::CONTENT_TYPE, "text/event-stream")
        .header(header::CACHE_CONTROL, "no-cache")
        .body(Body::from_stream(body))
        .expect("plain headers make a response")
}

impl<S: Source> Sending<S> {
    async fn chunk(&mut self) -> Option<io::Result<Bytes>> {
        match self.state {
            State::Ended => return None,
            State::Breaking => {
                self.state = State::Ended;
                tokio::time::sleep(LAST_WORDS).await;
                return Some(Err(io::Error::other("the stream was cut on purpose")));
            }
            State::Open => {}
        }
        if self.tricks.cut.is_some_and(|cut| cut.after_events == 0) {
            return Some(Ok(self.cut(BytesMut::new())));
        }
        let world = Arc::clone(&self.world);
        let frames = tokio::select! {
            frames = self.source.next() => frames?,
            () = world.closed() => return None,
        };
        let mut bytes = BytesMut::new();
        for frame in frames {
            bytes.extend_from_slice(&self.changed(frame).bytes());
            self.sent += 1;
            if self.tricks.unknown_events {
                bytes.extend_from_slice(&novelty(self.sent).bytes());
            }
            if self.tricks.cut.is_some_and(|cut| self.sent >= cut.after_events) {
                return Some(Ok(self.cut(bytes)));
            }
        }
        self.told_at = Some(self.world.now());
        Some(Ok(bytes.freeze()))
    }

    /// Breaks off after `bytes`, by an `error` event and a clean end or by a broken connection.
    fn cut(&mut self, mut bytes: BytesMut) -> Bytes {
        if self.tricks.cut.is_some_and(|cut| cut.with_error) {
            let error = json!({"ref_id": "4c2f8e10-93b7-4d5a-a6e1-000000000063",
                "message": "Stream interrupted", "detail": Value::Null});
            bytes.extend_from_slice(&Frame::of(json!({"type": "error", "error": error})).bytes());
            self.state = State::Ended;
        } else {
            self.state = State::Breaking;
        }
        bytes.freeze()
    }

    /// With unknown statuses on: any state that carries no output shows one.
    fn changed(&self, mut frame: Frame) -> Frame {
        if self.tricks.unknown_status
            && frame.data.get("output").is_none_or(Value::is_null)
            && let Some(status) = frame.data.pointer_mut("/run/status")
        {
            *status = json!("archiving");
        }
        frame
    }
}

/// An event of a kind that nobody knows.
fn novelty(n: u32) -> Frame {
    Frame::of(json!({"type": "task_run.novelty", "payload": {"n": n, "nested": [null, {"deep": true}]}}))
}
