//! The frames of a task's live stream: what the upstream told, as it told it, and where the task stands.

use domain::event::Told;
use domain::unit::Unit;

use super::json::standing;
use crate::out::{Out, written};
use crate::sse;
use crate::told::{Stats, event_name};

/// What the upstream told, in its own words: under the name of its kind, or without one for readers who look into the data.
#[must_use]
pub fn event(told: &Told, is_named: bool, id: &str) -> Out {
    let mut out = Out::default();
    let name = event_name(&told.kind);
    sse::frame(&mut out, is_named.then_some(name.as_ref()), Some(id), told.data.get());
    out
}

/// Where the task stands: the data of `status` and `complete`; wrapped as the task's own JSON is where it has no name.
#[must_use]
pub fn status(unit: &Unit, stats: &Stats, name: Option<&str>, id: Option<&str>) -> Out {
    let standing = written(|out| standing(unit, stats.percent(unit), out));
    let mut out = Out::default();
    match name {
        Some(_) => sse::frame(&mut out, name, id, &standing),
        None => sse::frame(&mut out, None, id, &format!("{{\"task\":{standing}}}")),
    }
    out
}
