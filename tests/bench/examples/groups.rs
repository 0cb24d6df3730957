//! What a group costs: time to accept, time from the last end upstream to the end here, processor and memory, and reading it.
//!
//! `multitask serve` and `multitask simulate` run as processes of their own, so that only the service is counted. Run it with
//! `cargo build --release -p multitask && cargo run --release -p bench --example groups`; it takes two minutes and prints tables.
//! Times are of this machine while it did nothing else: compare ratios, and medians of several runs.

use std::time::Duration;

use anyhow::Context;
use bench::{Caller, World, count, ms, now};
use futures::StreamExt;
use serde_json::{Value, json};

/// Groups, and how fast the simulator goes, so that a group of any size is over soon after the last row was bought.
const SIZES: [(u32, f64); 3] = [(100, 12.0), (1_000, 12.0), (10_000, 12.0)];
const GROUPS: &str = "/v1beta/tasks/groups";
const READS: usize = 5;
const FORMATS: [&str; 5] = ["json", "md", "html", "csv", "ndjson"];
const CLIENTS: usize = 64;
const ACCEPTING: Duration = Duration::from_secs(8);
const WATCHERS: usize = 100;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    println!(
        "Groups of one to three fields, processor lite; the service and the simulator in processes of their own.\n"
    );
    println!("rows    accepted ms   end to end ms   CPU s   peak MB");
    let mut readings = Vec::new();
    for (rows, speed) in SIZES {
        let world = World::start(speed, &[]).await?;
        let client = Caller::new(&world.service);
        let accepted = now();
        let group = format!("/{}", client.create(GROUPS, &body(rows)).await?.id);
        let accepted = accepted.elapsed();
        let unit = client.wait(&format!("{group}.json"), "/completed_at").await?;
        let lag = world.lag(&unit).await?;
        let usage = world.usage()?;
        println!(
            "{rows:<7} {:>11.0} {:>15.0} {:>7.1} {:>9.0}",
            ms(accepted),
            lag,
            usage.cpu_seconds,
            usage.peak_megabytes
        );
        for format in FORMATS {
            let mut times = Vec::new();
            let mut bytes = 0;
            for _ in 0..READS {
                let began = now();
                bytes = client.read(&format!("{group}.{format}")).await?;
                times.push(began.elapsed());
            }
            times.sort_unstable();
            readings.push((rows, format, times[READS / 2], bytes, world.usage()?.peak_megabytes));
        }
    }
    println!("\nrows    format   median ms       bytes   peak MB so far");
    for (rows, format, time, bytes, peak) in readings {
        println!("{rows:<7} {format:<7} {:>10.0} {bytes:>11} {peak:>16.0}", ms(time));
    }
    accepting().await?;
    watching().await
}

/// Accepting groups of ten rows from many clients at once, durable before each answer.
async fn accepting() -> anyhow::Result<()> {
    let world = World::start(1.0, &[]).await?;
    let client = Caller::new(&world.service);
    let body = body(10);
    let began = now();
    let work = |_| {
        let (client, body) = (client.clone(), &body);
        async move {
            let mut times = Vec::new();
            while began.elapsed() < ACCEPTING {
                let sent = now();
                client.create(GROUPS, body).await?;
                times.push(sent.elapsed());
            }
            anyhow::Ok(times)
        }
    };
    let clients: Vec<_> = (0..CLIENTS).map(work).collect();
    let mut times: Vec<Duration> = futures::future::try_join_all(clients).await?.concat();
    let took = began.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: usize| ms(times[(times.len() - 1) * share / 100]);
    println!(
        "\nAccepting groups of 10 rows, {CLIENTS} clients: {:.0} a second, median {:.0} ms, p99 {:.0} ms",
        count(times.len()) / took,
        at(50),
        at(99)
    );
    Ok(())
}

/// Many watchers of one group: how long after its end the last of them has been told.
async fn watching() -> anyhow::Result<()> {
    let world = World::start(12.0, &[]).await?;
    let client = Caller::new(&world.service);
    let group = format!("/{}", client.create(GROUPS, &body(1_000)).await?.id);
    let watch = |_| {
        let (client, group) = (client.clone(), group.clone());
        async move {
            let mut events = client.open(&format!("{group}/events")).await?.bytes_stream();
            let mut bytes = 0;
            while let Some(piece) = events.next().await {
                bytes += piece?.len();
            }
            anyhow::Ok((jiff_now(), bytes))
        }
    };
    let watchers: Vec<_> = (0..WATCHERS).map(watch).collect();
    let ended = futures::future::try_join_all(watchers).await?;
    let unit = client.wait(&format!("{group}.json"), "/completed_at").await?;
    let completed: jiff::Timestamp = unit["completed_at"].as_str().context("it has ended")?.parse()?;
    let last = ended.iter().map(|(at, _)| *at).max().context("there are watchers")?;
    println!(
        "{WATCHERS} watchers of a group of 1,000: the last was told {} ms after its end, {} bytes each",
        last.duration_since(completed).as_millis(),
        ended[0].1
    );
    Ok(())
}

fn body(rows: u32) -> Value {
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

fn jiff_now() -> jiff::Timestamp {
    ambient::Clock::system().now()
}
