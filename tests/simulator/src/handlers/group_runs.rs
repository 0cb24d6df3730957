//! Operation I: the snapshot stream of a group's runs.
//!
//! Lists every run that is in the group now, whatever its state, then closes. The cursor counts members: resuming
//! skips runs already listed though their state has changed since.

use std::sync::Arc;

use axum::response::Response;
use serde_json::Value;

use crate::call::Call;
use crate::refusal::Refusal;
use crate::run::{Run, Status};
use crate::stream::{Source, respond};
use crate::wire::{Frame, Nulls, output, task_run};
use crate::world::World;

/// Runs sent at once; few, since each may carry an output.
const AT_ONCE: usize = 32;

/// I: the stream.
pub(super) fn stream(call: &Call) -> Result<Response, Refusal> {
    let filter = match call.parameter("status") {
        None => None,
        Some(name) => {
            let known = Status::DOCUMENTED.into_iter().find(|status| status.name() == name);
            Some(known.ok_or_else(|| call.bad_parameter("status", "enum", "Input should be a status"))?)
        }
    };
    let with_input = call.flag("include_input", false)?;
    let with_output = call.flag("include_output", false)?;
    let runs = {
        let mut book = call.world.book();
        let group = book.group(&call.owner, &call.group).ok_or(Refusal::GroupUnknown)?;
        group.runs.clone()
    };
    let listed = match call.parameter("last_event_id") {
        None => 0,
        Some(text) => text.parse().ok().filter(|listed| *listed <= runs.len()).ok_or_else(|| {
            call.bad_parameter("last_event_id", "value_error", "Event id not found in this stream")
        })?,
    };
    let nulls = Nulls::Printed.swapped(call.tricks.swapped_nulls);
    let world = Arc::clone(&call.world);
    let source = GroupRuns { world, runs, listed, filter, with_input, with_output, nulls };
    Ok(respond(&call.world, source, call.tricks))
}

struct GroupRuns {
    world: Arc<World>,
    runs: Vec<Arc<Run>>,
    /// How many have been listed; also the id of the last event.
    listed: usize,
    filter: Option<Status>,
    with_input: bool,
    with_output: bool,
    nulls: Nulls,
}

impl Source for GroupRuns {
    async fn next(&mut self) -> Option<Vec<Frame>> {
        if self.listed == self.runs.len() {
            return None;
        }
        let mut frames = Vec::new();
        while self.listed < self.runs.len() && frames.len() < AT_ONCE {
            let run = &self.runs[self.listed];
            self.listed += 1;
            let now = self.world.now();
            if self.filter.is_some_and(|wanted| wanted != run.status_at(now).0) {
                continue;
            }
            let input = if self.with_input { run.request.told_back() } else { Value::Null };
            let output = if self.with_output { output(run, now, self.nulls) } else { Value::Null };
            let id = u64::try_from(self.listed).unwrap_or(u64::MAX);
            frames.push(Frame::state(Some(id), input, task_run(run, now, self.nulls), output, self.nulls));
        }
        Some(frames)
    }
}
