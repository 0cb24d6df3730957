//! Event streams: framing by the standard's rules, then one typed event for each `data`.
//!
//! A stream's end says nothing about its runs: only a terminal status does. Events of unknown kinds are kept raw.
//! Invariant: no line takes more memory than [`crate::Settings::largest`].

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use reqwest::RequestBuilder;
use reqwest::header::ACCEPT;
use serde::Deserialize;
use serde_json::value::RawValue;
use sseer::EventStream as Frames;
use sseer::errors::EventStreamError;

use crate::types::{TaskRun, UpstreamError};
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
        /// The whole output object, byte for byte.
        output: Option<Arc<RawValue>>,
    },
    /// A group's status.
    Group {
        /// The cursor after this event.
        cursor: Option<String>,
        /// The status.
        status: GroupStatus,
    },
    /// The upstream says that something went wrong; the stream may go on or not.
    Error(UpstreamError),
    /// Any other kind, progress messages among them.
    Other {
        /// The value of its `type`.
        kind: String,
        /// All of it.
        data: Arc<RawValue>,
    },
}

type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// A stream of events.
pub struct EventStream {
    frames: Pin<Box<Frames<ByteStream>>>,
    silence: Duration,
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventStream")
    }
}

impl Client {
    pub(crate) async fn stream(&self, request: RequestBuilder) -> Result<EventStream> {
        let sent = request.header(ACCEPT, "text/event-stream").send();
        let response = tokio::time::timeout(self.settings.request, sent)
            .await
            .map_err(|_| Error::new(Kind::Silent, "the upstream did not open its stream in time"))??;
        let response = Self::good(response, self.settings.largest).await?;
        let bytes = response.bytes_stream().map(|chunk| chunk.map_err(Error::from));
        Ok(EventStream::new(bytes, self.settings.largest, self.settings.silence))
    }
}

impl EventStream {
    pub(crate) fn new(
        bytes: impl Stream<Item = Result<Bytes>> + Send + 'static,
        longest_line: usize,
        silence: Duration,
    ) -> Self {
        let bytes: ByteStream = Box::pin(capped(bytes, longest_line));
        Self { frames: Box::pin(Frames::new(bytes)), silence }
    }

    /// The next event; none when the stream has ended in order.
    pub async fn next(&mut self) -> Option<Result<Event>> {
        loop {
            let frame = match tokio::time::timeout(self.silence, self.frames.next()).await {
                Err(_) => {
                    return Some(Err(Error::new(
                        Kind::Silent,
                        "the upstream's stream was silent for too long",
                    )));
                }
                Ok(frame) => frame?,
            };
            return Some(match frame {
                Ok(frame) if frame.data.is_empty() => continue,
                Ok(frame) => read(&frame.data),
                Err(EventStreamError::Transport(error)) => Err(error),
                Err(_) => Err(Error::new(Kind::Malformed, "the upstream's stream is not text")),
            });
        }
    }
}

/// Passes chunks on as long as no line grows past `longest`.
fn capped(
    bytes: impl Stream<Item = Result<Bytes>> + Send,
    longest: usize,
) -> impl Stream<Item = Result<Bytes>> + Send {
    bytes.scan((0_usize, false), move |(line, over), chunk| {
        if *over {
            return futures::future::ready(None);
        }
        let chunk = chunk.and_then(|chunk| {
            *line = match chunk.iter().rposition(|&byte| byte == b'\n') {
                Some(end) => chunk.len() - end - 1,
                None => *line + chunk.len(),
            };
            *over = *line > longest;
            if *over {
                let message = format!("a line of the upstream's stream is longer than {longest} bytes");
                return Err(Error::new(Kind::Malformed, message));
            }
            Ok(chunk)
        });
        futures::future::ready(Some(chunk))
    })
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
    run: TaskRun,
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

fn read(data: &str) -> Result<Event> {
    let malformed =
        |_| Error::new(Kind::Malformed, "an event of the upstream's stream is not what its API documents");
    let Head { kind } = serde_json::from_str(data).map_err(malformed)?;
    Ok(match kind.as_str() {
        "task_run.state" => {
            let event: RunEvent = serde_json::from_str(data).map_err(malformed)?;
            Event::Run { cursor: event.event_id, run: Box::new(event.run), output: event.output }
        }
        "task_group_status" => {
            let event: GroupEvent = serde_json::from_str(data).map_err(malformed)?;
            Event::Group { cursor: event.event_id, status: event.status }
        }
        "error" => Event::Error(serde_json::from_str::<ErrorEvent>(data).map_err(malformed)?.error),
        _ => Event::Other { kind, data: serde_json::from_str(data).map_err(malformed)? },
    })
}
