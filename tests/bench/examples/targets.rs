//! Every figure that the design sets, measured several times, with its median.
//!
//! `cargo build --release -p multitask && cargo run --release -p bench --example targets -- 3` takes half an hour with three rounds, since
//! 10,000 rows take five minutes at the upstream's quota; a second argument picks the lines whose trial has that word in its name. The
//! service and the simulator run as processes of their own. Streams and cold starts have programs of their own: `streams`, `cold_start`.

use std::time::Duration;

use bench::groups::{self, GROUPS, TASKS};
use bench::live::{self, Trial};
use bench::{Caller, Line, Wanted, World, ms};
use futures::future::{BoxFuture, FutureExt};

use Wanted::{AtLeast, AtMost};

/// A figure of one measurement.
type Figure = (&'static str, Wanted, f64);

const TASKS_AT_ONCE: Trial = Trial {
    name: "1,000 tasks of 10 s, one runner",
    tasks: 1_000,
    seconds: (10, 10),
    options: &["--runners", "1", "--units-per-runner", "1000"],
    cuts: &[],
};

const KILLED: Trial = Trial {
    name: "500 tasks whose process is killed",
    tasks: 500,
    seconds: (30, 40),
    options: &["--runners", "1", "--units-per-runner", "500"],
    cuts: &[],
};

/// One measurement of several figures.
type Measure = fn() -> BoxFuture<'static, anyhow::Result<Vec<Figure>>>;

/// What is measured, by name.
const TRIALS: [(&str, Measure); 7] = [
    ("tasks", || tasks().boxed()),
    ("killed", || killed().boxed()),
    ("accepting tasks", || accepting_tasks().boxed()),
    ("accepting groups", || accepting_groups().boxed()),
    ("group of 1,000", || thousand().boxed()),
    ("watchers", || watchers().boxed()),
    ("group of 10,000", || ten_thousand().boxed()),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().map_or(Ok(3), |rounds| rounds.parse())?;
    let word = arguments.next().unwrap_or_default();
    println!("| what | wanted | median of {rounds} | least to most | holds |\n|---|---|---|---|---|");
    for (_, trial) in TRIALS.iter().filter(|(name, _)| name.contains(word.as_str())) {
        let mut lines: Vec<Line> = Vec::new();
        for _ in 0..rounds {
            for (at, (name, wanted, value)) in trial().await?.into_iter().enumerate() {
                match lines.get_mut(at) {
                    Some(line) => line.values.push(value),
                    None => lines.push(Line { name, wanted, values: vec![value] }),
                }
            }
        }
        for line in lines {
            println!("{line}");
        }
    }
    Ok(())
}

async fn tasks() -> anyhow::Result<Vec<Figure>> {
    let told = live::play(&TASKS_AT_ONCE).await?;
    Ok(vec![
        (
            "1,000 tasks, 24 events in 10 s each, one runner: ms from the last end upstream",
            AtMost(1_500.0),
            ms(told.lag),
        ),
        ("the same: CPU seconds", AtMost(8.0), told.usage.cpu_seconds),
        ("the same: MB", AtMost(200.0), told.usage.peak_megabytes),
        ("the same: events lost, repeated or moved", AtMost(0.0), bench::count(told.lost + told.wrong.len())),
    ])
}

/// The process is killed in the middle, and started anew: there are no leases to wait for, as nobody else runs.
async fn killed() -> anyhow::Result<Vec<Figure>> {
    let mut world = World::start(1.0, KILLED.options).await?;
    let caller = Caller::new(&world.service);
    let made = live::begin(&caller, &KILLED).await?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.kill_and_start().await?;
    let told = live::watch(&world, &caller, made).await?;
    Ok(vec![
        (
            "500 tasks whose process is killed: events lost, repeated or moved, runs bought twice",
            AtMost(0.0),
            bench::count(told.lost + told.wrong.len()),
        ),
        ("the same: ms from the last end upstream", AtMost(1_500.0), ms(told.lag)),
    ])
}

async fn accepting_tasks() -> anyhow::Result<Vec<Figure>> {
    let accepted = groups::accepting(TASKS, &groups::task()).await?;
    Ok(vec![
        ("accepting tasks, 64 clients: a second", AtLeast(200.0), accepted.rate),
        ("the same: ms, 99th percentile", AtMost(500.0), accepted.p99),
    ])
}

async fn accepting_groups() -> anyhow::Result<Vec<Figure>> {
    let accepted = groups::accepting(GROUPS, &groups::group(10)).await?;
    Ok(vec![
        ("accepting groups of 10, 64 clients: a second", AtLeast(200.0), accepted.rate),
        ("the same: ms, 99th percentile", AtMost(500.0), accepted.p99),
    ])
}

async fn thousand() -> anyhow::Result<Vec<Figure>> {
    let group = groups::one(1_000, 12.0).await?;
    let [json, md, html, ..] = group.reads.as_slice() else { anyhow::bail!("formats are missing") };
    Ok(vec![
        ("a group of 1,000: ms from the last end upstream", AtMost(250.0), group.lag),
        ("the same: ms of `.json`", AtMost(40.0), ms(json.1)),
        ("the same: ms of `.md`", AtMost(50.0), ms(md.1)),
        ("the same: ms of `.html`", AtMost(60.0), ms(html.1)),
    ])
}

async fn watchers() -> anyhow::Result<Vec<Figure>> {
    let (last, _) = groups::watching().await?;
    Ok(vec![("100 watchers of a group of 1,000: ms until the last is told of its end", AtMost(500.0), last)])
}

async fn ten_thousand() -> anyhow::Result<Vec<Figure>> {
    let group = groups::one(10_000, 12.0).await?;
    Ok(vec![
        ("a group of 10,000: ms until it is accepted", AtMost(1_000.0), ms(group.accepted)),
        ("the same: ms from the last end upstream", AtMost(1_000.0), group.lag),
        ("the same: ms of `.json`", AtMost(250.0), ms(group.reads[0].1)),
        ("the same: MB at its end", AtMost(100.0), group.usage.peak_megabytes),
    ])
}
