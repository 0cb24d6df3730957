//! Event streams: framing by the standard's rules, then one typed event for each `data`.
//!
//! A stream's end says nothing about its runs: only a terminal status does. Events of unknown kinds are kept raw.
//! An event that the end of the stream cuts in the middle is dropped, as the standard has it.
//! Invariant: no event takes more memory than [`crate::Settings::largest`].

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::header::{ACCEPT, HeaderValue};
use serde::Deserialize;
use serde_json::value::RawValue;
use sseer::EventStream as Frames;
use sseer::errors::EventStreamError;
use tokio::time::Instant;

use crate::budget::{Budget, Held};
use crate::connections::{Answer, Ask, Use};
use crate::types::{TaskRun, UpstreamError};
use crate::watch::{Reserved, Watched};
use crate::{Client, Error, GroupStatus, Kind, Result};

/// One event.
#[derive(Debug, Clone)]
pub enum Event {
    /// A run's state, with its output where the stream carries it.
    Run {
        /// The cursor after this event, on group streams.
        cursor: Option<String>,
        /// The run.
        run: Box<TaskRun>,
        /// The same, byte for byte.
        told: Arc<RawValue>,
        /// The whole output object, byte for byte.
        output: Option<Arc<RawValue>>,
        /// The memory that a large one takes; to be kept as long as the output is.
        held: Held,
    },
    /// A group's status.
    Group {
        /// The cursor after this event.
        cursor: Option<String>,
        /// The status.
        status: GroupStatus,
    },
    /// The upstream says that something went wrong; the stream may go on or not.
    Error {
        /// What.
        error: UpstreamError,
        /// All of the event.
        data: Arc<RawValue>,
    },
    /// Any other kind, progress messages among them.
    Other {
        /// The value of its `type`.
        kind: String,
        /// All of it.
        data: Arc<RawValue>,
    },
}

/// A stream of events.
pub struct EventStream {
    frames: Pin<Box<Frames<Watched>>>,
    reserved: Reserved,
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventStream")
    }
}

impl Client {
    /// Opens a stream that stays open.
    pub(crate) async fn stream(&self, ask: Ask, of: Use) -> Result<EventStream> {
        self.counted(self.begin(ask, of).await)
    }

    /// Opens a stream that ends by itself, soon.
    pub(crate) async fn list(&self, ask: Ask) -> Result<EventStream> {
        self.counted(self.begin_list(ask).await)
    }

    async fn begin(&self, ask: Ask, of: Use) -> Result<EventStream> {
        let answer = self.pools.stream(&accepting(ask), of, &self.settings).await?;
        self.events(answer).await
    }

    async fn begin_list(&self, ask: Ask) -> Result<EventStream> {
        let answer = self.pools.request(&accepting(ask), Instant::now() + self.settings.request).await?;
        self.events(answer).await
    }

    async fn events(&self, answer: Answer) -> Result<EventStream> {
        let good = tokio::time::timeout(self.settings.request, self.good(answer)).await;
        let silent = |_| Error::new(Kind::Silent, "the upstream did not open its stream in time");
        let Answer { body, .. } = good.map_err(silent)??;
        Ok(EventStream::new(body, self.budget.clone(), self.settings.largest, self.settings.silence))
    }
}

fn accepting(ask: Ask) -> Ask {
    ask.header(ACCEPT, HeaderValue::from_static("text/event-stream"))
}

impl EventStream {
    pub(crate) fn new(
        bytes: impl Stream<Item = Result<Bytes>> + Send + Sync + 'static,
        budget: Budget,
        longest_event: usize,
        silence: Duration,
    ) -> Self {
        let watched = Watched::new(bytes, budget, longest_event, silence);
        let reserved = watched.reserved();
        Self { frames: Box::pin(Frames::new(watched)), reserved }
    }

    /// The next event; none when the stream has ended in order.
    pub async fn next(&mut self) -> Option<Result<Event>> {
        loop {
            let frame = self.frames.next().await?;
            let held = self.reserved.take(frame.as_ref().map_or(0, |frame| frame.data.len()));
            return Some(match frame {
                Ok(frame) if frame.data.is_empty() => continue,
                Ok(frame) => read(&frame.data, held),
                Err(EventStreamError::Transport(error)) => Err(error),
                Err(_) => Err(Error::new(Kind::Malformed, "the upstream's stream is not text")),
            });
        }
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct RunEvent {
    #[serde(default)]
    event_id: Option<String>,
    run: Arc<RawValue>,
    #[serde(default)]
    output: Option<Arc<RawValue>>,
}

#[derive(Deserialize)]
struct GroupEvent {
    #[serde(default)]
    event_id: Option<String>,
    status: GroupStatus,
}

#[derive(Deserialize)]
struct ErrorEvent {
    error: UpstreamError,
}

fn read(data: &str, held: Held) -> Result<Event> {
    let malformed =
        |_| Error::new(Kind::Malformed, "an event of the upstream's stream is not what its API documents");
    let Head { kind } = serde_json::from_str(data).map_err(malformed)?;
    Ok(match kind.as_str() {
        "task_run.state" => {
            let event: RunEvent = serde_json::from_str(data).map_err(malformed)?;
            let run = serde_json::from_str(event.run.get()).map_err(malformed)?;
            Event::Run { cursor: event.event_id, run, told: event.run, output: event.output, held }
        }
        "task_group_status" => {
            let event: GroupEvent = serde_json::from_str(data).map_err(malformed)?;
            Event::Group { cursor: event.event_id, status: event.status }
        }
        "error" => Event::Error {
            error: serde_json::from_str::<ErrorEvent>(data).map_err(malformed)?.error,
            data: serde_json::from_str(data).map_err(malformed)?,
        },
        _ => Event::Other { kind, data: serde_json::from_str(data).map_err(malformed)? },
    })
}
