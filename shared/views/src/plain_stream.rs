//! The end of a plain stream: one frame with the whole JSON, results included, then `data: [DONE]`.
//!
//! The frame before `[DONE]` has an id of its own, so that a reader cut off between the two gets the rest and no more. The id stands
//! behind the data: a frame that is cut in the middle is dropped by its reader, id included, and comes again when the stream is resumed.

use std::sync::Arc;

use domain::Unit;

use crate::json::Json;
use crate::options::Options;
use crate::out::{Out, written};
use crate::row::Row;
use crate::sse::{self, Position};
use crate::task::TaskJson;
use crate::{Head, Pass, View};

/// What a plain stream says of a unit that is over.
#[derive(Debug)]
pub struct PlainStream<V = Json> {
    json: V,
    end: Position,
    begun: bool,
}

/// What follows the position in the id of the frame that carries the results.
const RESULTS: &str = "r";

impl PlainStream {
    /// A writer of this unit's last frames.
    #[must_use]
    pub fn new(unit: Arc<Unit>, options: &Options) -> Self {
        let end = Position::of(&unit);
        Self { json: Json::new(unit, options), end, begun: false }
    }

    /// A writer of the last frames of this unit as a task.
    #[must_use]
    pub fn of_task(unit: Arc<Unit>) -> PlainStream<TaskJson> {
        let end = Position::of(&unit);
        PlainStream { json: TaskJson::task(unit), end, begun: false }
    }

    /// The frame that tells how a unit stands while it is not over.
    #[must_use]
    pub fn frame(unit: &Unit) -> Out {
        let mut out = Out::default();
        let head = written(|out| out.json(&Head::new(unit)));
        sse::frame(&mut out, None, Some(&Position::of(unit).to_string()), &head);
        out
    }

    /// The last frame of all.
    #[must_use]
    pub fn done(unit: &Unit) -> Out {
        let mut out = Out::default();
        sse::frame(&mut out, None, Some(&Position::of(unit).to_string()), "[DONE]");
        out
    }

    /// Whether a reader that saw this id last has the results of the unit as it stands, but not the last frame.
    #[must_use]
    pub fn has_results(unit: &Unit, last_event_id: &str) -> bool {
        let position =
            last_event_id.strip_suffix(RESULTS).and_then(|position| position.parse::<Position>().ok());
        position.is_some_and(|position| position.is_end_of(unit))
    }
}

fn through(out: &mut Out, write: impl FnOnce(&mut Out)) {
    sse::text(out, written(write).trim_end_matches('\n'));
}

impl<V: View> View for PlainStream<V> {
    fn turn(&mut self, out: &mut Out) -> Option<Pass> {
        if !std::mem::replace(&mut self.begun, true) {
            sse::begin(out, None, None);
        }
        let mut pass = None;
        through(out, |out| pass = self.json.turn(out));
        if pass.is_none() {
            sse::end(out, Some(&format!("{}{RESULTS}", self.end)));
            sse::frame(out, None, Some(&self.end.to_string()), "[DONE]");
        }
        pass
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Out) {
        through(out, |out| self.json.row(row, out));
    }
}
