//! How well runners are filled: units that arrive one by one, runner processes, and nothing that goes wrong.
//!
//! A deployment in a sixtieth of its time: runs of a quarter of an hour that arrive at ten a minute are here runs of 15 s at ten a second, and a
//! slice is ten seconds. Invariant: what is counted is what the runners' own logs say of claims and ends.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::hub::Hub;
use crate::plan::Plan;
use crate::proxy::Skies;
use crate::worker::Manner;

/// Tasks that arrive in a second.
const RATE: u32 = 10;
/// Seconds that a run takes.
const RUN: u32 = 15;
/// Seconds of a slice: 570 on Lambda.
const SLICE: u64 = 10;
/// Seconds of a lease: nobody dies here.
const LEASE: u64 = 20;
/// Units that a runner drives.
const UNITS: u32 = 500;
/// Runners at once.
const WORKERS: usize = 12;

/// What was found.
#[derive(Debug, Clone, Copy)]
pub struct Filled {
    /// Tasks that came to their end.
    pub tasks: usize,
    /// The share of all units' time in which their runner was the fullest; counted from the first full load to the last arrival.
    pub fill: f64,
    /// Runners that drove something, on average of that time.
    pub runners: f64,
    /// Claims for each task.
    pub claims: f64,
    /// Runner processes that were started.
    pub started: usize,
}

/// Lets tasks arrive for so many seconds, and waits for their ends; the workers' logs go to the folder.
pub async fn play(seconds: u32, logs: &Path) -> anyhow::Result<Filled> {
    let hub = Hub::start(&calm(), logs).await?;
    #[expect(clippy::disallowed_methods, reason = "it calls this program's own ports")]
    let http = reqwest::Client::builder().no_proxy().build()?;
    let began = hub.clock.now();
    let arrivals = stream::iter(0..seconds * RATE).map(|n| {
        let (http, hub) = (http.clone(), &hub);
        async move {
            hub.clock.sleep_until(began + Duration::from_secs(1) * n / RATE).await;
            create(&http, hub.running.url(), n).await
        }
    });
    let made: Vec<String> = arrivals.buffered(64).try_collect().await?;
    let full = (began + Duration::from_secs(u64::from(RUN)), hub.clock.now());
    let url = hub.running.url().to_owned();
    let ends = stream::iter(made).map(|id| over(&http, &url, id)).buffered(64).try_collect::<Vec<()>>();
    let tasks = ends.await?.len();
    hub.stop().await;
    measure(logs, full, tasks)
}

/// A plan in which nothing is asked for and nothing goes wrong.
fn calm() -> Plan {
    Plan {
        seed: 1,
        seconds: 0.0,
        workers: WORKERS,
        batch: UNITS as usize,
        quota: 1_000_000,
        manner: Manner { slice: SLICE, lease: LEASE, units: UNITS, runs_per_minute: 1_000_000 },
        woken: false,
        units: Vec::new(),
        steps: Vec::new(),
        skies: Skies::default(),
        upstream: Vec::new(),
    }
}

async fn create(http: &reqwest::Client, base: &str, n: u32) -> anyhow::Result<String> {
    let input = json!({"company": format!("Company {n}"), "simulate": format!("seconds={RUN}")});
    let body = json!({"processor": "lite", "input": input, "taskSpec": {"output_schema": "its sector"}});
    let answer =
        http.post(format!("{base}/api/tasks")).header("x-api-key", "fill").json(&body).send().await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    Ok(answer["id"].as_str().context("no id")?.to_owned())
}

async fn over(http: &reqwest::Client, base: &str, id: String) -> anyhow::Result<()> {
    loop {
        let url = format!("{base}/task/{id}.json?wait=60");
        let answer = http.get(url).header("x-api-key", "fill").send().await?;
        let task: Value = answer.error_for_status()?.json().await?;
        if task.pointer("/task/completedAt").is_some_and(Value::is_string) {
            return Ok(());
        }
    }
}

/// Reads from the logs who drove how many units when.
fn measure(logs: &Path, (from, until): (Timestamp, Timestamp), tasks: usize) -> anyhow::Result<Filled> {
    let mut changes: Vec<(Timestamp, usize, i32)> = Vec::new();
    let (mut claims, mut started) = (0_usize, 0);
    for (worker, entry) in fs::read_dir(logs)?.enumerate() {
        started += 1;
        let mut held: HashMap<String, bool> = HashMap::new();
        for line in String::from_utf8_lossy(&fs::read(entry?.path())?).lines() {
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            let at = line["timestamp"].as_str().and_then(|at| at.parse().ok());
            let unit = line["spans"]
                .as_array()
                .and_then(|spans| spans.iter().find_map(|span| span["unit.id"].as_str()));
            let (Some(at), Some(unit)) = (at, unit) else { continue };
            let is_held = held.entry(unit.to_owned()).or_default();
            match line["fields"]["message"].as_str().unwrap_or_default() {
                "The unit is claimed." => {
                    claims += 1;
                    changes.extend((!*is_held).then_some((at, worker, 1)));
                    *is_held = true;
                }
                "The unit is over." | "The unit is handed over." | "The unit is somebody else's now." => {
                    changes.extend(is_held.then_some((at, worker, -1)));
                    *is_held = false;
                }
                _ => {}
            }
        }
    }
    changes.sort_unstable();
    let mut driving: BTreeMap<usize, i32> = BTreeMap::new();
    let (mut fullest, mut all, mut busy, mut total) = (0.0, 0.0, 0.0, 0.0);
    let mut last = from;
    for (at, worker, change) in changes {
        let upto = at.clamp(from, until);
        let span = upto.duration_since(last).as_secs_f64().max(0.0);
        fullest += span * f64::from(driving.values().max().copied().unwrap_or(0));
        all += span * f64::from(driving.values().sum::<i32>());
        busy += span * count(driving.values().filter(|units| **units > 0).count());
        total += span;
        last = last.max(upto);
        *driving.entry(worker).or_default() += change;
    }
    anyhow::ensure!(all > 0.0, "nothing was driven");
    Ok(Filled {
        tasks,
        fill: fullest / all,
        runners: busy / total,
        claims: count(claims) / count(tasks),
        started,
    })
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
fn count(number: usize) -> f64 {
    number as f64
}
