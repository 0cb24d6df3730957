//! The tables, read item by item.
//!
//! Knows keys and attributes by itself, from ARCHITECTURE.md rather than from the crate that writes them. Invariant: an item that makes no
//! sense is an error, never nothing.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::read::DeflateDecoder;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Delivery, Flush, Meta, Run};

type Item = HashMap<String, AttributeValue>;

/// What the tables hold of one unit.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Its own item.
    pub meta: Option<Meta>,
    /// Its flushes.
    pub flushes: BTreeMap<u64, Flush>,
    /// What was bought.
    pub purchases: Vec<(u32, u32, String)>,
    /// Its runs.
    pub runs: BTreeMap<u32, Run>,
    /// Its deliveries.
    pub deliveries: Vec<Delivery>,
    /// All other keys.
    pub items: Vec<String>,
}

/// Everything that both tables hold, by unit.
pub async fn read(client: &Client, tables: &(String, String)) -> anyhow::Result<HashMap<String, Held>> {
    let mut all: HashMap<String, Held> = HashMap::new();
    for table in [&tables.0, &tables.1] {
        let mut start = None;
        loop {
            let page = client.scan().table_name(table).consistent_read(true).set_exclusive_start_key(start);
            let page = page.send().await?;
            for item in page.items.unwrap_or_default() {
                take(&mut all, &item).with_context(|| format!("an item makes no sense: {item:?}"))?;
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
    }
    Ok(all)
}

fn take(all: &mut HashMap<String, Held>, item: &Item) -> anyhow::Result<()> {
    let (pk, sk) = (text(item, "pk")?, text(item, "sk")?);
    let Some(unit) = pk.strip_prefix("U#") else { return Ok(()) };
    let id = unit.split('#').next().unwrap_or_default();
    let held = all.entry(id.to_owned()).or_default();
    let parts: Vec<&str> = sk.split('#').collect();
    if sk != "META" {
        held.items.push(format!("{pk} {sk}"));
    }
    match parts.as_slice() {
        ["META"] => held.meta = Some(meta(item)?),
        ["E", seq] => {
            held.flushes.insert(seq.parse()?, flush(&packed(item)?)?);
        }
        ["B", ..] => held.purchases.extend(purchase(&packed(item)?)?),
        ["R", index] => {
            held.runs.insert(index.parse()?, run(&packed(item)?)?);
        }
        ["D", ..] => held.deliveries.push(delivery(&sk, &packed(item)?)?),
        _ => {}
    }
    Ok(())
}

fn meta(item: &Item) -> anyhow::Result<Meta> {
    let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or(0);
    let counts = text(item, "counts").unwrap_or_default();
    let counts: BTreeMap<String, u64> = serde_json::from_str(&counts).unwrap_or_default();
    let mut told = Map::new();
    for (name, value) in item {
        let value = match value {
            AttributeValue::S(text) if name != "sealed" => json!(text),
            AttributeValue::N(number) => json!(number),
            AttributeValue::B(_) if name != "spec" => packed_as(item, name)?,
            _ => continue,
        };
        told.insert(name.clone(), value);
    }
    Ok(Meta {
        status: text(item, "status")?,
        seq: number("seq"),
        round: number("round"),
        epoch: number("epoch"),
        counts: counts.into_iter().filter(|(_, count)| *count > 0).collect(),
        told: Value::Object(told),
    })
}

fn flush(value: &Value) -> anyhow::Result<Flush> {
    let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    let run = |run: &Value| Some((number(&run[0])?, run[1].as_str()?.to_owned(), number(&run[2])?));
    let told = |told: &Value| Some((told["kind"].as_str()?.to_owned(), told["data"].clone()));
    Ok(Flush {
        at: value["at"].as_str().context("no time")?.parse()?,
        runs: list("runs").iter().map(run).collect::<Option<_>>().context("no runs")?,
        told: list("told").iter().map(told).collect::<Option<_>>().context("nothing told")?,
    })
}

fn purchase(value: &Value) -> anyhow::Result<Vec<(u32, u32, String)>> {
    let runs = value["runs"].as_array().context("no runs")?;
    let bought = |run: &Value| {
        Some((number(&run["index"])?, number(&run["attempt"])?, run["run_id"].as_str()?.to_owned()))
    };
    runs.iter().map(bought).collect::<Option<_>>().context("no purchase")
}

fn run(value: &Value) -> anyhow::Result<Run> {
    Ok(Run {
        status: value["status"].as_str().context("no status")?.to_owned(),
        attempt: number(&value["attempt"]).context("no attempt")?,
        run_id: value["run_id"].as_str().map(str::to_owned),
        output: value.get("output").filter(|output| !output.is_null()).cloned(),
    })
}

fn delivery(key: &str, value: &Value) -> anyhow::Result<Delivery> {
    let attempts = value["attempts"].as_array().cloned().unwrap_or_default();
    let status =
        |attempt: &Value| attempt.pointer("/outcome/answered/status").and_then(Value::as_u64).unwrap_or(0);
    Ok(Delivery {
        key: key.to_owned(),
        moment: value["moment"].as_str().context("no moment")?.to_owned(),
        round: value["round"].as_u64().context("no round")?,
        state: value.pointer("/state/state").and_then(Value::as_str).context("no state")?.to_owned(),
        due_at: value.pointer("/state/due_at").and_then(|at| at.as_str()?.parse().ok()),
        attempts: attempts.iter().map(status).collect(),
    })
}

fn text(item: &Item, name: &str) -> anyhow::Result<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned().with_context(|| format!("no {name}"))
}

fn packed(item: &Item) -> anyhow::Result<Value> {
    packed_as(item, "v")
}

/// A value whose first byte says whether the rest is deflated.
fn packed_as(item: &Item, name: &str) -> anyhow::Result<Value> {
    let bytes = item.get(name).and_then(|value| value.as_b().ok()).with_context(|| format!("no {name}"))?;
    let (kind, bytes) = bytes.as_ref().split_first().context("nothing")?;
    let mut text = Vec::new();
    match kind {
        0 => text.extend_from_slice(bytes),
        1 => {
            DeflateDecoder::new(bytes).read_to_end(&mut text)?;
        }
        other => anyhow::bail!("packed as {other}"),
    }
    Ok(serde_json::from_slice(&text)?)
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

/// The words that a row or a unit has when nothing more happens to it.
#[must_use]
pub fn is_over(status: &str) -> bool {
    ["completed", "partial", "failed", "cancelled", "timed_out", "deleted"].contains(&status)
}

/// The time that an attribute tells in microseconds.
#[must_use]
pub fn time(meta: &Meta, name: &str) -> Option<Timestamp> {
    let micros = meta.told.get(name)?.as_str()?.parse().ok()?;
    Timestamp::from_microsecond(micros).ok()
}
