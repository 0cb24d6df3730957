//! A round: everything is started, asked for and struck as planned; then the sky clears, and all must come to its end.
//!
//! Invariant: a round ends, whatever happens: what does not come to its end in time is told as stuck.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use ambient::Clock;
use anyhow::Context;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use multitask::doubles::sqs::Fault as QueueFault;
use serde_json::Value;

use crate::caller::{Caller, Made};
use crate::check::{self, Fault};
use crate::hub::{self, Hub};
use crate::plan::{Act, Plan, Step};
use crate::pool::{Blow, Strike};
use crate::proxy::Skies;
use crate::record::{Record, Unit, View, logs, table, upstream};

/// How long after the sky has cleared everything may take to come to its end.
const PATIENCE: Duration = Duration::from_secs(100);
/// How long a reader may take to be told that its task is over.
const READERS: Duration = Duration::from_secs(10);
/// How often it is looked whether everything has.
const LOOK: Duration = Duration::from_millis(250);

/// What came of a round.
#[derive(Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// How long it took.
    pub took: Duration,
    /// How many units there were.
    pub units: usize,
    /// How many runs were bought.
    pub runs: usize,
    /// How often a unit was claimed.
    pub claims: usize,
    /// How many workers were killed, and how many frozen.
    pub blows: (usize, usize),
    /// How often a holder was fenced.
    pub fences: usize,
    /// How many requests the weather struck.
    pub struck: u32,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// What the workers panicked with.
    pub panics: Vec<String>,
    /// The record, for people who look for the reason.
    pub record: Record,
}

impl Outcome {
    /// Whether anything is wrong.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        !self.faults.is_empty() || !self.panics.is_empty()
    }
}

/// Plays the round of this plan, with the workers' logs in the folder `logs`; this process logs to the file `log`.
pub async fn play(plan: &Plan, logs: &Path, log: &Path) -> anyhow::Result<Outcome> {
    let hub = Hub::start(plan, logs).await?;
    // The hub's time is moved on at the end.
    let watch = Clock::system();
    let began = watch.now();
    let receivers = format!("http://{}", hub.receivers.address());
    let caller = Caller::new(hub.running.url(), &receivers, hub.clock.clone())?;
    hub.proxy.change(|skies| *skies = plan.skies);
    hub.simulator.faults().set(plan.upstream.clone());
    let asked = join_all(plan.units.iter().map(|unit| async {
        hub.clock.sleep_until(after(began, unit.at)).await;
        caller.ask(unit.clone()).await
    }));
    let struck = async {
        join_all(plan.steps.iter().map(|step| do_step(&hub, began, *step))).await;
        hub.clock.sleep_until(after(began, plan.seconds)).await;
        hub.proxy.change(|skies| *skies = Skies::default());
        hub.simulator.faults().clear();
    };
    let (made, ()) = tokio::join!(asked, struck);
    let made: Vec<Made> = made.into_iter().collect::<anyhow::Result<_>>()?;
    settle(&hub, &made, logs).await?;

    hub.pool.close();
    let strikes = hub.pool.strikes();
    let said = logs::read(logs, log, &strikes)?;
    let record = collect(&hub, &caller, made, &said).await?;
    let took = Duration::try_from(watch.now().duration_since(began)).unwrap_or_default();
    let struck = hub.proxy.struck();
    hub.stop().await;
    Ok(Outcome {
        seed: plan.seed,
        took,
        units: record.units.len(),
        runs: record.bought.len(),
        claims: said.claims,
        blows: (count(&strikes, Blow::Killed), count(&strikes, Blow::Frozen)),
        fences: said.fences,
        struck,
        faults: check::check(&record),
        panics: said.panics,
        record,
    })
}

fn count(strikes: &[Strike], blow: Blow) -> usize {
    strikes.iter().filter(|strike| strike.what == blow).count()
}

fn after(began: Timestamp, seconds: f64) -> Timestamp {
    let span = SignedDuration::try_from_secs_f64(seconds).unwrap_or_default();
    began.saturating_add(span).unwrap_or(Timestamp::MAX)
}

async fn do_step(hub: &Hub, began: Timestamp, step: Step) {
    hub.clock.sleep_until(after(began, step.at)).await;
    match step.act {
        Act::Kill { who } => drop(hub.pool.strike(who, Blow::Killed)),
        Act::End { who } => drop(hub.pool.strike(who, Blow::Ended)),
        Act::Freeze { who, seconds } => {
            if let Some(worker) = hub.pool.strike(who, Blow::Frozen) {
                hub.clock.sleep(Duration::from_secs_f64(seconds)).await;
                hub.pool.thaw(worker);
            }
        }
        Act::Skew { who, ahead } => hub.pool.skew(who, ahead),
        Act::Outage { seconds } => {
            hub.proxy.change(|skies| skies.workers.outage = true);
            hub.clock.sleep(Duration::from_secs_f64(seconds)).await;
            hub.proxy.change(|skies| skies.workers.outage = false);
        }
        Act::Duplicates { queue, count } => hub.fault(queue, QueueFault::Duplicate, count),
        Act::FailedEntries { queue, count } => hub.fault(queue, QueueFault::FailedEntry, count),
        Act::LostReplies { queue, count } => hub.fault(queue, QueueFault::LostReply, count),
    }
}

/// Returns once every unit is over and every delivery made, or when that takes too long; notes in the folder `logs` what was waited for.
async fn settle(hub: &Hub, made: &[Made], logs: &Path) -> anyhow::Result<()> {
    let tables = hub::table_names();
    let mut note = File::create(logs.join("waited.txt"))?;
    let settled = async {
        loop {
            let held = table::read(&hub.tables, &tables).await?;
            let waiting: Vec<String> =
                made.iter().filter_map(|made| unsettled(made, held.get(&made.id)?)).collect();
            if waiting.is_empty() {
                return Ok::<_, anyhow::Error>(());
            }
            writeln!(note, "{} {waiting:?}", hub.clock.now())?;
            if made.iter().filter_map(|made| held.get(&made.id)).all(|held| !is_open(held)) {
                // Nothing is left but webhooks that are tried again later.
                hub.clock.advance(LOOK * 40);
            }
            Clock::system().sleep(LOOK).await;
        }
    };
    // What is not over then, the checker tells of.
    tokio::time::timeout(PATIENCE, settled).await.unwrap_or(Ok(()))
}

/// Whether a unit is not over.
fn is_open(held: &table::Held) -> bool {
    held.meta.as_ref().is_some_and(|meta| {
        !table::is_over(&meta.status) || meta.status == "deleted" && !held.items.is_empty()
    })
}

/// What of a unit is still to come.
fn unsettled(made: &Made, held: &table::Held) -> Option<String> {
    let name = &made.asked.name;
    let status = held.meta.as_ref().map(|meta| meta.status.as_str())?;
    let pending = || held.deliveries.iter().find(|delivery| delivery.state == "pending");
    if !table::is_over(status) {
        Some(format!("{name} is {status}"))
    } else if status == "deleted" && !held.items.is_empty() {
        Some(format!("{name} is deleted and left {} items", held.items.len()))
    } else {
        pending().map(|delivery| format!("{name} tells {} at {:?}", delivery.moment, delivery.due_at))
    }
}

async fn collect(hub: &Hub, caller: &Caller, made: Vec<Made>, said: &logs::Said) -> anyhow::Result<Record> {
    let mut held = table::read(&hub.tables, &hub::table_names()).await?;
    let keys: BTreeSet<String> = made.iter().map(|made| made.asked.key.clone()).collect();
    let bought = upstream::read(&hub.simulator, &keys.into_iter().collect::<Vec<_>>()).await?;
    let mut units = Vec::new();
    for made in made {
        let view = view(caller, &made).await?;
        let read = match made.reader {
            Some(reader) => Some(reader.end(READERS).await?),
            None => None,
        };
        let held = held.remove(&made.id).unwrap_or_default();
        units.push(Unit {
            view,
            read,
            meta: held.meta,
            flushes: held.flushes,
            purchases: held.purchases,
            runs: held.runs,
            deliveries: held.deliveries,
            items: held.items,
            losses: said.losses.get(&made.id).cloned().unwrap_or_default(),
            partings: said.partings.get(&made.id).cloned().unwrap_or_default(),
            retold: said.retold.get(&made.id).copied().unwrap_or_default(),
            id: made.id,
            asked: made.asked,
            changed: made.changed,
        });
    }
    Ok(Record { units, bought, hits: hub.receivers.hits(), dead: hub.dead_letters().await? })
}

/// A unit as its owner reads it; none where there is nothing to read.
async fn view(caller: &Caller, made: &Made) -> anyhow::Result<Option<View>> {
    let (status, unit) = caller.read(made, ".json").await?;
    if !status.is_success() {
        return Ok(None);
    }
    let word = unit.pointer("/status/status").or_else(|| unit.pointer("/task/status"));
    let word = word.and_then(Value::as_str).with_context(|| format!("no status in {unit}"))?.to_owned();
    let (_, runs) = caller.read(made, "/runs?limit=1000").await?;
    let runs = runs["runs"].as_array().with_context(|| format!("no runs in {runs}"))?;
    let row = |run: &Value| {
        let index = u32::try_from(run["index"].as_u64()?).ok()?;
        let output = run.get("output").filter(|output| !output.is_null()).cloned();
        Some((index, run["status"].as_str()?.to_owned(), output))
    };
    let rows = runs.iter().map(row).collect::<Option<_>>().with_context(|| format!("no rows in {runs:?}"))?;
    Ok(Some(View { status: word, rows }))
}
