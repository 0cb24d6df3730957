//! A group from its POST to its last format, accepting many units at once, and many watchers of one.

use std::time::Duration;

use anyhow::Context;
use futures::StreamExt;
use serde_json::{Value, json};

use crate::{Caller, Usage, World, now};

/// Where groups are created.
pub const GROUPS: &str = "/v1beta/tasks/groups";
/// Where tasks are created.
pub const TASKS: &str = "/api/tasks";
/// Formats that are read.
pub const FORMATS: [&str; 5] = ["json", "md", "html", "csv", "ndjson"];
const READS: usize = 5;
/// Clients that create at once.
pub const CLIENTS: usize = 64;
const ACCEPTING: Duration = Duration::from_secs(8);
/// Watchers at once.
pub const WATCHERS: usize = 100;

/// What a group took.
#[derive(Debug)]
pub struct Group {
    /// From its POST to the answer, durable before that.
    pub accepted: Duration,
    /// Milliseconds from the last run's end upstream to the group's end here.
    pub lag: f64,
    /// What the service had used when it was over.
    pub usage: Usage,
    /// Each format: the median of its reads, its bytes, the peak of memory so far in MB.
    pub reads: Vec<(&'static str, Duration, usize, f64)>,
}

/// One group of so many rows, with a simulator at this speed.
pub async fn one(rows: u32, speed: f64) -> anyhow::Result<Group> {
    let world = World::start(speed, &[]).await?;
    let client = Caller::new(&world.service);
    let began = now();
    let group = format!("/{}", client.create(GROUPS, &group(rows)).await?.id);
    let accepted = began.elapsed();
    let unit = client.wait(&format!("{group}.json"), "/completed_at").await?;
    let lag = world.lag(&unit).await?;
    let usage = world.usage()?;
    let mut reads = Vec::new();
    for format in FORMATS {
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..READS {
            let began = now();
            bytes = client.read(&format!("{group}.{format}")).await?;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        reads.push((format, times[READS / 2], bytes, world.usage()?.peak_megabytes));
    }
    Ok(Group { accepted, lag, usage, reads })
}

/// How fast units were accepted.
#[derive(Debug, Clone, Copy)]
pub struct Accepted {
    /// Units a second.
    pub rate: f64,
    /// Milliseconds of an answer: the median.
    pub median: f64,
    /// Milliseconds of an answer: the 99th percentile.
    pub p99: f64,
}

/// Creates this unit again and again, from many clients at once; each is durable before its answer, and driven meanwhile.
pub async fn accepting(path: &str, body: &Value) -> anyhow::Result<Accepted> {
    let world = World::start(1.0, &[]).await?;
    let client = Caller::new(&world.service);
    let began = now();
    let work = |_| {
        let client = client.clone();
        async move {
            let mut times = Vec::new();
            while began.elapsed() < ACCEPTING {
                let sent = now();
                client.create(path, body).await?;
                times.push(sent.elapsed());
            }
            anyhow::Ok(times)
        }
    };
    let clients: Vec<_> = (0..CLIENTS).map(work).collect();
    let mut times: Vec<Duration> = futures::future::try_join_all(clients).await?.concat();
    let took = began.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: usize| crate::ms(times[(times.len() - 1) * share / 100]);
    Ok(Accepted { rate: crate::count(times.len()) / took, median: at(50), p99: at(99) })
}

/// Milliseconds from the end of a group of 1,000 until the last of its watchers had been told, and the bytes that each got.
pub async fn watching() -> anyhow::Result<(f64, usize)> {
    let world = World::start(12.0, &[]).await?;
    let client = Caller::new(&world.service);
    let group = format!("/{}", client.create(GROUPS, &group(1_000)).await?.id);
    let watch = |_| {
        let (client, group) = (client.clone(), group.clone());
        async move {
            let mut events = client.open(&format!("{group}/events")).await?.bytes_stream();
            let mut bytes = 0;
            while let Some(piece) = events.next().await {
                bytes += piece?.len();
            }
            anyhow::Ok((ambient::Clock::system().now(), bytes))
        }
    };
    let watchers: Vec<_> = (0..WATCHERS).map(watch).collect();
    let ended = futures::future::try_join_all(watchers).await?;
    let unit = client.wait(&format!("{group}.json"), "/completed_at").await?;
    let completed: jiff::Timestamp = unit["completed_at"].as_str().context("it has ended")?.parse()?;
    let last = ended.iter().map(|(at, _)| *at).max().context("there are watchers")?;
    Ok((last.duration_since(completed).as_secs_f64() * 1e3, ended[0].1))
}

/// The body of a task of ten seconds or so.
#[must_use]
pub fn task() -> Value {
    json!({"processor": "pro", "input": {"company": "Nordlys"}, "taskSpec": {"output_schema": "its sector"}})
}

/// The body of a group of so many rows.
#[must_use]
pub fn group(rows: u32) -> Value {
    let inputs: Vec<Value> =
        (0..rows).map(|row| json!({ "company": format!("Company {row}"), "country": "Norway" })).collect();
    json!({
        "inputs": inputs,
        "processor": "lite",
        "output_type": "json",
        "output_schema": {
            "type": "object",
            "properties": {
                "founded": { "type": "integer", "description": "the year of its founding" },
                "ceo": { "type": "string", "description": "the name of its CEO" },
                "sector": { "type": "string", "description": "its sector" }
            },
            "required": ["founded", "ceo", "sector"],
            "additionalProperties": false
        }
    })
}
