//! Units and rows for tests, and a driver that feeds a view like its caller does.

use std::sync::Arc;

use domain::event::Told;
use domain::group::{GroupSpec, Inputs, Output};
use domain::run::{Counts, Run, RunError, RunStatus};
use domain::unit::{Asks, Kind, Lease, Spec, Status, Unit, Visibility};
use domain::{OwnerId, UnitId};
use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::{Format, Options, Out, Row, View, view};

/// A group of `rows` pending rows that is running.
pub(crate) fn group(rows: u32) -> Unit {
    let at = |seconds: i64| Timestamp::from_second(1_736_589_600 + seconds).expect("in range");
    let progress = domain::progress::Progress { rows: Some(rows), ..Default::default() };
    Unit {
        id: UnitId::from_bits([7; 16]),
        kind: Kind::Group,
        owner: OwnerId::new("owner"),
        status: Status::Running,
        lease: Lease::default(),
        round: 0,
        seq: 3,
        changes: 0,
        created_at: at(0),
        started_at: Some(at(1)),
        completed_at: None,
        modified_at: at(1_800),
        expires_at: at(2_592_000),
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
        progress,
        sealed: None,
    }
}

/// The same group when its runs are over.
pub(crate) fn ended(mut unit: Unit, runs: &[Option<Run>]) -> Unit {
    unit.counts = Counts::default();
    for run in runs {
        *unit.counts.of_mut(run.as_ref().map_or(RunStatus::Failed, |run| run.status)) += 1;
    }
    unit.status = Status::of_ended(&unit.counts);
    unit.completed_at = Some(unit.modified_at);
    unit.progress.committed_cost = u64::from(unit.counts.total()) * 25_000;
    unit
}

pub(crate) fn raw(json: &str) -> Arc<RawValue> {
    Arc::from(RawValue::from_string(json.to_owned()).expect("JSON"))
}

/// A completed run whose whole output is this JSON.
pub(crate) fn completed(index: u32, output: &str) -> Run {
    Run {
        index,
        status: RunStatus::Completed,
        attempt: 1,
        run_id: Some(format!("trun_{index}")),
        output: Some(raw(output)),
        error: None,
        warnings: Vec::new(),
        created_at: Some(Timestamp::from_second(1_736_589_600).expect("in range")),
        finished_at: Some(Timestamp::from_second(1_736_589_660).expect("in range")),
        cached: false,
        past: Vec::new(),
    }
}

/// What the upstream told at some time.
pub(crate) fn told(kind: &str, data: &str) -> Told {
    let at = Timestamp::from_second(1_736_589_605).ok();
    Told { kind: kind.to_owned(), at, data: raw(data) }
}

/// A run that failed for this reason.
pub(crate) fn failed(index: u32, reason: &str) -> Run {
    Run {
        status: RunStatus::Failed,
        output: None,
        error: Some(RunError::new(reason)),
        ..completed(index, "null")
    }
}

/// What a view makes of these rows.
pub(crate) fn render(format: Format, unit: &Unit, options: &Options, rows: &[(&str, Option<Run>)]) -> String {
    drive(view(format, Arc::new(unit.clone()), options), rows)
}

/// Drives a view over these rows.
pub(crate) fn drive(mut view: Box<dyn View>, rows: &[(&str, Option<Run>)]) -> String {
    let mut out = Out::default();
    let inputs: Vec<_> = rows.iter().map(|(input, _)| raw(input)).collect();
    while let Some(pass) = view.turn(&mut out) {
        for (index, (input, (_, run))) in (0..).zip(inputs.iter().zip(rows)) {
            let run = run.as_ref().filter(|_| pass.runs);
            let status = run.map_or(RunStatus::Pending, |run| run.status);
            let run_id = run.and_then(|run| run.run_id.as_deref());
            let input = Some(input).filter(|_| pass.inputs).map(AsRef::as_ref);
            if index >= pass.from {
                view.row(&Row::new(index, input, run, run_id, status), &mut out);
            }
        }
    }
    String::from_utf8(out.take().to_vec()).expect("text")
}
