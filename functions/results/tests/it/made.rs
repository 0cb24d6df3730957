//! What tests make to be written and read: units, runs, deliveries.

use std::sync::Arc;

use domain::delivery::{Attempted, Delivery, Outcome, State};
use domain::group::{GroupSpec, Inputs, Output};
use domain::progress::Progress;
use domain::run::{Counts, Run, RunError, RunStatus};
use domain::unit::{Asks, Kind, Lease, Spec, Status, Unit, Visibility};
use domain::{OwnerId, UnitId};
use jiff::{SignedDuration, Timestamp};
use serde_json::value::RawValue;

/// A pending group of this many rows.
pub(crate) fn unit(
    id: UnitId,
    owner: OwnerId,
    rows: u32,
    output: Output,
    now: Timestamp,
    expires_at: Timestamp,
) -> Unit {
    Unit {
        id,
        kind: Kind::Group,
        owner,
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
                output,
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
    }
}

pub(crate) fn raw(json: &str) -> Arc<RawValue> {
    Arc::from(RawValue::from_string(json.to_owned()).expect("JSON"))
}

/// A completed run with this content.
pub(crate) fn completed(index: u32, content: &str) -> Run {
    let output = format!(
        r#"{{"type":"json","content":{content},"basis":[{{"field":"n","confidence":"high","reasoning":"","citations":[]}}]}}"#
    );
    Run {
        index,
        status: RunStatus::Completed,
        attempt: 1,
        run_id: Some(format!("trun_{index}")),
        output: Some(raw(&output)),
        error: None,
        warnings: Vec::new(),
        created_at: None,
        finished_at: None,
        cached: false,
        past: Vec::new(),
    }
}

/// A failed run.
pub(crate) fn failed(index: u32, reason: &str) -> Run {
    let error = Some(RunError::new(reason));
    Run { status: RunStatus::Failed, output: None, error, ..completed(index, "null") }
}

/// A delivery of the unit's end to this receiver, made `now`, whose first attempt was answered 500 a second later.
pub(crate) fn delivery(unit: &Unit, url: &str, now: Timestamp, state: State) -> Delivery {
    Delivery {
        unit: unit.id.clone(),
        owner: unit.owner.clone(),
        hook: "webhook".to_owned(),
        moment: "completed".to_owned(),
        round: 0,
        url: url.to_owned(),
        sealed_secret: Some("sealed-secret".to_owned()),
        body: "the-body".to_owned(),
        created_at: now,
        state,
        attempts: vec![Attempted {
            attempt: 1,
            at: now + SignedDuration::from_secs(1),
            milliseconds: 12,
            outcome: Outcome::Answered { status: 500, retry_after_seconds: None },
        }],
        earlier: 0,
    }
}
