//! The end of a unit: all runs over, failed as a whole, or out of time. One write tells it, with what must be told to the outside.

use domain::progress::Failure;
use domain::run::RunStatus;
use domain::unit::Status;
use parallel::Kind;
use store::Saved;
use tracing::{info, warn};

use super::{Drive, Left, Step, signed};

impl Drive<'_> {
    /// All runs are over: reconciles with the upstream, then ends the unit. None if there is something to do after all.
    pub(super) async fn finish(&mut self) -> Step<Option<Left>> {
        self.reconcile_totals().await;
        let status = Status::of_ended(&self.rows.counts());
        self.end_as(status).await
    }

    /// The unit's time is up: unfinished runs end so.
    pub(super) async fn time_out(&mut self) -> Step<Left> {
        let what = match self.unit.spec.group.timeout_seconds {
            Some(seconds) => format!("its timeout_seconds of {seconds} were up"),
            None => "it took longer than all its runs together may take".to_owned(),
        };
        self.unit.progress.failure =
            Some(Failure::new("timed_out", format!("the group was ended because {what}")));
        self.end_as_far_as_asked(Status::TimedOut).await
    }

    /// The unit as a whole fails: unfinished runs end so.
    pub(super) async fn fail(&mut self, failure: Failure) -> Step<Left> {
        warn!(failure.code, "The unit fails.");
        self.unit.progress.failure = Some(failure);
        let over = self.rows.counts();
        let status = if over.completed > 0 { Status::Partial } else { Status::Failed };
        self.end_as_far_as_asked(status).await
    }

    async fn end_as_far_as_asked(&mut self, status: Status) -> Step<Left> {
        self.errands.shutdown().await;
        self.unit.progress.waiting_for = None;
        loop {
            // What was appended while the end was written ends with the rest.
            if self.unit.progress.rows.is_some() {
                let total = self.unit.rows();
                self.rows.grow(total);
            }
            self.unit.progress.appends_seen = u32::try_from(self.unit.asks.appends.len()).unwrap_or(u32::MAX);
            self.unit.progress.retries_seen = self.unit.asks.retries;
            if let Some(left) = self.end_as(status).await? {
                return Ok(left);
            }
        }
    }

    /// Writes the end. None if something was asked for from outside in the meantime: nothing is over then.
    async fn end_as(&mut self, status: Status) -> Step<Option<Left>> {
        let runs = self.store_ready().await?;
        self.unit.progress.waiting_for = None;
        self.unit.progress.adding = None;
        let mut flush = self.next_flush(status, &runs);
        let open = if status == Status::TimedOut { RunStatus::TimedOut } else { RunStatus::Failed };
        let mut ended = self.unit.clone();
        ended.counts = ended.counts.ended_as(open);
        ended.status = status;
        ended.completed_at = Some(ended.modified_at);
        let kept = signed(domain::limits::RETENTION);
        ended.expires_at = ended.modified_at.saturating_add(kept).unwrap_or(ended.expires_at);
        flush.counts = ended.counts;
        let deliveries = domain::announce::announce(&ended, ended.modified_at);
        match self.runner.store.finish(&ended, &flush, &deliveries).await? {
            Saved::Yes => {
                (self.runner.on_change)(&self.unit.id);
                info!(unit.status = status.word(), "The unit is over.");
                return Ok(Some(Left::Over));
            }
            saved => {
                self.not_saved(saved)?;
                self.dirty = true;
                // The runs are stored and wait to be announced; whether the unit is over must be decided anew.
                self.announce_waiting(&runs).await?;
                return Ok(None);
            }
        }
    }

    /// Announces runs whose flush could not end the unit, as an ordinary flush.
    async fn announce_waiting(&mut self, runs: &[(u32, RunStatus, u32)]) -> Step<()> {
        loop {
            let flush = self.next_flush(Status::Running, runs);
            match self.runner.store.flush(&self.unit, &flush).await? {
                Saved::Yes => {
                    self.announced();
                    return Ok(());
                }
                saved => self.not_saved(saved)?,
            }
        }
    }

    /// Holds what was bought against what the upstream counts. A difference is told, since nothing can be undone.
    async fn reconcile_totals(&mut self) {
        let (Some(key), Some(group)) = (self.key.clone(), self.unit.progress.upstream_group.clone()) else {
            return;
        };
        match self.runner.upstream.group(&key, &group).await {
            Ok(group) => {
                let bought = self.bought_in_all();
                let upstream = group.status.num_task_runs;
                if upstream > bought {
                    let more = upstream - bought;
                    warn!(upstream.more = more, "The upstream ran more than was asked for.");
                    self.unit
                        .progress
                        .warnings
                        .push(format!("the upstream ran {more} more runs than were asked for"));
                }
            }
            Err(error) if error.kind == Kind::KeyRefused => {}
            Err(error) => warn!(error = %error, "The upstream's totals could not be read."),
        }
    }

    /// How many attempts were bought, as far as the rows tell.
    fn bought_in_all(&self) -> u64 {
        let past = self.past.values().flatten().filter(|attempt| attempt.run_id.is_some()).count();
        let present = (0..self.rows.len())
            .filter(|&index| self.rows.get(index).is_some_and(|row| row.run_id.is_some()));
        u64::try_from(past + present.count()).unwrap_or(u64::MAX)
    }
}
