//! Shows that results are streamed: the peak memory of a reader of 10,000 rows is at most 20 MB above that of 100 rows.
//!
//! The tables run in this process; each reading is a process of its own, which serves one format to itself and reports its peak.
//! Run it with `cargo run --release -p bench --example memory`; it ends with 1 if a format needs more than is claimed.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use ambient::{Clock, Entropy};
use anyhow::{Context, bail};
use axum::body::Body;
use axum::http::Request;
use domain::event::Flush;
use domain::group::{GroupSpec, Inputs, Output};
use domain::input::{FIRST_SOURCE, Input};
use domain::progress::Progress;
use domain::run::{Counts, Run, RunStatus};
use domain::unit::{Asks, Kind, Lease, Spec, Status, Unit, Visibility};
use domain::{OwnerId, UnitId};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use results::{Break, Results, Settings, Wake};
use serde_json::json;
use serde_json::value::RawValue;
use store::{Claim, Saved, Store, Tables};
use tokio::net::TcpListener;
use tokio::process::Command;
use tower::ServiceExt;
use vault::Sealer;

const FORMATS: [&str; 5] = ["json", "csv", "html", "md", "ndjson"];
const FEW: u32 = 100;
const MANY: u32 = 10_000;
/// What many rows may need beyond few, in kilobytes.
const CLAIM: u64 = 20_000;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => measure().await,
        [endpoint, path] => read(endpoint, path).await.map(|()| ExitCode::SUCCESS),
        _ => bail!("usage: memory"),
    }
}

/// Writes two groups, has each format of each read by a process, and prints what that took.
async fn measure() -> anyhow::Result<ExitCode> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let database = dynoxide::Database::memory()?;
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    let store = store(&endpoint).await;
    store.create_tables().await?;
    let (few, many) = (write(&store, FEW).await?, write(&store, MANY).await?);
    let program = std::env::current_exe()?;
    let mut kept = true;
    println!("format   rows      bytes      ms   peak kB");
    for format in FORMATS {
        let mut peaks = Vec::new();
        for (rows, id) in [(FEW, &few), (MANY, &many)] {
            let output =
                Command::new(&program).arg(&endpoint).arg(format!("/{id}.{format}")).output().await?;
            let report = String::from_utf8(output.stdout)?;
            let [bytes, milliseconds, peak] = report.split_whitespace().collect::<Vec<_>>()[..] else {
                bail!("no report: {}", String::from_utf8_lossy(&output.stderr));
            };
            println!("{format:<6} {rows:>6} {bytes:>10} {milliseconds:>7} {peak:>9}");
            peaks.push(peak.parse::<u64>()?);
        }
        let more = peaks[1].saturating_sub(peaks[0]);
        kept &= more <= CLAIM;
        println!("{format:<6} {MANY} rows need {more} kB more than {FEW}; at most {CLAIM} are claimed");
    }
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads one result to its end and reports its bytes, the milliseconds it took, and this process's peak in kilobytes.
async fn read(endpoint: &str, path: &str) -> anyhow::Result<()> {
    let sealer = Sealer::new(&[0; 32], Entropy::seeded(1));
    let settings = Settings { access: web::Access::default(), at_fault: Break::Cut };
    let results = Results::new(store(endpoint).await, sealer, Clock::system(), Wake::default(), settings);
    #[expect(clippy::disallowed_methods, reason = "a measurement reads the machine's clock")]
    let began = Instant::now();
    let response = results::service(results).oneshot(Request::get(path).body(Body::empty())?).await?;
    let (mut body, mut bytes) = (response.into_body(), 0);
    while let Some(piece) = body.frame().await {
        bytes += piece?.data_ref().map_or(0, bytes::Bytes::len);
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak is reported")?;
    println!("{bytes} {} {}", began.elapsed().as_millis(), peak.trim().trim_end_matches(" kB"));
    Ok(())
}

async fn store(endpoint: &str) -> Store {
    let tables = Tables { units: "units".to_owned(), outbox: "outbox".to_owned() };
    Store::new(&cloud::config(Some(endpoint)).await, tables)
}

/// Writes a finished group of this many rows as a runner does.
async fn write(store: &Store, rows: u32) -> anyhow::Result<UnitId> {
    let id = UnitId::from_bits(u128::from(rows).to_be_bytes());
    let now = Clock::system().now();
    let expires_at = now.checked_add(SignedDuration::from_hours(720))?;
    let inputs: Vec<Input> =
        (0..rows).map(|row| raw(&json!({ "company": format!("Company {row}"), "row": row }))).collect();
    store.put_inputs(&id, FIRST_SOURCE, 0, &inputs, expires_at).await?;
    let unit = Unit {
        id: id.clone(),
        kind: Kind::Group,
        owner: OwnerId::new("owner"),
        status: Status::Pending,
        lease: Lease { due_at: Some(now), ..Lease::default() },
        round: 0,
        seq: 0,
        changes: 0,
        created_at: now,
        started_at: None,
        completed_at: None,
        modified_at: now,
        expires_at,
        counts: Counts::pending(rows),
        spec: Spec {
            public_base: "https://api.example".to_owned(),
            preview: None,
            upstream: "https://upstream.example".to_owned(),
            visibility: Visibility::Link,
            woken: false,
            group: GroupSpec {
                inputs: Inputs::Stored { rows },
                output: Output::Auto,
                input_schema: None,
                processor: Some("core".to_owned()),
                webhook: None,
                metadata: serde_json::Map::new(),
                offset: 0,
                limit: None,
                max_cost: None,
                timeout_seconds: None,
                retry_failed: 0,
                cache_hours: None,
                pass_through: serde_json::Map::new(),
                warnings: Vec::new(),
            },
        },
        asks: Asks::default(),
        progress: Progress { rows: Some(rows), ..Progress::default() },
        sealed: None,
    };
    store.create_unit(&unit, None).await?;
    let Claim::Won(mut unit) = store.claim(&id, 0, "m1", now, jiff::Timestamp::MAX, now).await? else {
        bail!("the claim was refused")
    };
    let runs: Vec<Run> = (0..rows).map(run).collect();
    store.put_runs(&id, unit.lease.epoch, &runs, expires_at).await?;
    unit.counts = Counts { completed: rows, ..Counts::default() };
    (unit.status, unit.seq, unit.completed_at) = (Status::Completed, 1, Some(now));
    let flush = Flush {
        at: now,
        status: unit.status,
        counts: unit.counts,
        runs: runs.iter().map(|run| (run.index, run.status, run.attempt)).collect(),
        told: Vec::new(),
        message: None,
    };
    match store.finish(&unit, &flush, &[]).await? {
        Saved::Yes(_) => Ok(id),
        other => bail!("the end was refused: {other:?}"),
    }
}

/// A run of the usual size: five fields, each with its basis, about two kilobytes.
fn run(index: u32) -> Run {
    let fields = ["ceo", "founded", "headquarters", "summary", "website"];
    let basis: Vec<_> = fields
        .iter()
        .map(|field| {
            json!({
                "field": field,
                "reasoning": format!("The {field} of company {index} stands on its own page and in a directory of {index} others."),
                "citations": [{
                    "title": format!("About company {index}"),
                    "url": format!("https://company-{index}.example/about"),
                    "excerpts": [format!("Company {index} was founded in {} and is led by its founder.", 1900 + index % 120)],
                }],
                "confidence": "high",
            })
        })
        .collect();
    let output = json!({
        "type": "json",
        "content": {
            "ceo": format!("Person {index}"),
            "founded": 1900 + index % 120,
            "headquarters": "Duluth",
            "summary": format!("Company {index} makes things that other companies need, {index} of them."),
            "website": format!("https://company-{index}.example"),
        },
        "basis": basis,
    });
    Run {
        index,
        status: RunStatus::Completed,
        attempt: 1,
        run_id: Some(format!("trun_{index:032x}")),
        output: Some(raw(&output)),
        error: None,
        warnings: Vec::new(),
        created_at: None,
        finished_at: None,
        cached: false,
        past: Vec::new(),
    }
}

fn raw(value: &serde_json::Value) -> Arc<RawValue> {
    Arc::from(serde_json::value::to_raw_value(value).expect("a value is JSON"))
}
