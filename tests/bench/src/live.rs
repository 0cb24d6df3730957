//! Tasks followed live: what is told of each is held against what its run really showed.
//!
//! Invariant: a message that was lost, repeated or moved, a result that is missing, and a run that was bought twice are each reported.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Caller, Unit, Usage, World};

/// Callers at once.
const CALLERS: usize = 64;

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// In words.
    pub name: &'static str,
    /// How many tasks, all at once.
    pub tasks: usize,
    /// How long the runs take, in seconds: each between the first and the second.
    pub seconds: (usize, usize),
    /// What the service is started with.
    pub options: &'static [&'static str],
    /// The events after which a stream breaks off, for one stream in twenty each.
    pub cuts: &'static [u32],
}

/// What was found of all tasks together.
#[derive(Default)]
struct Found {
    shown: usize,
    lost: usize,
    wrong: Vec<String>,
    /// From the last end upstream to the last end here.
    lag: Option<Timestamp>,
}

/// What came of a trial.
#[derive(Debug)]
pub struct Told {
    /// Messages that the runs showed.
    pub shown: usize,
    /// Those of them that no task tells.
    pub lost: usize,
    /// What is wrong otherwise, in words.
    pub wrong: Vec<String>,
    /// From the last end upstream to the last end here.
    pub lag: Duration,
    /// What the service used.
    pub usage: Usage,
}

impl Told {
    /// Whether everything was told once and in order, and every run bought once.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.lost == 0 && self.wrong.is_empty()
    }
}

/// Plays a trial with a service and a simulator of its own.
pub async fn play(trial: &Trial) -> anyhow::Result<Told> {
    let world = World::start(1.0, trial.options).await?;
    for events in trial.cuts {
        let effect = json!({"kind": "cut_stream", "after_events": events});
        world.fault(&json!({"endpoint": "run_events", "effect": effect, "probability": 0.05})).await?;
    }
    let caller = Caller::new(&world.service);
    let made = begin(&caller, trial).await?;
    watch(&world, &caller, made).await
}

/// Creates the tasks of a trial.
pub async fn begin(caller: &Caller, trial: &Trial) -> anyhow::Result<Vec<Unit>> {
    let create = |n: usize| create(caller, trial, n);
    stream::iter(0..trial.tasks).map(create).buffered(CALLERS).try_collect().await
}

/// Waits for the end of these tasks, and compares.
pub async fn watch(world: &World, caller: &Caller, made: Vec<Unit>) -> anyhow::Result<Told> {
    let tasks = made.len();
    let path = |unit: &Unit| format!("/task/{}.json", unit.id);
    let wait = |unit: Unit| {
        let path = path(&unit);
        async move { caller.wait(&path, "/task/completedAt").await }
    };
    let ended: Vec<Value> = stream::iter(made).map(wait).buffered(CALLERS).try_collect().await?;
    let usage = world.usage()?;

    let ledger = world.ledger("").await?;
    let runs = ledger["runs"].as_array().context("no runs")?;
    let ends: HashMap<&str, Timestamp> = runs.iter().filter_map(end).collect();
    let mut found = Found::default();
    if runs.len() != tasks {
        found.wrong.push(format!("{} runs were bought for {tasks} tasks", runs.len()));
    }
    let mut last = Timestamp::MIN;
    for task in &ended {
        let run = task["task"]["runId"].as_str().context("a task has no run")?;
        compare(task, &world.shown(run).await?, &mut found);
        last = last.max(*ends.get(run).context("a run is not in the ledger")?);
    }
    let lag = found.lag.context("nothing ended")?.duration_since(last);
    Ok(Told {
        shown: found.shown,
        lost: found.lost,
        wrong: found.wrong,
        lag: Duration::try_from(lag).unwrap_or_default(),
        usage,
    })
}

async fn create(caller: &Caller, trial: &Trial, n: usize) -> anyhow::Result<Unit> {
    let (least, most) = trial.seconds;
    let seconds = least + n % (most - least + 1);
    let input = json!({"company": format!("Company {n}"), "simulate": format!("seconds={seconds}")});
    let body = json!({"processor": "pro", "input": input, "taskSpec": {"output_schema": "its sector"}});
    caller.create("/api/tasks", &body).await
}

fn end(run: &Value) -> Option<(&str, Timestamp)> {
    Some((run["run_id"].as_str()?, run["ends_at"].as_str()?.parse().ok()?))
}

/// Holds what a task tells against what its run showed.
fn compare(task: &Value, shown: &[Value], found: &mut Found) {
    let unit = &task["task"];
    if unit["status"] != "completed" || unit["result"]["content"].is_null() {
        found.wrong.push(format!("a task ended as {} with {}", unit["status"], unit["error"]));
    }
    found.lag = found.lag.max(unit["completedAt"].as_str().and_then(|at| at.parse().ok()));
    let events = task["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    let told: Vec<&Value> =
        events.iter().map(|event| &event["data"]).filter(|data| is_message(data)).collect();
    let shown: Vec<&Value> = shown.iter().filter(|event| is_message(event)).collect();
    found.shown += shown.len();
    let distinct: HashSet<String> = told.iter().map(ToString::to_string).collect();
    found.lost += shown.iter().filter(|event| !distinct.contains(&event.to_string())).count();
    let mut rest = shown.iter();
    if distinct.len() != told.len() || !told.iter().all(|event| rest.any(|shown| shown == event)) {
        found.wrong.push(format!("{unit} was told {told:?}"));
    }
}

/// Statistics are not counted: the upstream itself tells a late reader the latest only.
fn is_message(event: &Value) -> bool {
    event["type"].as_str().is_some_and(|kind| kind.starts_with("task_run.progress_msg"))
}
