//! The upstream's side: every run, what it was given, what it gave, what it showed, and who followed it.
//!
//! Read from the simulator's ledger and over its own API, with the keys of the round. Invariant: a run is told of by the input that it was
//! given, not by what anybody said of it later.

use anyhow::Context;
use serde_json::Value;
use simulator::{RunEntry, Simulator};

use super::{Bought, Followed};

/// Every run; `keys` are all that runs were bought with.
pub async fn read(simulator: &Simulator, keys: &[String]) -> anyhow::Result<Vec<Bought>> {
    #[expect(clippy::disallowed_methods, reason = "it calls this program's own upstream")]
    let http = reqwest::Client::builder().no_proxy().build()?;
    let ledger = simulator.ledger();
    let followed = ledger.followed();
    let mut bought = Vec::new();
    for key in keys {
        for run in ledger.runs_of_key(key) {
            let get = async |what: &str| {
                let url = format!("{}/v1/tasks/runs/{}/{what}", simulator.url(), run.run_id);
                let answer = http.get(url).header("x-api-key", key).send().await?;
                Ok::<_, anyhow::Error>((answer.status(), answer.json::<Value>().await?))
            };
            let (_, given) = get("input").await?;
            let row = given["input"]["name"].as_str().with_context(|| format!("a run of nobody: {given}"))?;
            let output = match run.status {
                "completed" => Some(get("result").await?.1["output"].take()),
                _ => None,
            };
            let streams = followed.iter().filter(|stream| stream.run_id == run.run_id);
            let streams = streams.map(|stream| Followed {
                opened_at: stream.opened_at,
                told_at: stream.told_at,
                closed_at: stream.closed_at,
            });
            let shown = ledger.shown(&run.run_id).into_iter();
            bought.push(Bought {
                row: row.to_owned(),
                mark: mark(&run),
                status: run.status.to_owned(),
                ended_at: run.ends_at,
                output,
                messages: shown.filter(|(_, event)| is_message(event)).collect(),
                followed: streams.collect(),
                run_id: run.run_id,
            });
        }
    }
    Ok(bought)
}

/// Whether an event is a message: statistics are not counted, of which the upstream tells a late reader the latest only.
#[must_use]
pub fn is_message(event: &Value) -> bool {
    event["type"].as_str().is_some_and(|kind| kind.starts_with("task_run.progress_msg"))
}

fn mark(run: &RunEntry) -> Option<(u32, u32)> {
    let (row, attempt) = run.metadata.get("mt_row")?.as_str()?.split_once('.')?;
    Some((row.parse().ok()?, attempt.parse().ok()?))
}
