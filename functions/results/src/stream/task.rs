//! The live stream of a task: what the upstream tells of its run, in its order and its words, and where the task stands.
//!
//! Named, each event has the upstream's kind as its name, `status` and `complete` stand between and behind; plain, no frame has a name, the
//! last one carries the result, and `[DONE]` follows. An event's id says which flush it came from and how many of that flush were sent, so a
//! reader that resumes gets what it has not seen, and nothing twice.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use domain::unit::Unit;
use store::Store;
use views::sse::{self, Position, Within};
use views::{PlainStream, Stats, task};

use super::{Live, Turn, tells, told};
use crate::Results;
use crate::body::{self, Break, Sink, Stop};
use crate::rows::Rows;
use crate::told::WINDOW;

/// How the frames of a stream are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// With names.
    Named,
    /// Without, for readers who only know messages.
    Plain,
}

/// The stream for a reader that saw `last` last; none if that was the last frame.
pub(crate) fn stream(
    results: &Results,
    unit: Arc<Unit>,
    spelling: Spelling,
    last: Option<&str>,
) -> Option<Body> {
    let seen = last.and_then(|id| id.parse::<Position>().ok());
    if seen.is_some_and(|position| position.is_end_of(&unit)) {
        return None;
    }
    if spelling == Spelling::Plain && last.is_some_and(|id| PlainStream::has_results(&unit, id)) {
        return Some(Body::from(PlainStream::done(&unit).take()));
    }
    let results = results.clone();
    Some(body::written(Break::End, move |sink| async move {
        sink.send(Bytes::from(sse::opening())).await?;
        let watcher = results.watchers().watch(&unit, false);
        let mut live = Live::new(sink, results.clock().clone(), watcher);
        let mut teller = Teller { store: results.store().clone(), spelling, stats: Stats::default() };
        let last = teller.run(&mut live, unit, seen).await;
        let unit = match last {
            Ok(Some(unit)) => unit,
            Ok(None) => return Ok(()),
            Err(stop) => return told(&live.sink, Err(stop)).await,
        };
        let before = live.sink.sent();
        let written = teller.end(&unit, &live.sink).await;
        // A frame that was cut in the middle is left as it is: its reader drops it, and resumes before it.
        if live.sink.sent() == before { told(&live.sink, written).await } else { written }
    }))
}

/// What one reader is told.
struct Teller {
    store: Store,
    spelling: Spelling,
    stats: Stats,
}

impl Teller {
    /// Tells everything up to the unit's end, which is left to [`Self::end`]; none where the stream ends before it.
    async fn run(
        &mut self,
        live: &mut Live,
        unit: Arc<Unit>,
        seen: Option<Position>,
    ) -> Result<Option<Arc<Unit>>, Stop> {
        let mut position = seen.unwrap_or(Position::start());
        let mut said = (position == Position::of(&unit)).then(|| tells(&unit));
        self.recall(&unit, position).await?;
        let mut unit = unit;
        loop {
            self.catch_up(&unit, position, &live.sink).await?;
            if unit.status.is_terminal() {
                return Ok(Some(unit));
            }
            position = Position::of(&unit);
            let saying = Some(tells(&unit));
            if said != saying {
                live.sink.send(self.status(&unit, "status", Some(position))).await?;
                said = saying;
            }
            match live.turn().await? {
                Turn::Unit(next, _) => unit = next,
                Turn::End => return Ok(None),
            }
        }
    }

    /// Takes in what its reader was told before, of which the statistics still count.
    async fn recall(&mut self, unit: &Unit, position: Position) -> Result<(), Stop> {
        let mut read = 0;
        let upto = position.seq.min(unit.seq);
        while read < upto {
            let end = upto.min(read + WINDOW);
            for (_, flush) in self.store.events(&unit.id, read, end).await? {
                flush.told.iter().for_each(|told| self.stats.take(told));
            }
            read = end;
        }
        Ok(())
    }

    /// Tells what happened behind the position.
    async fn catch_up(&mut self, unit: &Unit, position: Position, sink: &Sink) -> Result<(), Stop> {
        let mut read = position.seq;
        while read < unit.seq {
            let end = unit.seq.min(read + WINDOW);
            for (seq, flush) in self.store.events(&unit.id, read, end).await? {
                let sent = position.within.filter(|within| within.to == seq).map_or(0, |within| within.row);
                for (row, told) in (1..).zip(&flush.told) {
                    self.stats.take(told);
                    if row > sent {
                        let within = Some(Within { to: seq, row });
                        let id = Position { seq: seq - 1, within, ..position }.to_string();
                        let is_named = self.spelling == Spelling::Named;
                        sink.send(task::event(told, is_named, &id).take()).await?;
                    }
                }
            }
            read = end;
        }
        Ok(())
    }

    fn status(&self, unit: &Unit, name: &str, position: Option<Position>) -> Bytes {
        let name = (self.spelling == Spelling::Named).then_some(name);
        let id = position.map(|position| position.to_string());
        task::status(unit, &self.stats, name, id.as_deref()).take()
    }

    async fn end(&self, unit: &Arc<Unit>, sink: &Sink) -> Result<(), Stop> {
        match self.spelling {
            Spelling::Named => sink.send(self.status(unit, "complete", Some(Position::of(unit)))).await,
            Spelling::Plain => {
                let view = Box::new(PlainStream::of_task(unit.clone()));
                crate::result::write(&Rows::new(&self.store, unit), view, sink).await
            }
        }
    }
}
