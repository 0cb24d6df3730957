//! Live streams: what both kinds of them have in common.
//!
//! A stream lasts until its unit is over, or for [`domain::limits::STREAM`], after which its reader resumes it by `Last-Event-ID`. While there is
//! nothing to say it says so by a comment, so that nobody on the way takes the connection for dead. Invariant: whatever goes
//! wrong in a stream is told by an `error` event.

pub(crate) mod plain;
pub(crate) mod task;
pub(crate) mod typed;
pub(crate) mod updates;

use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use bytes::Bytes;
use domain::unit::Unit;
use jiff::{SignedDuration, Timestamp};
use views::{Out, sse};

use crate::body::{Sink, Stop};
use crate::watch::{News, Sight, Watcher};

/// The longest silence.
const SILENCE: Duration = Duration::from_secs(15);

/// What a stream has to react to.
#[derive(Debug)]
enum Turn {
    Unit(Arc<Unit>, Option<Arc<News>>),
    /// The stream is at its end, and its reader knows all it must.
    End,
}

/// A stream on its way to one reader.
#[derive(Debug)]
struct Live {
    sink: Sink,
    clock: Clock,
    watcher: Watcher,
    ends_at: Timestamp,
}

impl Live {
    fn new(sink: Sink, clock: Clock, watcher: Watcher) -> Self {
        let length = SignedDuration::try_from(domain::limits::STREAM).unwrap_or(SignedDuration::MAX);
        let ends_at = clock.now().saturating_add(length).unwrap_or(Timestamp::MAX);
        Self { sink, clock, watcher, ends_at }
    }

    /// Waits for something new.
    async fn turn(&mut self) -> Result<Turn, Stop> {
        loop {
            let sight = tokio::select! {
                sight = self.watcher.next() => sight,
                () = self.sink.gone() => return Err(Stop::Gone),
                () = self.clock.sleep_until(self.ends_at) => return Ok(Turn::End),
                () = self.clock.sleep(SILENCE) => {
                    self.sink.send(Bytes::from_static(sse::comment().as_bytes())).await?;
                    continue;
                }
            };
            let detail = match sight {
                Sight::Unit(unit, news) => return Ok(Turn::Unit(unit, news)),
                Sight::Gone => "it was deleted",
                Sight::Dark => "it cannot be read at the moment; connect again to go on",
            };
            self.sink.send(error(detail)).await?;
            return Ok(Turn::End);
        }
    }
}

/// The event by which a stream tells what went wrong.
fn error(detail: &str) -> Bytes {
    let mut data = Out::default();
    data.json(&serde_json::json!({ "error": detail }));
    let data = data.take();
    let mut out = Out::default();
    sse::frame(&mut out, Some("error"), None, std::str::from_utf8(&data).unwrap_or_default());
    out.take()
}

/// Ends the writing of a stream: a table that cannot be read is told by an event, never by a broken body.
async fn told(sink: &Sink, written: Result<(), Stop>) -> Result<(), Stop> {
    let Err(Stop::Store(failure)) = written else { return written };
    tracing::error!(error = %failure, "A stream ends early, because the table cannot be read.");
    sink.send(error("it cannot be read at the moment; connect again to go on")).await
}

/// What a stream tells of a unit besides its rows: when none of it differs, there is nothing to tell.
fn tells(unit: &Unit) -> impl PartialEq + use<> {
    let progress = &unit.progress;
    (
        sse::Position::of(unit),
        unit.counts,
        unit.rows(),
        progress.waiting_for.clone(),
        progress.processor.clone(),
        progress.upstream_group.clone(),
        progress.warnings.len(),
    )
}
