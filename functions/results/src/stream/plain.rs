//! The plain stream of `.sse`: unnamed frames with the unit's status, the last one with results, then `[DONE]`.

use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use domain::unit::Unit;
use views::sse::{self, Position};
use views::{Options, PlainStream, View};

use super::{Live, Turn, tells, told};
use crate::body::{self, Break, Sink, Stop};
use crate::rows::Rows;
use crate::{Results, watch};

/// The end of a stream up to this size is rendered once for all its readers.
const FINALE_BYTES: usize = 4 * 1_024 * 1_024;

/// The stream for a reader that saw `last` last; none if that was the last frame.
pub(crate) fn stream(
    results: &Results,
    unit: Arc<Unit>,
    options: Options,
    last: Option<&str>,
) -> Option<Body> {
    let seen = last.and_then(|id| id.parse::<Position>().ok());
    if seen.is_some_and(|position| position.is_end_of(&unit)) {
        return None;
    }
    if last.is_some_and(|id| PlainStream::has_results(&unit, id)) {
        return Some(Body::from(PlainStream::done(&unit).take()));
    }
    let results = results.clone();
    Some(body::written(Break::End, move |sink| async move {
        sink.send(Bytes::from(sse::opening())).await?;
        if unit.status.is_terminal() {
            let before = sink.sent();
            let written = write_end(&results, &unit, &options, &sink).await;
            return ended(&sink, before, written).await;
        }
        let watcher = results.watchers().watch(&unit, false);
        let finale = watcher.finale();
        let mut live = Live::new(sink, results.clock().clone(), watcher);
        let mut said = None;
        if seen == Some(Position::of(&unit)) {
            said = Some(tells(&unit));
        }
        let mut unit = unit;
        while !unit.status.is_terminal() {
            let saying = Some(tells(&unit));
            if said != saying {
                live.sink.send(PlainStream::frame(&unit).take()).await?;
                said = saying;
            }
            match live.turn().await? {
                Turn::Unit(seen, _) => unit = seen,
                Turn::End => return Ok(()),
            }
        }
        let before = live.sink.sent();
        let written = if options == Options::default() {
            write_shared_end(&results, &unit, &finale, &live.sink).await
        } else {
            write_end(&results, &unit, &options, &live.sink).await
        };
        ended(&live.sink, before, written).await
    }))
}

/// Ends the stream. A frame that was cut in the middle is left as it is: its reader drops it, and resumes before it.
async fn ended(sink: &Sink, before: u64, written: Result<(), Stop>) -> Result<(), Stop> {
    if sink.sent() == before { told(sink, written).await } else { written }
}

/// Writes the results and the last frame.
async fn write_end(results: &Results, unit: &Arc<Unit>, options: &Options, sink: &Sink) -> Result<(), Stop> {
    let view = PlainStream::new(unit.clone(), options);
    crate::result::write(&Rows::new(results.store(), unit), Box::new(view), sink).await
}

/// The same for one of several readers of one unit, who share what is not too long.
async fn write_shared_end(
    results: &Results,
    unit: &Arc<Unit>,
    finale: &watch::Finale,
    sink: &Sink,
) -> Result<(), Stop> {
    let kept = finale.get_or_try_init(|| render_end(results, unit)).await?;
    match kept {
        Some(frames) => sink.send(frames.clone()).await,
        None => write_end(results, unit, &Options::default(), sink).await,
    }
}

async fn render_end(results: &Results, unit: &Arc<Unit>) -> store::Result<Option<Bytes>> {
    let mut view = PlainStream::new(unit.clone(), &Options::default());
    let rows = Rows::new(results.store(), unit);
    let (mut out, mut frames) = (views::Out::default(), BytesMut::new());
    while let Some(pass) = view.turn(&mut out) {
        let mut walk = rows.walk(rows.all(), pass);
        while let Some(found) = walk.next().await? {
            view.row(&found.row(), &mut out);
            if out.len() + frames.len() > FINALE_BYTES {
                return Ok(None);
            }
        }
    }
    frames.extend_from_slice(&out.take());
    Ok(Some(frames.freeze()))
}
