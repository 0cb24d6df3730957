//! When things happen: the unit's own deadline, late runs, the next flush, the next look.

use jiff::{SignedDuration, Timestamp};
use queue::Line;

use domain::group::Inputs;
use domain::processor;
use domain::run::{Run, RunError, RunStatus};

use super::{Drive, LOOK, Step, signed};
use crate::Runner;
use crate::invocation::Invocation;

impl Drive<'_> {
    /// When the present round began.
    fn began(&self) -> Timestamp {
        self.unit.progress.round_began.unwrap_or(self.unit.created_at)
    }

    /// When the unit as a whole is timed out: its own `timeout_seconds`, else what its runs may need at most.
    pub(super) fn deadline(&self) -> Timestamp {
        let age = match self.unit.spec.group.timeout_seconds {
            Some(seconds) => SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)),
            None => self.longest_life(),
        };
        self.began().saturating_add(age).unwrap_or(Timestamp::MAX)
    }

    /// The time in which all rows can be bought at the quota, and the last of them can be late, for every attempt.
    fn longest_life(&self) -> SignedDuration {
        let rows = self.rows.len().max(match &self.unit.spec.group.inputs {
            Inputs::Stored { rows } => *rows,
            Inputs::Url { .. } => domain::limits::ROWS,
        });
        let minutes = i64::from(rows / self.runner.settings.runs_per_minute.max(1)) + 1;
        let attempts = i32::try_from(self.unit.spec.group.retry_failed).unwrap_or(0) + 1;
        (SignedDuration::from_mins(minutes) + signed(self.patience())).saturating_mul(attempts)
            + SignedDuration::from_hours(1)
    }

    fn patience(&self) -> std::time::Duration {
        processor::patience(self.unit.progress.processor.as_deref().unwrap_or_default())
    }

    pub(super) fn is_time_up(&self) -> bool {
        self.now() >= self.deadline()
    }

    /// Ends the runs that were bought longer ago than any run may take.
    pub(super) fn end_late_runs(&mut self) {
        let before = self.now().saturating_sub(signed(self.patience())).unwrap_or(Timestamp::MIN);
        for (index, attempt) in self.rows.late(before) {
            let run = self.ended(index, attempt, RunStatus::TimedOut);
            let error =
                RunError::new("the upstream did not end this run within twice its longest documented time");
            self.take_in_end(Run { error: Some(error), ..run });
        }
    }

    /// When to flush next: at once if the last flush is long enough ago, never if there is nothing to tell.
    pub(super) fn flush_at(&self) -> Timestamp {
        if !self.dirty && self.ready.is_empty() {
            return Timestamp::MAX;
        }
        self.last_flush.saturating_add(signed(self.runner.settings.flush)).unwrap_or(Timestamp::MIN)
    }

    /// When to look around at the latest: for the deadline, for late runs, for waits that are over.
    pub(super) fn wake_at(&self) -> Timestamp {
        let look = self.last_look.saturating_add(LOOK).unwrap_or(Timestamp::MAX);
        let waits = Waits {
            purchase: self.buying.waits_until(self.listing),
            stream: self.stream_at,
            listing: self.reconcile_at.into_iter().chain(self.look_again_at).chain(self.unfollowed_at).min(),
            trace: self.trace_at(),
            follows: self.rows.open() > 0,
            streams: self.stream.is_some(),
            lists: self.listing,
        };
        waits.until().into_iter().chain([look, self.deadline()]).min().unwrap_or(look)
    }

    /// Looks whether the unit is still this holder's, when nothing was written for a while.
    pub(super) async fn look(&mut self) -> Step<()> {
        let now = self.now();
        if now < self.last_look.saturating_add(LOOK).unwrap_or(Timestamp::MAX) {
            return Ok(());
        }
        self.last_look = now;
        match self.runner.store.unit(&self.unit.id).await? {
            Some(unit) if unit.lease.epoch == self.unit.lease.epoch && !unit.status.is_terminal() => {
                self.nudged(unit.lease.nudged_at);
                self.unit.asks = unit.asks;
                self.unit.changes = unit.changes;
                Ok(())
            }
            found => Err(self.fenced(found.map(|unit| (unit.lease, unit.status)))),
        }
    }
}

/// Returns by which queue to hand over, once that is to be done.
pub(super) async fn leaving(
    runner: &Runner,
    invocation: &Invocation,
    alone_until: Option<Timestamp>,
) -> Line {
    tokio::select! {
        line = invocation.left(alone_until.is_some()) => line,
        () = runner.clock.sleep_until(alone_until.unwrap_or(Timestamp::MAX)) => Line::Runs,
    }
}

/// When the sweep shall look at a unit whose slice ends so, if its holder has not been heard of by then.
pub(super) fn due_at(runner: &Runner, slice_end: Timestamp) -> Option<Timestamp> {
    slice_end.saturating_add(signed(runner.settings.lease)).ok()
}

/// What a driver may wait for.
struct Waits {
    /// When the purchase goes on.
    purchase: Option<Timestamp>,
    /// When the stream is opened.
    stream: Option<Timestamp>,
    /// When the group is listed.
    listing: Option<Timestamp>,
    /// When the trace of a task's run is opened, or no longer waited for.
    trace: Option<Timestamp>,
    /// Whether runs are open that are followed at all.
    follows: bool,
    /// Whether the stream is open.
    streams: bool,
    /// Whether the group is being listed.
    lists: bool,
}

impl Waits {
    /// The earliest of what is really waited for. Any other time must not be named: once it has passed, it would wake the driver for ever.
    fn until(&self) -> Option<Timestamp> {
        let stream = self.stream.filter(|_| self.follows && !self.streams);
        let listing = self.listing.filter(|_| self.follows && !self.lists);
        [self.purchase, stream, listing, self.trace].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_nothing_waits_for_wakes_nobody() {
        let at = |second| Timestamp::from_second(second).ok();
        let until = |follows, streams, lists| {
            let (purchase, stream, listing) = (at(30), at(10), at(20));
            Waits { purchase, stream, listing, trace: None, follows, streams, lists }.until()
        };
        assert_eq!(until(true, false, false), at(10));
        assert_eq!(until(true, true, false), at(20), "the stream is open");
        assert_eq!(until(true, true, true), at(30), "a listing is under way");
        assert_eq!(until(false, false, false), at(30), "there is nothing to follow");
    }
}
