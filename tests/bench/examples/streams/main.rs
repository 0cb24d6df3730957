//! How many event streams one runner process keeps open, and what each costs it.
//!
//! The tables and a queue that confirms everything are in this process; the simulator and the runner are processes of their own. The
//! runner drives a thousand tasks at once; a task is two streams, its group's and its run's. Every task is held against what its
//! run showed. Run it with `cargo run --release -p bench --example streams`; it ends with 1 if less is true than is claimed.

mod drive;
mod units;

use std::process::{ExitCode, Stdio};

use anyhow::{Context, bail};
use axum::Router;
use axum::routing::any;
use serde_json::{Value, json};
use simulator::{Config, Simulator};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::units::{Found, Units};

/// What a stream may cost at most, in bytes, and the runner's process altogether.
const CLAIM: f64 = 60_000.0;
const MEMORY: f64 = 512.0;

/// What is tried.
struct Trial {
    name: &'static str,
    protocol: &'static str,
    /// The limit of open files that the runner has.
    descriptors: u64,
    /// Whether each stream is to find a connection.
    all_fit: bool,
}

const TRIALS: [Trial; 3] = [
    Trial { name: "HTTP/2, 100 a connection", protocol: "h2", descriptors: 4_096, all_fit: true },
    Trial { name: "HTTP/1.1", protocol: "h1", descriptors: 4_096, all_fit: true },
    Trial { name: "HTTP/1.1 on Lambda", protocol: "h1", descriptors: 1_024, all_fit: false },
];

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    // An error means that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => measure(1_000, 60).await,
        [tasks, seconds] => measure(tasks.parse()?, seconds.parse()?).await,
        ["simulate"] => simulate().await,
        ["drive"] => drive::drive().await.map(|()| ExitCode::SUCCESS),
        _ => bail!("usage: streams [TASKS SECONDS]"),
    }
}

async fn measure(tasks: usize, seconds: usize) -> anyhow::Result<ExitCode> {
    let tables = tables().await?;
    let queue = confirming_queue().await?;
    let (_upstream, upstream) = simulator().await?;
    println!("{tasks} tasks of {seconds} s, all at once: {} streams.\n", 2 * tasks);
    println!(
        "{:<26} files   open at once   connections   waited   base MB   peak MB   kB a stream   messages   lost   wrong",
        ""
    );
    let mut kept = true;
    for trial in &TRIALS {
        let units = Units::create(&tables, &upstream, trial.protocol, tasks, seconds).await?;
        let order = json!({
            "tables": tables, "queue": queue, "upstream": upstream, "protocol": trial.protocol,
            "descriptors": trial.descriptors, "ids": units.ids(),
        });
        let told = ask("drive", &order).await?;
        let found = units.compare(&upstream).await?;
        kept &= report(trial, 2 * tasks, &told, &found)?;
    }
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints a line; says whether all that is claimed is true.
fn report(trial: &Trial, streams: usize, told: &Value, found: &Found) -> anyhow::Result<bool> {
    let number = |name: &str| told[name].as_f64().with_context(|| format!("no {name} in {told}"));
    let (base, peak, open) = (number("base_kb")?, number("peak_kb")?, number("open")?);
    let each = (peak - base) * 1_024.0 / open.max(1.0);
    println!(
        "{:<26} {:>5} {:>14} {:>13} {:>8} {:>9.1} {:>9.1} {:>13.1} {:>10} {:>6} {:>7}",
        trial.name,
        number("descriptors")?,
        open,
        number("lanes")?,
        number("waited")?,
        base / 1_024.0,
        peak / 1_024.0,
        each / 1_000.0,
        found.shown,
        found.lost,
        found.wrong.len(),
    );
    let failures = number("failures")?;
    if failures > 0.0 {
        println!("  {failures} messages came back: their units were left before their end");
    }
    for wrong in found.wrong.iter().take(3) {
        println!("  {wrong}");
    }
    let is_small = each <= CLAIM && peak / 1_024.0 <= MEMORY;
    let is_whole = found.lost == 0 && open >= bench::count(streams);
    Ok(found.wrong.is_empty() && is_small && (is_whole || !trial.all_fit))
}

async fn tables() -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let database = dynoxide::Database::memory()?;
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    units::store(&endpoint).await.create_tables().await?;
    Ok(endpoint)
}

/// A queue to which nothing is sent that matters here: it confirms whatever it is asked.
async fn confirming_queue() -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let yes = any(|| async {
        ([("content-type", "application/x-amz-json-1.0")], r#"{"Successful":[],"Failed":[]}"#)
    });
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(yes)).await });
    Ok(endpoint)
}

/// This program in another part.
fn part(name: &str) -> anyhow::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(name).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    command.spawn().context("this program does not start again")
}

/// Starts the simulator; returns its URL once it answers.
async fn simulator() -> anyhow::Result<(Child, String)> {
    let mut child = part("simulate")?;
    let output = child.stdout.take().context("no output")?;
    let url = BufReader::new(output).lines().next_line().await?.context("the simulator does not start")?;
    Ok((child, url))
}

async fn simulate() -> anyhow::Result<ExitCode> {
    let simulator = Simulator::start(Config { quota_per_minute: usize::MAX, ..Config::default() }).await?;
    println!("{}", simulator.url());
    // Its end is that of the process that started it.
    std::future::pending().await
}

/// Gives a part its order, and returns what it reports at its end.
async fn ask(name: &str, order: &Value) -> anyhow::Result<Value> {
    let mut child = part(name)?;
    let mut input = child.stdin.take().context("no input")?;
    input.write_all(order.to_string().as_bytes()).await?;
    drop(input);
    let output = child.wait_with_output().await?;
    let text = String::from_utf8(output.stdout)?;
    let last = text.lines().last().context("the runner reports nothing")?;
    Ok(serde_json::from_str(last)?)
}
