//! Buying runs without paying twice.
//!
//! The upstream has no idempotency key, and a lost reply to a create may be runs that are paid for. So every purchase is announced in the
//! table before it is asked for; the request is abandoned half-way to the announcement's end; and after any doubt the upstream group is
//! listed, and what is there is taken in, before anything is bought again. A run is tied to its row by its metadata.

use std::collections::HashMap;
use std::time::Duration;

use domain::progress::{Adding, Failure};
use domain::run::{Bought, Purchase, Run, RunError, RunStatus};
use jiff::Timestamp;
use parallel::{AddedRuns, Kind, NewRuns, TaskRun};
use serde_json::{Map, Value, json};
use store::Quota;
use tracing::{info, warn};

use super::errand::Errand;
use super::rows::{ROW_KEY, read_mark, row_mark};
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
        let now = self.now();
        if let Quota::Wait(wait) = self.runner.store.take_quota(&self.quota, count, per_minute, now).await? {
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
        self.errands.spawn(async move {
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

    /// Asks for all runs of the upstream group.
    pub(super) fn list(&mut self) {
        let (Some(key), Some(group)) = (self.key.clone(), self.unit.progress.upstream_group.clone()) else {
            return;
        };
        let upstream = self.runner.upstream.clone();
        self.listing = true;
        self.errands.spawn(async move {
            let listed = async {
                let mut stream = upstream.group_runs(&key, &group, false).await?;
                let mut runs = Vec::new();
                while let Some(event) = stream.next().await {
                    match event? {
                        parallel::Event::Run { run, .. } => runs.push(*run),
                        parallel::Event::Error(_) => return Err(lost()),
                        _ => {}
                    }
                }
                Ok(runs)
            };
            Errand::Listed(listed.await)
        });
    }

    /// The group was listed: takes in what was bought, and what is over.
    pub(super) async fn listed(&mut self, answer: parallel::Result<Vec<TaskRun>>) -> Step<()> {
        self.listing = false;
        let runs = match answer {
            Ok(runs) => runs,
            Err(error) => {
                warn!(error = %error, "The upstream group could not be listed.");
                let again = self.after(WAITS[1]);
                if matches!(self.buying, Buying::Lists { .. }) {
                    self.buying = Buying::Doubts { look_at: again };
                }
                if error.kind == Kind::KeyRefused {
                    return Err(Stop::Fails(Failure::new("key_refused", error.message)));
                }
                self.reconcile_at = Some(again);
                return Ok(());
            }
        };
        let marked = runs.iter().filter_map(|run| mark(run).map(|mark| (mark, run)));
        let found: HashMap<_, _> = marked.collect();
        self.adopt(&found).await?;
        if let Buying::Lists { since } = self.buying {
            self.resolve_doubt(&found, since);
        }
        for run in runs {
            self.run_seen(None, run);
        }
        Ok(())
    }

    /// Takes in runs that the upstream has and the table knows nothing of: purchases whose reply was lost.
    async fn adopt(&mut self, found: &HashMap<(u32, u32), &TaskRun>) -> Step<()> {
        let unknown = found.iter().filter(|((index, attempt), _)| self.rows.is_unbought(*index, *attempt));
        let mut runs: Vec<_> = unknown
            .map(|(&(index, attempt), run)| Bought { index, attempt, run_id: run.run_id.clone() })
            .collect();
        if runs.is_empty() {
            return Ok(());
        }
        runs.sort_by_key(|run| run.index);
        // What was announced is paid for already; what came later than anybody waited for is not.
        let announced = self.unit.progress.adding.as_ref().map_or(&[][..], |adding| &adding.rows);
        let late = runs.iter().filter(|run| !announced.contains(&(run.index, run.attempt))).count();
        self.unit.progress.committed_cost += self.price() * u64::try_from(late).unwrap_or(0);
        info!(purchase.found = runs.len(), "Runs were bought upstream that nobody knew of.");
        self.take_in_purchase(runs).await
    }

    /// What of the announced purchase is not there, in a listing that began at `since`, is bought again, once nobody can be buying it any more.
    fn resolve_doubt(&mut self, found: &HashMap<(u32, u32), &TaskRun>, since: Timestamp) {
        self.buying = Buying::Idle;
        let Some(adding) = self.unit.progress.adding.clone() else { return };
        let missing: Vec<_> = adding.rows.iter().copied().filter(|row| !found.contains_key(row)).collect();
        if !missing.is_empty() && since < adding.until {
            // It may still be executed, or was after the listing had begun: whoever bought now might buy twice.
            self.buying = Buying::Doubts { look_at: adding.until };
            return;
        }
        info!(purchase.missing = missing.len(), "A purchase in doubt is resolved.");
        let missing_cost = self.price() * u64::try_from(missing.len()).unwrap_or(0);
        self.unit.progress.committed_cost = self.unit.progress.committed_cost.saturating_sub(missing_cost);
        self.unit.progress.adding = None;
        self.rows.put_back(&missing);
    }

    /// Stores that these runs were bought; only then may the announcement be taken back.
    async fn take_in_purchase(&mut self, runs: Vec<Bought>) -> Step<()> {
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

    /// The next rows to buy: what was put back first, then new ones, within the budget; rows past it are over.
    async fn next_batch(&mut self) -> Step<Option<Vec<(u32, u32)>>> {
        loop {
            let batch = match self.batches.pop_front() {
                Some(mut batch) => {
                    // Since it was put aside, a run of it may have been found upstream.
                    batch.retain(|&(index, attempt)| self.rows.needs_buying(index, attempt));
                    if batch.is_empty() {
                        continue;
                    }
                    batch
                }
                None => self.rows.next_batch(self.batch_limit),
            };
            if batch.is_empty() {
                return Ok(None);
            }
            let batch = self.without_cached(batch).await?;
            let affordable = self.affordable(batch.len());
            let (batch, beyond) = batch.split_at(affordable);
            for &(index, attempt) in beyond {
                let run = self.ended(index, attempt, RunStatus::Failed);
                let error = RunError::new("not bought: the group's max_cost_usd would be exceeded");
                self.take_in_end(Run { error: Some(error), ..run });
            }
            if !batch.is_empty() {
                return Ok(Some(batch.to_vec()));
            }
        }
    }

    /// How many of `rows` more runs the budget allows.
    fn affordable(&self, rows: usize) -> usize {
        let Some(most) = self.unit.spec.group.max_cost else { return rows };
        let left = most.saturating_sub(self.unit.progress.committed_cost);
        match left.checked_div(self.price()) {
            Some(affordable) => rows.min(usize::try_from(affordable).unwrap_or(usize::MAX)),
            None => rows,
        }
    }

    /// What a run costs, in millionths of a dollar; the dearest price where it is unknown, so that a budget is kept.
    pub(super) fn price(&self) -> u64 {
        let dearest = domain::processor::PROCESSORS.iter().map(|processor| processor.micro_dollars).max();
        let name = self.unit.progress.processor.as_deref().unwrap_or_default();
        domain::processor::find(name).map_or(dearest.unwrap_or(0), |processor| processor.micro_dollars)
    }

    /// Complete run inputs for these rows.
    async fn run_inputs(&mut self, batch: &[(u32, u32)]) -> Step<Vec<Value>> {
        let mut inputs = Vec::with_capacity(batch.len());
        let rows = self.inputs_of(batch).await?;
        for (&(index, attempt), input) in batch.iter().zip(rows) {
            let input: Value = serde_json::from_str(input.get()).unwrap_or(Value::Null);
            inputs.push(self.run_input(index, attempt, input));
        }
        Ok(inputs)
    }

    /// The inputs of these rows, a page read once.
    pub(super) async fn inputs_of(&self, batch: &[(u32, u32)]) -> Step<Vec<domain::input::Input>> {
        let mut inputs = Vec::with_capacity(batch.len());
        let mut page: Option<(String, u32, Vec<domain::input::Input>)> = None;
        for &(index, _) in batch {
            let Some(place) = domain::input::place(self.unit.sources(), index) else { continue };
            if page.as_ref().is_none_or(|(source, number, _)| source != place.source || *number != place.page)
            {
                let rows = self.runner.store.input_page(&self.unit.id, place.source, place.page).await?;
                page = Some((place.source.to_owned(), place.page, rows.unwrap_or_default()));
            }
            let row = page.as_ref().and_then(|(_, _, rows)| rows.get(place.slot).cloned());
            let name = format!("{} row {index}", self.unit.id);
            inputs
                .push(row.ok_or_else(|| store::Error::Corrupt { item: name, reason: "missing".to_owned() })?);
        }
        Ok(inputs)
    }

    fn run_input(&self, index: u32, attempt: u32, input: Value) -> Value {
        let group = &self.unit.spec.group;
        let mut run = Map::new();
        run.insert("processor".to_owned(), json!(self.unit.progress.processor));
        run.insert("input".to_owned(), input);
        let mut metadata = group.metadata.clone();
        metadata.insert(ROW_KEY.to_owned(), json!(row_mark(index, attempt)));
        run.insert("metadata".to_owned(), Value::Object(metadata));
        run.extend(group.pass_through.clone());
        if let Some(servers) = self.secrets.as_ref().and_then(|secrets| secrets.mcp_servers.clone()) {
            run.insert("mcp_servers".to_owned(), servers);
        }
        Value::Object(run)
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

fn lost() -> parallel::Error {
    parallel::Error {
        kind: Kind::Lost,
        message: "the upstream's answer did not come whole".to_owned(),
        status: None,
        retry_after: None,
        upstream: None,
    }
}
