//! The tasks: written as the api writes them, and held against what their runs showed.

use std::collections::HashSet;

use ambient::{Clock, Entropy};
use anyhow::Context;
use domain::group::{GroupSpec, Inputs, Output, Secrets};
use domain::input::{FIRST_SOURCE, Input};
use domain::progress::Progress;
use domain::run::{Counts, Run};
use domain::unit::{Asks, Kind, Lease, Spec, Status, Unit, Visibility};
use domain::{OwnerId, UnitId};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use store::{Store, Tables};
use vault::{Sealer, Secret};

/// Tasks written, or held against their runs, at a time.
const AT_A_TIME: usize = 32;

/// The tasks of a trial.
pub(crate) struct Units {
    store: Store,
    ids: Vec<UnitId>,
}

/// What was found of all tasks together.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) shown: usize,
    pub(crate) lost: usize,
    pub(crate) wrong: Vec<String>,
}

/// The tables at this endpoint.
pub(crate) async fn store(endpoint: &str) -> Store {
    let tables = Tables { units: "units".to_owned(), outbox: "outbox".to_owned() };
    Store::new(&cloud::config(Some(endpoint)).await, tables)
}

/// What seals and opens the keys of the tasks.
pub(crate) fn sealer() -> Sealer {
    Sealer::new(&[7; 32], Entropy::system())
}

impl Units {
    /// Writes so many tasks, each of which takes so many seconds upstream.
    pub(crate) async fn create(
        endpoint: &str,
        upstream: &str,
        key: &str,
        tasks: usize,
        seconds: usize,
    ) -> anyhow::Result<Self> {
        let (store, entropy) = (store(endpoint).await, Entropy::system());
        let ids: Vec<UnitId> = (0..tasks).map(|_| UnitId::from_bits(entropy.bytes())).collect();
        stream::iter(&ids)
            .map(|id| write(&store, id, upstream, key, seconds))
            .buffer_unordered(AT_A_TIME)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(Self { store, ids })
    }

    pub(crate) fn ids(&self) -> Vec<&str> {
        self.ids.iter().map(UnitId::as_str).collect()
    }

    /// Holds what each task tells against what its run showed.
    pub(crate) async fn compare(&self, upstream: &str) -> anyhow::Result<Found> {
        #[expect(clippy::disallowed_methods, reason = "it calls a process of this program's own")]
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut found = Found::default();
        for id in &self.ids {
            let unit = self.store.unit(id).await?.context("a task is gone")?;
            let runs: Vec<Run> = self.store.runs(id, 0..1).try_collect().await?;
            let run = runs.first().filter(|run| unit.status == Status::Completed && run.output.is_some());
            let Some(run_id) = run.and_then(|run| run.run_id.as_deref()) else {
                found.wrong.push(format!("a task ended as {} with {runs:?}", unit.status.word()));
                continue;
            };
            let url = format!("{upstream}/_sim/shown?run={run_id}");
            let shown: Value = http.get(url).send().await?.error_for_status()?.json().await?;
            let shown: Vec<String> = shown["shown"]
                .as_array()
                .context("nothing shown")?
                .iter()
                .filter(|event| event["type"].as_str().is_some_and(is_message))
                .map(ToString::to_string)
                .collect();
            let flushes = self.store.all_events(id).await?;
            let told: Vec<String> = flushes
                .iter()
                .flat_map(|(_, flush)| &flush.told)
                .filter(|told| is_message(&told.kind))
                .map(|told| told.data.get().to_owned())
                .collect();
            let distinct: HashSet<&String> = told.iter().collect();
            found.shown += shown.len();
            found.lost += shown.iter().filter(|event| !distinct.contains(event)).count();
            let mut rest = shown.iter();
            if distinct.len() != told.len() || !told.iter().all(|event| rest.any(|shown| shown == event)) {
                found.wrong.push(format!("a task was told otherwise than its run {run_id} showed"));
            }
        }
        Ok(found)
    }
}

/// Statistics are not counted: the upstream itself tells a late reader the latest only.
fn is_message(kind: &str) -> bool {
    kind.starts_with("task_run.progress_msg")
}

async fn write(store: &Store, id: &UnitId, upstream: &str, key: &str, seconds: usize) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let expires_at = now.checked_add(SignedDuration::from_hours(720))?;
    let input = json!({"company": id.as_str(), "simulate": format!("seconds={seconds}")});
    let input = Input::from(serde_json::value::to_raw_value(&input)?);
    store.put_inputs(id, FIRST_SOURCE, 0, &[input], expires_at).await?;
    let secrets = serde_json::to_string(&Secrets { key: key.to_owned(), mcp_servers: None })?;
    let unit = Unit {
        id: id.clone(),
        kind: Kind::Task,
        owner: OwnerId::new("bench"),
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
        counts: Counts::pending(1),
        spec: Spec {
            public_base: "https://api.example".to_owned(),
            preview: None,
            upstream: upstream.to_owned(),
            visibility: Visibility::Link,
            woken: false,
            group: GroupSpec {
                inputs: Inputs::Stored { rows: 1 },
                output: Output::Auto,
                input_schema: None,
                processor: Some("pro".to_owned()),
                webhook: None,
                metadata: Map::new(),
                offset: 0,
                limit: None,
                max_cost: None,
                timeout_seconds: None,
                retry_failed: 0,
                cache_hours: None,
                pass_through: Map::from_iter([("enable_events".to_owned(), true.into())]),
                warnings: Vec::new(),
            },
        },
        asks: Asks::default(),
        progress: Progress { rows: Some(1), ..Progress::default() },
        sealed: Some(sealer().seal(&Secret::new(secrets), id.as_str())),
    };
    store.create_unit(&unit, None).await?;
    Ok(())
}
