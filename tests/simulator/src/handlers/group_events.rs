//! Operation K: the live events of a group.
//!
//! Replays the log after the cursor, then follows it while any run is active, an hour at most; a group that is not
//! active gets what is left of its log, at least one status, and the end.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::call::Call;
use crate::group::{Counts, Event, Walk};
use crate::owner::Owner;
use crate::refusal::Refusal;
use crate::stream::{Source, respond};
use crate::wire::{Frame, Nulls, task_run};
use crate::world::World;

/// Events taken from the log at once.
const AT_ONCE: usize = 256;

/// K: the stream.
pub(super) fn stream(call: &Call) -> Result<Response, Refusal> {
    let world = Arc::clone(&call.world);
    let cap = match call.parameter("timeout") {
        None => world.config.group_stream_cap,
        Some(text) => {
            let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let msg = "Input should be a valid number of at least 0";
            let seconds = seconds.ok_or_else(|| call.bad_parameter("timeout", "float_parsing", msg))?;
            seconds.min(world.config.group_stream_cap)
        }
    };
    let (added, last_id) = {
        let mut book = world.book();
        let now = world.now();
        let group = book.group(&call.owner, &call.group).ok_or(Refusal::GroupUnknown)?;
        (group.added.subscribe(), group.look(now).1)
    };
    let after = match call.parameter("last_event_id") {
        None => 0,
        Some(text) => text.parse().ok().filter(|id| *id <= last_id).ok_or_else(|| {
            call.bad_parameter("last_event_id", "value_error", "Event id not found in this stream")
        })?,
    };
    let cap = SignedDuration::try_from(cap).unwrap_or(SignedDuration::MAX);
    let source = GroupEvents {
        closes_at: world.now().saturating_add(cap).unwrap_or(Timestamp::MAX),
        owner: call.owner.clone(),
        group: call.group.clone(),
        nulls: Nulls::Printed.swapped(call.tricks.swapped_nulls),
        walk: Walk::default(),
        told_status: false,
        over: false,
        world,
        added,
        after,
    };
    Ok(respond(&call.world, source, call.tricks))
}

struct GroupEvents {
    world: Arc<World>,
    owner: Owner,
    group: String,
    added: watch::Receiver<()>,
    walk: Walk,
    /// Events up to this one were sent on an earlier connection.
    after: u64,
    nulls: Nulls,
    closes_at: Timestamp,
    told_status: bool,
    over: bool,
}

impl GroupEvents {
    /// Goes on in the log to `now`: what to send, and when to look again.
    fn step(&mut self, now: Timestamp) -> (Vec<Event>, Option<Timestamp>) {
        let mut events = Vec::new();
        let mut book = self.world.book();
        let Some(group) = book.group(&self.owner, &self.group) else { return (events, None) };
        self.walk.step(group, now, AT_ONCE, &mut events);
        (events, self.walk.next_at(group))
    }

    fn frame(&self, event: &Event) -> Frame {
        match event {
            Event::Status { id, counts } => status(*id, counts),
            Event::Stopped { id, run, at } => {
                Frame::state(Some(*id), Value::Null, task_run(run, *at, self.nulls), Value::Null, self.nulls)
            }
        }
    }
}

fn status(id: u64, counts: &Counts) -> Frame {
    Frame::of(json!({"type": "task_group_status", "event_id": id.to_string(), "status": counts.told()}))
}

impl Source for GroupEvents {
    async fn next(&mut self) -> Option<Vec<Frame>> {
        if self.over {
            return None;
        }
        loop {
            let now = self.world.now();
            self.added.mark_unchanged();
            let (events, next_at) = self.step(now);
            let fresh = events.iter().filter(|event| event.id() > self.after);
            let mut frames: Vec<Frame> = fresh.map(|event| self.frame(event)).collect();
            self.told_status |= frames.iter().any(|frame| frame.kind() == "task_group_status");
            let caught_up = next_at.is_none_or(|at| at > now);
            if caught_up && !self.walk.counts().is_active() {
                if !self.told_status {
                    frames.push(status(self.walk.last_id(), self.walk.counts()));
                }
                self.over = true;
            } else if caught_up && now >= self.closes_at {
                self.over = true;
            }
            if self.over || !frames.is_empty() {
                return Some(frames);
            }
            if caught_up {
                let until = next_at.map_or(self.closes_at, |at| at.min(self.closes_at));
                tokio::select! {
                    () = self.world.config.clock.sleep_until(until) => {}
                    _ = self.added.changed() => {}
                }
            }
        }
    }
}
