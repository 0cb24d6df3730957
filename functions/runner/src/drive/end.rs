//! The end of a unit: all runs over, failed as a whole, or out of time. One write tells it, with what must be told to the outside.

use std::collections::HashSet;
use std::time::Duration;

use domain::event::Flush;
use domain::progress::Failure;
use domain::run::RunStatus;
use domain::unit::Status;
use metrics::Metric;
use store::Saved;
use tracing::{info, warn};

use super::{Drive, Left, Step, signed};
use crate::writes;

/// How long the end of a unit waits for what the upstream counts.
const TOTALS: Duration = Duration::from_secs(5);

impl Drive<'_> {
    /// Whether nothing is under way that could still bring news, once all rows are over: a result that is still being asked for is none then.
    pub(super) fn is_quiet(&self) -> bool {
        !self.listing && self.buying.is_idle()
    }

    /// All runs are over: reconciles with the upstream, then ends the unit. None if there is something to do after all.
    pub(super) async fn finish(&mut self) -> Step<Option<Left>> {
        self.reconcile_totals().await?;
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
        let mut runs = self.store_ready().await?;
        self.unit.progress.waiting_for = None;
        self.trace.heard.release();
        if !self.trace.heard.is_one_batch() {
            self.tell(std::mem::take(&mut runs)).await?;
        }
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
            Saved::Yes(_) => {
                (self.runner.on_change)(&self.unit.id);
                self.count_end(&flush);
                info!(unit.status = status.word(), "The unit is over.");
                Ok(Some(Left::Over))
            }
            saved => {
                self.not_saved(saved, &mut runs)?;
                // The runs are stored and wait to be told; whether the unit is over must be decided anew.
                self.tell(runs).await?;
                Ok(None)
            }
        }
    }

    fn count_end(&self, flush: &Flush) {
        let metrics = &self.runner.metrics;
        writes::announced(metrics, flush);
        metrics.count(Metric::UnitsEnded);
        if self.unit.progress.failure.is_some() {
            metrics.count(Metric::UnitsFailed);
        }
        if self.poison {
            metrics.count(Metric::UnitsPoisoned);
        }
    }

    /// Holds what was bought against what the upstream counts. A difference is told, since nothing can be undone.
    async fn reconcile_totals(&mut self) -> Step<()> {
        let (Some(key), Some(group)) = (self.key.clone(), self.unit.progress.upstream_group.clone()) else {
            return Ok(());
        };
        let asked = tokio::time::timeout(TOTALS, self.runner.upstream.group(&key, &group)).await;
        match asked {
            Ok(Ok(group)) => {
                let more = group.status.num_task_runs.saturating_sub(self.bought_in_all().await?);
                let warning = format!("the upstream ran {more} more runs than were asked for");
                let warnings = &mut self.unit.progress.warnings;
                if more > 0 && !warnings.contains(&warning) {
                    warn!(upstream.more = more, "The upstream ran more than was asked for.");
                    warnings.push(warning);
                }
            }
            Ok(Err(error)) => warn!(error = %error, "The upstream's totals could not be read."),
            Err(_) => warn!("The upstream's totals did not come in time."),
        }
        Ok(())
    }

    /// How many attempts of rows were bought, each counted once.
    async fn bought_in_all(&self) -> Step<u64> {
        let purchases = self.runner.store.purchases(&self.unit.id).await?;
        let bought = purchases.iter().flat_map(|purchase| &purchase.runs);
        let distinct: HashSet<_> = bought.map(|bought| (bought.index, bought.attempt)).collect();
        Ok(u64::try_from(distinct.len()).unwrap_or(u64::MAX))
    }
}
