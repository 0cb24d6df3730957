//! Buying runs without paying twice.
//!
//! The upstream has no idempotency key, and a lost reply to a create may be runs that are paid for. So every purchase is announced in the
//! table before it is asked for; the request is abandoned half-way to the announcement's end; and after any doubt the upstream group is
//! listed, and what is there is taken in, before anything is bought again. A run is tied to its row by its metadata.

use std::time::Duration;

use domain::progress::{Adding, Failure};
use domain::run::{Bought, Purchase, Run, RunError, RunStatus};
use jiff::Timestamp;
use metrics::Metric;
use parallel::{AddedRuns, Kind, NewRuns, TaskRun};
use serde_json::Value;
use store::Quota;
use tracing::{info, warn};

use super::errand::Errand;
use super::rows::{ROW_KEY, read_mark};
use super::{Drive, Step, Stop};

/// Runs to a request: what the upstream's own examples use, half of what it allows.
pub(super) const BATCH: usize = 500;
/// Waits after a purchase that surely did not happen, by the number of failures in a row.
const WAITS: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// The wait after a listing that failed.
pub(super) const AFTER_A_FAILED_LISTING: Duration = WAITS[1];

/// Where the purchase under way stands.
#[derive(Debug)]
pub(super) enum Buying {
    /// There is none.
    Idle,
    /// Not before this time.
    Waits { until: Timestamp, failures: usize },
    /// The request is on its way.
    Adds { failures: usize },
    /// Nobody knows whether the announced runs were bought: the group is listed at `look_at`.
    Doubts { look_at: Timestamp },
    /// The same, while a listing that began at this time is under way.
    Lists { since: Timestamp },
}

impl Buying {
    pub(super) const fn is_idle(&self) -> bool {
        matches!(self, Self::Idle | Self::Waits { .. })
    }

    pub(super) const fn is_adding(&self) -> bool {
        matches!(self, Self::Adds { .. })
    }

    /// When it can go on. While another listing is under way a doubt waits for its end, not for a time.
    pub(super) fn waits_until(&self, listing: bool) -> Option<Timestamp> {
        match self {
            Self::Waits { until, .. } => Some(*until),
            Self::Doubts { look_at } if !listing => Some(*look_at),
            _ => None,
        }
    }
}

impl Drive<'_> {
    /// Takes up the purchase that a predecessor announced and did not see answered.
    pub(super) fn resume_purchase(&mut self) {
        if self.unit.progress.adding.is_some() {
            info!("A predecessor's purchase is in doubt.");
            self.buying = Buying::Doubts { look_at: self.now() };
        }
    }

    /// Moves the purchase on as far as it can without waiting.
    pub(super) async fn buy(&mut self) -> Step<()> {
        let now = self.now();
        match self.buying {
            Buying::Idle => self.begin_purchase(0).await,
            Buying::Waits { until, failures } if until <= now => self.begin_purchase(failures).await,
            // A listing that is under way began before the doubt and may not hold what it is about.
            Buying::Doubts { look_at } if look_at <= now && !self.listing => {
                self.buying = Buying::Lists { since: now };
                self.list();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn begin_purchase(&mut self, failures: usize) -> Step<()> {
        self.buying = Buying::Idle;
        let Some(batch) = self.next_batch().await? else { return Ok(()) };
        let count = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        let per_minute = self.runner.settings.runs_per_minute.max(count);
        let (store, clock) = (&self.runner.store, &self.runner.clock);
        let asked = self.runner.quotas.take(store, clock, &self.quota, count, per_minute).await?;
        if let Quota::Wait(wait) = asked {
            let jitter = 1.0 + self.runner.entropy.fraction() / 10.0;
            self.batches.push_front(batch);
            self.wait_for("the upstream's quota of created runs", wait.mul_f64(jitter), failures);
            return Ok(());
        }
        if self.ready.iter().any(|run| run.status == RunStatus::Pending) {
            // The number of a retried row's attempt stands in its item before it is bought.
            self.flush().await?;
        }
        let inputs = self.run_inputs(&batch).await?;
        // However long the announcement takes to be written, the request ends half-way to the announcement's end.
        let until = self.after(self.runner.settings.purchase);
        let abandon_at = self.after(self.runner.settings.purchase / 2);
        self.unit.progress.committed_cost += self.price() * u64::from(count);
        self.unit.progress.adding = Some(Adding { epoch: self.unit.lease.epoch, rows: batch, until });
        self.unit.progress.waiting_for = None;
        self.checkpoint().await?;
        self.add(inputs, abandon_at);
        self.buying = Buying::Adds { failures };
        Ok(())
    }

    fn add(&mut self, inputs: Vec<Value>, abandon_at: Timestamp) {
        let (Some(key), Some(group)) = (self.key.clone(), self.unit.progress.upstream_group.clone()) else {
            return;
        };
        let (upstream, clock) = (self.runner.upstream.clone(), self.runner.clock.clone());
        let spec = self.unit.progress.task_spec.clone();
        let timeout = self.runner.settings.purchase / 2;
        self.send_out(async move {
            let runs = NewRuns { default_task_spec: spec.as_ref(), inputs: &inputs };
            tokio::select! {
                // First, so that a request whose time is up already is never sent.
                biased;
                () = clock.sleep_until(abandon_at) => Errand::Added(Err(lost())),
                added = upstream.add_runs(&key, &group, &runs, timeout) => Errand::Added(added),
            }
        });
    }

    /// A purchase was answered, or nobody knows.
    pub(super) async fn added(&mut self, answer: parallel::Result<AddedRuns>) -> Step<()> {
        let Buying::Adds { failures } = self.buying else { return Ok(()) };
        let Some(adding) = self.unit.progress.adding.clone() else { return Ok(()) };
        let error = match answer {
            Ok(added) if added.run_ids.len() == adding.rows.len() => {
                self.runner.metrics.count(Metric::Purchases);
                let bought = u64::try_from(added.run_ids.len()).unwrap_or(u64::MAX);
                self.runner.metrics.add(Metric::RunsBought, bought);
                let bought = adding.rows.iter().zip(added.run_ids);
                let bought = bought.map(|(&(index, attempt), run_id)| Bought { index, attempt, run_id });
                self.take_in_purchase(bought.collect()).await?;
                self.unit.progress.adding = None;
                self.buying = Buying::Idle;
                self.batch_limit = BATCH;
                return Ok(());
            }
            Ok(_) => lost(),
            Err(error) => error,
        };
        if !error.created_nothing() {
            self.runner.metrics.count(Metric::PurchasesInDoubt);
            warn!(error = %error, "Nobody knows whether a purchase was made; listing the group.");
            self.buying = Buying::Doubts { look_at: self.now() };
            return Ok(());
        }
        self.unit.progress.adding = None;
        self.unit.progress.committed_cost = self
            .unit
            .progress
            .committed_cost
            .saturating_sub(self.price() * u64::try_from(adding.rows.len()).unwrap_or(0));
        self.not_bought(adding.rows, &error, failures)
    }

    /// Nothing was bought, surely: by its reason the rows wait, are tried in smaller batches, or are over.
    fn not_bought(&mut self, rows: Vec<(u32, u32)>, error: &parallel::Error, failures: usize) -> Step<()> {
        match error.kind {
            Kind::KeyRefused => Err(Stop::Fails(Failure::new("key_refused", error.message.clone()))),
            Kind::Forbidden => Err(Stop::Fails(Failure::new("processor_refused", error.message.clone()))),
            Kind::NotFound => Err(Stop::Fails(Failure::new("upstream_group_gone", error.message.clone()))),
            Kind::NoCredit if rows.len() > 1 => {
                self.batch_limit = rows.len().div_ceil(2);
                self.split(rows);
                Ok(())
            }
            // Reservations are freed when runs end, so while some run there is hope.
            Kind::NoCredit if self.rows.open() > 0 => {
                self.batches.push_front(rows);
                self.wait_for("credit upstream", WAITS[3], failures);
                Ok(())
            }
            Kind::NoCredit => Err(Stop::Fails(Failure::new("no_credit", error.message.clone()))),
            Kind::Invalid if rows.len() > 1 => {
                self.split(rows);
                Ok(())
            }
            Kind::Invalid => {
                for (index, attempt) in rows {
                    let run = self.ended(index, attempt, RunStatus::Failed);
                    self.take_in_end(Run { error: Some(run_error(error)), ..run });
                }
                self.buying = Buying::Idle;
                Ok(())
            }
            _ => {
                self.batches.push_front(rows);
                let wait = error.retry_after.unwrap_or(WAITS[failures.min(WAITS.len() - 1)]);
                let what = if error.kind == Kind::Quota { "the upstream's quota" } else { "the upstream" };
                self.wait_for(what, wait.min(Duration::from_mins(2)), failures + 1);
                Ok(())
            }
        }
    }

    /// Tries two halves: so a faulty row is found, and stops no other.
    fn split(&mut self, mut rows: Vec<(u32, u32)>) {
        let half = rows.split_off(rows.len() / 2);
        self.batches.push_front(half);
        self.batches.push_front(rows);
        self.buying = Buying::Idle;
    }

    fn wait_for(&mut self, what: &str, wait: Duration, failures: usize) {
        self.unit.progress.waiting_for = Some(format!("waiting for {what}"));
        self.dirty = true;
        self.buying = Buying::Waits { until: self.after(wait), failures };
    }

    /// Stores that these runs were bought; only then may the announcement be taken back.
    pub(super) async fn take_in_purchase(&mut self, runs: Vec<Bought>) -> Step<()> {
        let purchase = Purchase { at: self.now(), runs };
        let (id, epoch, expires) = (&self.unit.id, self.unit.lease.epoch, self.children_expire());
        self.purchases += 1;
        self.fruitful = true;
        self.runner.store.put_purchase(id, epoch, self.purchases, &purchase, expires).await?;
        for bought in &purchase.runs {
            self.rows.bought(bought.index, bought.attempt, &bought.run_id, purchase.at);
        }
        self.dirty = true;
        Ok(())
    }
}

/// The row and attempt that a run belongs to.
pub(super) fn mark(run: &TaskRun) -> Option<(u32, u32)> {
    read_mark(run.metadata.get(ROW_KEY)?.as_str()?)
}

pub(super) fn run_error(error: &parallel::Error) -> RunError {
    let upstream = error.upstream.as_deref();
    RunError {
        message: error.message.clone(),
        ref_id: upstream.and_then(|error| error.ref_id.clone()),
        detail: upstream.and_then(|error| error.detail.clone()),
    }
}

pub(super) fn lost() -> parallel::Error {
    parallel::Error {
        kind: Kind::Lost,
        message: "the upstream's answer did not come whole".to_owned(),
        status: None,
        retry_after: None,
        upstream: None,
    }
}
