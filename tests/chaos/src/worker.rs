//! A worker: one process that is one runner, as a sandbox on Lambda is.
//!
//! It reads lines from its standard input: first how it is made, then what it is to do, one invocation at a time; it writes the answer of each
//! to its standard output, and its log, a JSON a line, to its standard error. Invariant: it ends with its input.

use std::sync::Arc;
use std::time::Duration;

use ambient::{Clock, Entropy};
use anyhow::Context;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use multitask::sdk;
use queue::{Places, Queue};
use runner::{Parts, Runner};
use serde::{Deserialize, Serialize};
use store::{Store, Tables};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use vault::{Sealer, Secret};
use web::outbound::Outbound;

use crate::settings;

/// How a worker is made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Made {
    /// Where the tables and the queues answer.
    pub aws: String,
    /// The names of the tables: of units, and of the outbox.
    pub tables: (String, String),
    /// The URL of the queue of runs, and of that from which runners adopt.
    pub runs: (String, Option<String>),
    /// The URL and the ARN of the queue of deliveries.
    pub deliveries: (String, String),
    /// The group of schedules, and the role.
    pub schedules: (String, String),
    /// The upstream.
    pub upstream: String,
    /// The key under which callers' keys are sealed: made for the round, and gone with it.
    pub sealing_key: String,
    /// How it behaves, where that is the plan's.
    pub manner: Manner,
}

/// What the plan says of how runners behave.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Manner {
    /// Seconds for which a unit is driven before it is handed over.
    pub slice: u64,
    /// Seconds of a lease.
    pub lease: u64,
    /// Units driven at a time.
    pub units: u32,
    /// What is believed of the upstream's quota.
    pub runs_per_minute: u32,
}

/// What a worker is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Work off this batch in this time.
    Invoke {
        /// The batch.
        event: SqsEvent,
        /// Milliseconds.
        time_left: u64,
    },
    /// Its clock shows so many milliseconds more from now on.
    Skew(u64),
    /// Hand everything over, and take up nothing more.
    Stop,
}

/// Works until the input ends.
pub async fn work() -> anyhow::Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let first = lines.next_line().await?.context("nobody says how this worker is made")?;
    let clock = Clock::system();
    let runner = runner(&serde_json::from_str(&first)?, clock.clone())?;
    let (answers, mut written) = tokio::sync::mpsc::unbounded_channel::<SqsBatchResponse>();
    tokio::spawn(async move {
        let mut out = tokio::io::stdout();
        while let Some(answer) = written.recv().await {
            let line = format!("{}\n", serde_json::json!(answer));
            if out.write_all(line.as_bytes()).await.is_err() || out.flush().await.is_err() {
                break;
            }
        }
    });
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Told::Invoke { event, time_left } => {
                let (runner, answers) = (runner.clone(), answers.clone());
                tokio::spawn(async move {
                    // Nobody is there to be told when the input has ended.
                    let _ = answers.send(runner.invoke(event, Duration::from_millis(time_left)).await);
                });
            }
            Told::Skew(milliseconds) => clock.advance(Duration::from_millis(milliseconds)),
            Told::Stop => runner.stop(),
        }
    }
    Ok(())
}

fn runner(made: &Made, clock: Clock) -> anyhow::Result<Runner> {
    let aws = sdk::config(&made.aws);
    let (units, outbox) = made.tables.clone();
    let ((runs, adopt), (deliveries, deliveries_arn)) = (made.runs.clone(), made.deliveries.clone());
    let (schedule_group, schedule_role) = made.schedules.clone();
    let places = Places { runs, adopt, deliveries, deliveries_arn, schedule_group, schedule_role };
    let entropy = Entropy::system();
    let sealer = Sealer::from_text(&Secret::new(&made.sealing_key), entropy.clone());
    Ok(Runner::new(Parts {
        store: Store::new(&aws, Tables { units, outbox }),
        queue: Queue::new(&aws, places),
        upstream: parallel::Client::new(parallel::Settings::new(made.upstream.parse()?))?,
        sealer: sealer.context("the sealing key is no key")?,
        outbound: Outbound::new(web::outbound::Settings::from_rules(&[], None)?)?,
        settings: settings::runner(made.manner),
        on_change: Arc::new(|_| {}),
        clock,
        entropy,
    }))
}
