//! The typed stream of `/events`: `initial`, `run_update`, `group_status`, `complete`, `error`.
//!
//! A new reader gets `initial` with the unit, then an update for each row to which something happened, then what happens from now on. A
//! reader that resumes gets what it has not seen, and nothing twice. `complete` is the last event; who resumes behind it gets 204. Rows that
//! were never bought before the end get no update of their own: they share the end of the unit.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use domain::run::RunStatus;
use domain::unit::Unit;
use futures::TryStreamExt;
use views::sse::{self, Position, Within};
use views::{Head, Out};

use super::updates::{Updates, changed};
use super::{Live, Turn, tells, told};
use crate::Results;
use crate::body::{self, Break, Sink, Stop};
use crate::watch::News;

/// The stream for a reader that saw `last` last; none if that was the last event.
pub(crate) fn stream(results: &Results, unit: Arc<Unit>, last: Option<&str>) -> Option<Body> {
    let seen = last.and_then(|id| id.parse::<Position>().ok());
    if seen.is_some_and(|position| position.is_end_of(&unit)) {
        return None;
    }
    let results = results.clone();
    Some(body::written(Break::End, move |sink| async move {
        sink.send(Bytes::from(sse::opening())).await?;
        let watcher = results.watchers().watch(&unit, true);
        let mut live = Live::new(sink, results.clock().clone(), watcher);
        let written = run(&results, &mut live, unit, seen).await;
        told(&live.sink, written).await
    }))
}

async fn run(
    results: &Results,
    live: &mut Live,
    unit: Arc<Unit>,
    seen: Option<Position>,
) -> Result<(), Stop> {
    let mut position = seen.unwrap_or(Position::start());
    let mut said = None;
    if seen.is_none() {
        live.sink.send(event("initial", Some(position), &unit)).await?;
        position.state = Position::of(&unit).state;
        said = Some(tells(&unit));
    } else if position == Position::of(&unit) {
        said = Some(tells(&unit));
    }
    let (mut unit, mut news) = (unit, None);
    loop {
        catch_up(results, &live.sink, position, &unit, news.as_deref()).await?;
        let saying = Some(tells(&unit));
        if unit.status.is_terminal() {
            // Without an id: who is cut off here must get `complete` when it comes back.
            live.sink.send(event("group_status", None, &unit)).await?;
            return live.sink.send(event("complete", Some(Position::of(&unit)), &unit)).await;
        }
        if said != saying {
            live.sink.send(event("group_status", Some(Position::of(&unit)), &unit)).await?;
            said = saying;
        }
        position = Position::of(&unit);
        match live.turn().await? {
            Turn::Unit(next, with) => (unit, news) = (next, with),
            Turn::End => return Ok(()),
        }
    }
}

/// Tells the row updates that a reader at `position` has not seen.
async fn catch_up(
    results: &Results,
    sink: &Sink,
    position: Position,
    unit: &Unit,
    news: Option<&News>,
) -> Result<(), Stop> {
    if let Some(news) = news
        && news.since == position
        && news.to == unit.seq
    {
        for frame in &news.frames {
            sink.send(frame.clone()).await?;
        }
        return Ok(());
    }
    let (store, mut since) = (results.store(), Position { within: None, ..position });
    if let Some(Within { to, row }) = position.within {
        let to = to.min(unit.seq);
        let later = changed(store, &unit.id, to, unit.seq).await?;
        let mut rest = changed(store, &unit.id, position.seq, to).await?;
        rest.retain(|index, _| *index >= row && !later.contains_key(index));
        tell(Updates { store, unit, since, to }, rest, sink).await?;
        since.seq = to;
    }
    if since.seq < unit.seq {
        let rows = changed(store, &unit.id, since.seq, unit.seq).await?;
        tell(Updates { store, unit, since, to: unit.seq }, rows, sink).await?;
    }
    Ok(())
}

async fn tell(updates: Updates<'_>, rows: BTreeMap<u32, RunStatus>, sink: &Sink) -> Result<(), Stop> {
    let mut frames = std::pin::pin!(updates.frames(rows));
    while let Some(frame) = frames.try_next().await? {
        sink.send(frame).await?;
    }
    Ok(())
}

fn event(name: &str, position: Option<Position>, unit: &Unit) -> Bytes {
    let mut data = Out::default();
    data.json(&Head::new(unit));
    let data = data.take();
    let id = position.map(|position| position.to_string());
    let mut out = Out::default();
    sse::frame(&mut out, Some(name), id.as_deref(), std::str::from_utf8(&data).unwrap_or_default());
    out.take()
}
