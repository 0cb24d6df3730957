//! The runner's process: drives what it was ordered to, and reports what it had open and what it took.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use ambient::{Clock, Entropy};
use anyhow::Context;
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use domain::UnitId;
use domain::message::{self, Work};
use parallel::Protocol;
use queue::{Places, Queue};
use runner::{Parts, Runner, Settings};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use web::outbound::Outbound;

use crate::units;

/// How often it is looked how many streams are open.
const LOOK: Duration = Duration::from_millis(100);

/// The most that was seen.
#[derive(Default)]
struct Seen {
    open: usize,
    lanes: usize,
    waited: usize,
}

/// Reads an order, carries it out, and prints a report.
pub(crate) async fn drive() -> anyhow::Result<()> {
    let mut order = String::new();
    std::io::stdin().read_to_string(&mut order)?;
    let order: Value = serde_json::from_str(&order)?;
    let descriptors = limit(order["descriptors"].as_u64().context("no descriptors")?)?;
    let runner = runner(&order).await?;
    let ids = order["ids"].as_array().context("no ids")?.iter().filter_map(Value::as_str);
    let records = ids.map(record).collect::<anyhow::Result<Vec<_>>>()?;
    let base = kilobytes("VmRSS:")?;
    let mut event = SqsEvent::default();
    event.records = records;
    let mut seen = Seen::default();
    let answer = tokio::select! {
        answer = runner.invoke(event, Duration::from_mins(15)) => answer,
        () = watch(&runner, &mut seen) => unreachable!("it watches for ever"),
    };
    let report = json!({
        "descriptors": descriptors, "base_kb": base, "peak_kb": kilobytes("VmHWM:")?,
        "open": seen.open, "lanes": seen.lanes, "waited": seen.waited,
        "failures": answer.batch_item_failures.len(),
    });
    println!("{report}");
    Ok(())
}

async fn watch(runner: &Runner, seen: &mut Seen) {
    loop {
        let streams = runner.connections().streams;
        seen.waited = seen.waited.max(streams.waiting);
        if streams.open >= seen.open {
            (seen.open, seen.lanes) = (streams.open, streams.lanes);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Sets how many files this process may have open, as far as it may; returns that.
fn limit(wanted: u64) -> anyhow::Result<u64> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = maximum.map_or(wanted, |maximum| wanted.min(maximum));
    setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum })?;
    Ok(current)
}

async fn runner(order: &Value) -> anyhow::Result<Runner> {
    let text = |name: &str| order[name].as_str().with_context(|| format!("no {name}"));
    let mut upstream = parallel::Settings::new(text("upstream")?.parse()?);
    upstream.protocol =
        if text("protocol")? == "h2" { Protocol::Http2PriorKnowledge } else { Protocol::Http1 };
    let queue = text("queue")?;
    let places = Places {
        runs: format!("{queue}/runs"),
        adopt: None,
        deliveries: format!("{queue}/deliveries"),
        deliveries_arn: "arn:aws:sqs:us-east-1:000000000000:deliveries".to_owned(),
        schedule_group: "multitask".to_owned(),
        schedule_role: "arn:aws:iam::000000000000:role/schedules".to_owned(),
    };
    Ok(Runner::new(Parts {
        store: units::store(text("tables")?).await,
        queue: Queue::new(&cloud::config(Some(queue)).await, places),
        upstream: parallel::Client::new(upstream)?,
        sealer: units::sealer(),
        outbound: Outbound::new(web::outbound::Settings::from_rules(&[], None)?)?,
        clock: Clock::system(),
        entropy: Entropy::system(),
        settings: Settings {
            slice: Duration::from_mins(14),
            units: 2_000,
            runs_per_minute: 1_000_000,
            ..Settings::default()
        },
        on_change: Arc::new(|_| {}),
    }))
}

fn record(id: &str) -> anyhow::Result<SqsMessage> {
    let work = Work::unit(id.parse::<UnitId>()?, 0);
    let mut record = SqsMessage::default();
    record.message_id = Some(format!("message of {id}"));
    record.receipt_handle = Some(format!("receipt of {id}"));
    record.body = Some(message::write(&work));
    Ok(record)
}

fn kilobytes(field: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|line| line.strip_prefix(field)).context("no memory is reported")?;
    Ok(value.trim().trim_end_matches(" kB").parse()?)
}
