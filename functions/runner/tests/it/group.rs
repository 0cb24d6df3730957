//! What a test asks for: a group as the api would create it.

use domain::group::{GroupSpec, Inputs, Output, Webhook};
use domain::input::Input;
use domain::progress::Progress;
use domain::run::Counts;
use domain::unit::{Asks, Kind, Lease, Spec, Status, Unit, Visibility};
use domain::{OwnerId, UnitId};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// The public base of every unit here: nobody answers there.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";

pub(crate) struct Group {
    pub(crate) kind: Kind,
    pub(crate) spec: GroupSpec,
    pub(crate) rows: Vec<Value>,
    /// The upstream key; one of its own for each unit when there is none.
    pub(crate) key: Option<String>,
    /// What stands in the place of the sealed key.
    pub(crate) sealed: Option<String>,
    /// How far a predecessor has come.
    pub(crate) progress: Option<Progress>,
    /// Another upstream than the world's.
    pub(crate) upstream: Option<String>,
    /// Whether the upstream is asked for webhooks.
    pub(crate) woken: bool,
}

/// A group of these rows, of the cheapest kind, whose end is told to a receiver.
pub(crate) fn group(rows: impl IntoIterator<Item = Value>) -> Group {
    let rows: Vec<Value> = rows.into_iter().collect();
    let spec = GroupSpec {
        inputs: Inputs::Stored { rows: u32::try_from(rows.len()).expect("a few rows") },
        output: Output::Text { description: None },
        input_schema: None,
        processor: Some("lite".to_owned()),
        webhook: Some(Webhook { url: "https://receiver.test/hook".to_owned(), sealed_secret: None }),
        metadata: Map::new(),
        offset: 0,
        limit: None,
        max_cost: None,
        timeout_seconds: None,
        retry_failed: 0,
        cache_hours: None,
        pass_through: Map::new(),
        warnings: Vec::new(),
    };
    Group {
        kind: Kind::Group,
        spec,
        rows,
        key: None,
        sealed: None,
        progress: None,
        upstream: None,
        woken: false,
    }
}

/// A group of `count` rows on whom nothing goes wrong.
pub(crate) fn plain(count: usize) -> Group {
    group((0..count).map(|row| json!({"company": format!("Company {row}")})))
}

/// A group of rows that ask the simulator for these bad days.
pub(crate) fn simulated(markers: &[&str]) -> Group {
    let row =
        |(row, marker): (usize, &&str)| json!({"company": format!("Company {row}"), "simulate": marker});
    group(markers.iter().enumerate().map(row))
}

/// A single task that asks the simulator for this bad day, and for its events.
pub(crate) fn task(marker: &str) -> Group {
    let task = simulated(&[marker]).with(|spec| {
        spec.pass_through.insert("enable_events".to_owned(), true.into());
    });
    Group { kind: Kind::Task, ..task }
}

impl Group {
    pub(crate) fn with(mut self, change: impl FnOnce(&mut GroupSpec)) -> Self {
        change(&mut self.spec);
        self
    }

    /// The same, told of by the upstream's webhooks.
    pub(crate) fn woken(self) -> Self {
        Self { woken: true, ..self }
    }

    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub(crate) fn unit(
        &self,
        id: UnitId,
        owner: OwnerId,
        upstream: &str,
        sealed: String,
        now: Timestamp,
    ) -> Unit {
        let rows = match self.spec.inputs {
            Inputs::Stored { rows } => Some(rows),
            Inputs::Url { .. } => None,
        };
        Unit {
            id,
            kind: self.kind,
            owner,
            status: Status::Pending,
            lease: Lease { due_at: Some(now + SignedDuration::from_secs(60)), ..Lease::default() },
            round: 0,
            seq: 0,
            changes: 0,
            created_at: now,
            started_at: None,
            completed_at: None,
            modified_at: now,
            expires_at: now + SignedDuration::from_hours(24 * 60),
            counts: Counts::pending(rows.unwrap_or(0)),
            spec: Spec {
                public_base: NOBODY.to_owned(),
                preview: None,
                upstream: self.upstream.clone().unwrap_or_else(|| upstream.to_owned()),
                visibility: Visibility::Link,
                woken: self.woken,
                group: self.spec.clone(),
            },
            asks: Asks::default(),
            progress: Progress { rows, ..self.progress.clone().unwrap_or_default() },
            sealed: Some(self.sealed.clone().unwrap_or(sealed)),
        }
    }
}

pub(crate) fn inputs(rows: &[Value]) -> Vec<Input> {
    let raw = |row: &Value| Input::from(serde_json::value::to_raw_value(row).expect("JSON"));
    rows.iter().map(raw).collect()
}
