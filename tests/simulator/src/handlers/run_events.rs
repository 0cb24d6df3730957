//! Operation E: the events of one run.
//!
//! The state first, then every message so far and the latest statistics, then what comes, and a state last. A run that is
//! not active gets one state and no trace. Invariant: the stream ends with a state, whatever ends it.

use std::sync::Arc;

use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::runs::find;
use crate::call::Call;
use crate::progress::{self, Shown};
use crate::refusal::Refusal;
use crate::run::Run;
use crate::stream::{Source, respond};
use crate::wire::{Frame, Nulls, output, task_run};
use crate::world::World;

/// E: the stream.
pub(super) fn stream(call: &Call) -> Result<Response, Refusal> {
    let run = find(call)?;
    let nulls = Nulls::Printed.swapped(call.tricks.swapped_nulls);
    let now = call.world.now();
    let cap = SignedDuration::try_from(call.world.config.stream_cap).unwrap_or(SignedDuration::MAX);
    let closes_at = now.saturating_add(cap).unwrap_or(Timestamp::MAX);
    let source = RunEvents { world: Arc::clone(&call.world), run, nulls, closes_at, phase: Phase::First };
    Ok(respond(&call.world, source, call.tricks))
}

struct RunEvents {
    world: Arc<World>,
    run: Arc<Run>,
    nulls: Nulls,
    closes_at: Timestamp,
    phase: Phase,
}

enum Phase {
    First,
    /// What is still to be shown, the next one last.
    Live(Vec<Shown>),
    Over,
}

impl RunEvents {
    fn state(&self, now: Timestamp) -> Frame {
        let run = task_run(&self.run, now, self.nulls);
        Frame::state(None, Value::Null, run, output(&self.run, now, self.nulls), self.nulls)
    }

    /// The state, and everything that was shown before.
    fn replay(&mut self, now: Timestamp) -> Vec<Frame> {
        let mut frames = vec![self.state(now)];
        if !self.run.status_at(now).0.is_active() {
            self.phase = Phase::Over;
            return frames;
        }
        let mut past = progress::of(&self.run);
        let mut coming = past.split_off(past.partition_point(|shown| shown.at <= now));
        let latest = past.iter().rfind(|shown| shown.statistic).map(|shown| shown.frame.clone());
        frames.extend(past.into_iter().filter(|shown| !shown.statistic).map(|shown| shown.frame));
        frames.extend(latest);
        coming.reverse();
        self.phase = Phase::Live(coming);
        frames
    }
}

impl Source for RunEvents {
    fn run(&self) -> Option<&str> {
        Some(&self.run.id)
    }

    async fn next(&mut self) -> Option<Vec<Frame>> {
        let coming = match &mut self.phase {
            Phase::Over => return None,
            Phase::First => {
                let now = self.world.now();
                return Some(self.replay(now));
            }
            Phase::Live(coming) => coming,
        };
        let ends_at = self.run.ended_at().map_or(self.closes_at, |ended| ended.min(self.closes_at));
        let next = coming.last().map_or(ends_at, |shown| shown.at.min(ends_at));
        self.world.config.clock.sleep_until(next).await;
        let now = self.world.now();
        let mut frames = Vec::new();
        while let Some(shown) = coming.pop_if(|shown| shown.at <= now && shown.at < ends_at) {
            frames.push(shown.frame);
        }
        if ends_at <= now {
            frames.push(self.state(now));
            self.phase = Phase::Over;
        }
        Some(frames)
    }
}
