//! What following tasks live costs, and whether anything of what the upstream told is lost, repeated or out of order.
//!
//! `multitask serve` and `multitask simulate` run as processes of their own, so that only the service is counted. Run it with
//! `cargo build --release -p multitask && cargo run --release -p bench --example tasks`; it takes three minutes and prints a table. It fails
//! if a message was lost, repeated or moved, a result is missing, or a run was bought twice.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::{Context, bail};
use bench::{Caller, Unit, World};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Callers at once.
const CALLERS: usize = 64;

/// What is tried.
struct Trial {
    name: &'static str,
    tasks: usize,
    /// How long the runs take, in seconds: each between the first and the second.
    seconds: (usize, usize),
    options: &'static [&'static str],
    /// The events after which a stream breaks off, for one stream in twenty each.
    cuts: &'static [u32],
}

const TRIALS: [Trial; 3] = [
    Trial {
        name: "1,000 tasks of 10 s, one runner",
        tasks: 1_000,
        seconds: (10, 10),
        options: &["--runners", "1", "--units-per-runner", "1000"],
        cuts: &[],
    },
    Trial {
        name: "200 tasks, a hand-over every 2 s",
        tasks: 200,
        seconds: (20, 40),
        options: &["--slice-seconds", "2"],
        cuts: &[],
    },
    Trial {
        name: "200 tasks, a hand-over every 2 s, cuts",
        tasks: 200,
        seconds: (20, 40),
        options: &["--slice-seconds", "2"],
        cuts: &[1, 3, 7, 12, 18],
    },
];

/// What was found of all tasks together.
#[derive(Default)]
struct Found {
    shown: usize,
    lost: usize,
    wrong: Vec<String>,
    /// From the last end upstream to the last end here.
    lag: Option<Timestamp>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    println!(
        "Tasks of processor pro, 24 events each; the service and the simulator in processes of their own.\n"
    );
    println!("{:<40} messages   lost   wrong   end to end ms   CPU s   peak MB", "");
    let mut failed = false;
    for trial in TRIALS {
        failed |= !tried(&trial).await?;
    }
    if failed {
        bail!("not everything was told once and in order");
    }
    Ok(())
}

async fn tried(trial: &Trial) -> anyhow::Result<bool> {
    let world = World::start(1.0, trial.options).await?;
    for events in trial.cuts {
        let effect = json!({"kind": "cut_stream", "after_events": events});
        world.fault(&json!({"endpoint": "run_events", "effect": effect, "probability": 0.05})).await?;
    }
    let caller = Caller::new(&world.service);
    let create = |n: usize| create(&caller, trial, n);
    let made: Vec<Unit> = stream::iter(0..trial.tasks).map(create).buffered(CALLERS).try_collect().await?;
    let path = |unit: &Unit| format!("/task/{}.json", unit.id);
    let wait = |unit: Unit| {
        let (caller, path) = (&caller, path(&unit));
        async move { caller.wait(&path, "/task/completedAt").await }
    };
    let ended: Vec<Value> = stream::iter(made).map(wait).buffered(CALLERS).try_collect().await?;
    let usage = world.usage()?;

    let ledger = world.ledger("").await?;
    let runs = ledger["runs"].as_array().context("no runs")?;
    let ends: HashMap<&str, Timestamp> = runs.iter().filter_map(end).collect();
    let mut found = Found::default();
    if runs.len() != trial.tasks {
        found.wrong.push(format!("{} runs were bought for {} tasks", runs.len(), trial.tasks));
    }
    let mut last = Timestamp::MIN;
    for task in &ended {
        let run = task["task"]["runId"].as_str().context("a task has no run")?;
        compare(task, &world.shown(run).await?, &mut found);
        last = last.max(*ends.get(run).context("a run is not in the ledger")?);
    }
    let lag = found.lag.context("nothing ended")?.duration_since(last);
    let lag = Duration::try_from(lag).unwrap_or_default();
    println!(
        "{:<40} {:>8} {:>6} {:>7} {:>15.0} {:>7.1} {:>9.0}",
        trial.name,
        found.shown,
        found.lost,
        found.wrong.len(),
        bench::ms(lag),
        usage.cpu_seconds,
        usage.peak_megabytes
    );
    for wrong in found.wrong.iter().take(5) {
        println!("  {wrong}");
    }
    Ok(found.lost == 0 && found.wrong.is_empty())
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
