//! Writing: the one place where the holder's state meets the table, and finds out that it is no longer the holder.

use domain::event::Flush;
use domain::message::Work;
use domain::run::{Run, RunStatus};
use domain::unit::{Lease, Status, Unit, after_fence};
use jiff::SignedDuration;
use metrics::Metric;
use queue::{Line, Parcel};
use std::time::Duration;
use store::Saved;
use tracing::info;

use super::{Drive, Left, Step, Stop, signed};

/// How long a handed-over unit may wait for its next runner before the sweep sends another message.
const DUE: SignedDuration = SignedDuration::from_secs(60);

impl Drive<'_> {
    /// Writes the ends of runs that are ready, then a flush that announces them, then the unit.
    pub(super) async fn flush(&mut self) -> Step<()> {
        if !self.dirty && self.ready.is_empty() {
            return Ok(());
        }
        let runs = self.store_ready().await?;
        self.tell(runs).await
    }

    /// Announces runs that are stored, and all that was heard of a task's run, in as many flushes as that needs. What a predecessor told
    /// in the meantime is not told again.
    pub(super) async fn tell(&mut self, mut runs: Vec<(u32, RunStatus, u32)>) -> Step<()> {
        loop {
            let flush = self.next_flush(Status::Running, &runs);
            match self.runner.writes.flush(&self.runner.store, &self.unit, &flush).await? {
                Saved::Yes(nudged_at) => {
                    self.nudged(nudged_at);
                    runs.clear();
                    self.fruitful |= !flush.told.is_empty();
                    self.trace.heard.take_in(&flush.told);
                    if self.trace.heard.is_told() {
                        break;
                    }
                }
                saved => self.not_saved(saved, &mut runs)?,
            }
        }
        self.announced();
        Ok(())
    }

    /// Writes the unit as it stands, without announcing anything.
    pub(super) async fn checkpoint(&mut self) -> Step<()> {
        loop {
            self.settle();
            match self.runner.store.checkpoint(&self.unit).await? {
                Saved::Yes(nudged_at) => {
                    self.nudged(nudged_at);
                    break;
                }
                saved => self.not_saved(saved, &mut Vec::new())?,
            }
        }
        Ok(())
    }

    /// Gives the unit up in order to a newer message in this process: everything known is written.
    pub(super) async fn make_way(&mut self, by: String) -> Step<Left> {
        self.give_up().await?;
        self.checkpoint().await?;
        Ok(Left::Stopped { by })
    }

    /// Waits for what is under way, and tells what is known. Whoever comes this far was not killed by the unit.
    async fn give_up(&mut self) -> Step<()> {
        self.hear_the_rest().await?;
        self.stop_errands().await?;
        self.fruitful = true;
        self.flush().await
    }

    /// Gives the unit up in order: everything known is written, the next message sent.
    pub(super) async fn hand_over(&mut self, line: Line) -> Step<Left> {
        if line == Line::Adopt && self.now() < self.invocation.ends_at {
            self.runner.metrics.count(Metric::UnitsLeftEarly);
        }
        self.give_up().await?;
        self.pass_on(line, false, Duration::ZERO).await
    }

    /// Passes the unit on as it was found: nothing was tried, so the claim does not count.
    pub(super) async fn send_aside(&mut self) -> Step<Left> {
        self.unit.lease.fruitless = self.fruitless();
        let delay = self.runner.settings.lease.mul_f64(0.5 * self.runner.entropy.fraction());
        self.pass_on(Line::Runs, true, delay).await
    }

    async fn pass_on(&mut self, line: Line, moved: bool, delay: Duration) -> Step<Left> {
        self.unit.lease.due_at =
            self.now().saturating_add(DUE).and_then(|due| due.saturating_add(signed(delay))).ok();
        self.write_due().await?;
        let hop = self.unit.lease.hop + 1;
        let work = Work::Unit { id: self.unit.id.clone(), hop, moved };
        self.runner.queue.send(&Parcel::of(self.unit.owner.clone(), work).after(delay), line).await?;
        self.runner.metrics.count(Metric::UnitsHandedOver);
        info!(unit.hop = hop, "The unit is handed over.");
        Ok(Left::HandedOver)
    }

    /// Writes the unit as it stands, and when the sweep shall look at it.
    pub(super) async fn write_due(&mut self) -> Step<()> {
        loop {
            self.settle();
            match self.runner.store.checkpoint_due(&self.unit).await? {
                Saved::Yes(_) => return Ok(()),
                saved => self.not_saved(saved, &mut Vec::new())?,
            }
        }
    }

    /// Stores the runs that are ready; returns their entries for the flush.
    pub(super) async fn store_ready(&mut self) -> Step<Vec<(u32, RunStatus, u32)>> {
        let runs = std::mem::take(&mut self.ready);
        self.ready_bytes = 0;
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let expires = self.children_expire();
        let stored = self.runner.store.put_runs(&self.unit.id, self.unit.lease.epoch, &runs, expires).await?;
        if !stored {
            return Err(self.find_out().await?);
        }
        for run in &runs {
            self.count_stored(run);
        }
        self.remember_for_cache(&runs).await;
        self.held.clear();
        for run in &runs {
            self.cursors.stored(run.index);
        }
        self.fruitful = true;
        Ok(runs.iter().map(|run| (run.index, run.status, run.attempt)).collect())
    }

    fn count_stored(&self, run: &Run) {
        let metrics = &self.runner.metrics;
        match run.status {
            RunStatus::Completed => metrics.count(Metric::RunsCompleted),
            RunStatus::Failed => metrics.count(Metric::RunsFailed),
            RunStatus::Cancelled | RunStatus::TimedOut => metrics.count(Metric::RunsStopped),
            RunStatus::Pending | RunStatus::Queued | RunStatus::Running => {}
        }
        let bytes = run.output.as_ref().map_or(0, |output| output.get().len());
        metrics.add(Metric::ResultBytes, u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// The unit's next flush; raises its sequence to it.
    pub(super) fn next_flush(&mut self, status: Status, runs: &[(u32, RunStatus, u32)]) -> Flush {
        self.settle();
        self.unit.seq += 1;
        Flush {
            at: self.unit.modified_at,
            status,
            counts: self.unit.counts,
            runs: runs.to_vec(),
            told: self.trace.heard.batch(),
            message: self.unit.progress.waiting_for.clone(),
        }
    }

    /// Brings the unit up to what is known. Its fruitless claims are forgotten only once something was achieved: a unit that kills every
    /// runner before that is found out by their number.
    fn settle(&mut self) {
        self.unit.modified_at = self.now();
        if self.loaded {
            self.unit.counts = self.rows.counts();
            self.unit.progress.cursor = self.cursors.kept().map(str::to_owned);
        }
        if self.fruitful {
            self.unit.lease.fruitless = 0;
        }
    }

    pub(super) fn announced(&mut self) {
        self.dirty = false;
        self.last_flush = self.now();
        (self.runner.on_change)(&self.unit.id);
    }

    /// Takes in why a write was refused; what remains is to write again. `runs` are those that the write tells.
    pub(super) fn not_saved(&mut self, saved: Saved, runs: &mut Vec<(u32, RunStatus, u32)>) -> Step<()> {
        match saved {
            Saved::Yes(_) => Ok(()),
            Saved::Fenced(found) => Err(self.fenced(found)),
            Saved::Changed(unit) => {
                let Unit { asks, changes, seq, .. } = *unit;
                self.unit.asks = asks;
                self.unit.changes = changes;
                // the flush under this sequence is there and waits to be announced, or will be found there
                self.unit.seq = seq.max(self.unit.seq.saturating_sub(1));
                Ok(())
            }
            Saved::Behind(flush) => {
                runs.retain(|run| !flush.runs.contains(run));
                self.rows.take_in(&flush);
                self.trace.heard.take_in(&flush.told);
                Ok(())
            }
        }
    }

    /// The unit is not this holder's any more. What it may have written to a deleted unit since is to be removed again.
    pub(super) fn fenced(&mut self, found: Option<(Lease, Status)>) -> Stop {
        info!("The unit is somebody else's now.");
        let (lease, status) = found.unzip();
        // Who ended it from outside fences nobody by mistake.
        if status.is_some_and(|status| !status.is_terminal()) {
            self.runner.metrics.count(Metric::UnitsFenced);
        }
        self.deleted = status.is_none_or(|status| status == Status::Deleted);
        Stop::Left(Left::Fenced(after_fence(lease.as_ref(), status, &self.lease.message_id)))
    }

    /// A newer holder has written: find out what to do with the message.
    async fn find_out(&mut self) -> Step<Stop> {
        let found = self.runner.store.unit(&self.unit.id).await?;
        Ok(self.fenced(found.map(|unit| (unit.lease, unit.status))))
    }
}
