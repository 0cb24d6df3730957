//! What a unit's JSON says before its rows: who it is, where it stands, what it costs.

use domain::processor;
use domain::run::RunStatus;
use domain::unit::Unit;
use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::words;

/// A unit without its rows. Serialises to the contract's shape.
#[derive(Debug, Serialize)]
pub struct Head<'a> {
    taskgroup_id: &'a str,
    upstream_taskgroup_id: Option<&'a str>,
    url: String,
    metadata: &'a Map<String, Value>,
    status: Standing<'a>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    expires_at: Timestamp,
    output_type: &'static str,
    processor: Option<&'a str>,
    processor_reason: Option<&'a str>,
    warnings: Vec<&'a str>,
    error: Option<&'a domain::progress::Failure>,
}

/// Where a unit stands.
#[derive(Debug, Serialize)]
struct Standing<'a> {
    num_task_runs: u32,
    task_run_status_counts: Counts<'a>,
    is_active: bool,
    status: &'static str,
    status_message: &'static str,
    modified_at: Timestamp,
    progress_percent: u32,
    cost: Cost,
    waiting_for: Option<&'a str>,
}

/// Counts that are not zero, by the word of their status.
#[derive(Debug)]
struct Counts<'a>(&'a domain::run::Counts);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for status in RunStatus::ALL {
            if self.0.of(status) > 0 {
                map.serialize_entry(status.word(), &self.0.of(status))?;
            }
        }
        map.end()
    }
}

/// What a unit costs, in dollars; null while the price is not known.
#[derive(Debug, Serialize)]
struct Cost {
    so_far_usd: Option<f64>,
    at_most_usd: Option<f64>,
}

impl<'a> Head<'a> {
    /// What is to be said of this unit.
    #[must_use]
    pub fn new(unit: &'a Unit) -> Self {
        let (group, progress) = (&unit.spec.group, &unit.progress);
        let cost = cost(unit);
        Self {
            taskgroup_id: unit.id.as_str(),
            upstream_taskgroup_id: progress.upstream_group.as_deref(),
            url: unit.url(),
            metadata: &group.metadata,
            status: Standing {
                num_task_runs: rows(unit),
                task_run_status_counts: Counts(&unit.counts),
                is_active: !unit.status.is_terminal(),
                status: unit.status.word(),
                status_message: words::of_unit(unit.status),
                modified_at: unit.modified_at,
                progress_percent: percent(unit),
                cost: Cost {
                    so_far_usd: cost.map(|(so_far, _)| dollars(so_far)),
                    at_most_usd: cost.map(|(_, at_most)| dollars(at_most)),
                },
                waiting_for: progress.waiting_for.as_deref().filter(|_| !unit.status.is_terminal()),
            },
            created_at: unit.created_at,
            started_at: unit.started_at,
            completed_at: unit.completed_at,
            expires_at: unit.expires_at,
            output_type: group.output.word(),
            processor: processor_name(unit),
            processor_reason: progress.processor_reason.as_deref(),
            warnings: warnings(unit).collect(),
            error: progress.failure.as_ref(),
        }
    }
}

/// The number of rows: as stored, or as counted while nothing is stored yet.
pub(crate) fn rows(unit: &Unit) -> u32 {
    unit.rows().max(unit.counts.total())
}

/// How much of the unit is over, in whole per cent; 100 only when all of it is.
pub(crate) fn percent(unit: &Unit) -> u32 {
    if unit.status.is_terminal() {
        return 100;
    }
    let (finished, total) = (u64::from(unit.counts.finished()), u64::from(rows(unit)));
    u32::try_from((finished * 100).checked_div(total).unwrap_or(0)).unwrap_or(100).min(99)
}

pub(crate) fn processor_name(unit: &Unit) -> Option<&str> {
    unit.progress.processor.as_deref().or(unit.spec.group.processor.as_deref())
}

/// What went otherwise than asked for: at the door, then on the way.
pub(crate) fn warnings(unit: &Unit) -> impl Iterator<Item = &str> {
    unit.spec.group.warnings.iter().chain(&unit.progress.warnings).map(String::as_str)
}

/// What the unit has cost so far and costs at most, in millionths of a dollar; none while the price is unknown.
///
/// Completed runs cost, failed ones are free. A run that was given up may still complete upstream.
pub(crate) fn cost(unit: &Unit) -> Option<(u64, u64)> {
    let price = processor::find(processor_name(unit)?)?.micro_dollars;
    let of = |runs: u32| u64::from(runs) * price;
    let so_far = of(unit.counts.completed);
    let at_most = if unit.status.is_terminal() {
        unit.progress.committed_cost.saturating_sub(of(unit.counts.failed)).min(of(rows(unit)))
    } else {
        of(rows(unit)).min(unit.spec.group.max_cost.unwrap_or(u64::MAX))
    };
    Some((so_far, at_most.max(so_far)))
}

#[expect(clippy::cast_precision_loss, reason = "sums below nine billion dollars fit a double exactly")]
fn dollars(micros: u64) -> f64 {
    micros as f64 / 1e6
}
