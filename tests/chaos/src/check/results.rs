//! Whether every row has the result that its run upstream gave, in the table and for its owner, and the counts say so.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{Faults, Kind, is_ended_early, rows};
use crate::record::{Bought, Record, Run, Unit};

pub(super) fn check(unit: &Unit, record: &Record, faults: &mut Faults<'_>) {
    let upstream: HashMap<&str, &Bought> =
        record.bought.iter().map(|bought| (bought.run_id.as_str(), bought)).collect();
    for (index, run) in &unit.runs {
        let bought = run.run_id.as_ref().and_then(|id| upstream.get(id.as_str()));
        if run.status == "completed" {
            let given = bought.and_then(|bought| bought.output.as_ref()).map(without_nulls);
            if run.output.as_ref().map(without_nulls) != given {
                faults
                    .tell(Kind::Result, format!("row {index} has {:?}, its run gave {given:?}", run.output));
            }
        }
        let name = rows(unit).get(*index as usize).map(|row| row.name.clone());
        if let Some(bought) = bought.filter(|bought| Some(&bought.row) != name.as_ref()) {
            faults.tell(Kind::Result, format!("row {index} ({name:?}) has the result of {}", bought.row));
        }
    }
    if !is_ended_early(unit) {
        all(unit, record, faults);
    }
    view(unit, faults);
}

/// Every row of a unit that came to its own end is over, by its last attempt.
fn all(unit: &Unit, record: &Record, faults: &mut Faults<'_>) {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (row, index) in rows(unit).into_iter().zip(0..) {
        let wanted = if row.fails { "failed" } else { "completed" };
        *counts.entry(wanted.to_owned()).or_default() += 1;
        let Some(run) = unit.runs.get(&index) else {
            faults.tell(Kind::Result, format!("row {index} is not stored"));
            continue;
        };
        if run.status != wanted {
            faults.tell(Kind::Result, format!("row {index} is {}, not {wanted}", run.status));
        }
        let attempts = record.bought.iter().filter(|bought| bought.row == row.name);
        let last = attempts.filter_map(|bought| bought.mark).map(|(_, attempt)| attempt).max();
        if last != Some(run.attempt) {
            faults.tell(Kind::Result, format!("row {index} tells of attempt {}, not {last:?}", run.attempt));
        }
    }
    let told = unit.meta.as_ref().map(|meta| &meta.counts);
    if told != Some(&counts) {
        faults.tell(Kind::Counts, format!("it counts {told:?}, not {counts:?}"));
    }
}

/// What its owner reads is what the table holds. What a cancel overtook is stored, and not read.
fn view(unit: &Unit, faults: &mut Faults<'_>) {
    let Some(view) = &unit.view else {
        faults.tell(Kind::Result, "it cannot be read");
        return;
    };
    let status = unit.meta.as_ref().map(|meta| meta.status.as_str()).unwrap_or_default();
    if view.status != status {
        faults.tell(Kind::Ended, format!("its owner reads {}, and it is {status}", view.status));
    }
    let rows = rows(unit).len();
    if view.rows.len() != rows {
        faults.tell(Kind::Result, format!("its owner reads {} of {rows} rows", view.rows.len()));
    }
    for (index, status, output) in &view.rows {
        let stored = unit.runs.get(index);
        let content = |run: &Run| run.output.as_ref().map(|output| without_nulls(&output["content"]));
        let read = output.as_ref().map(without_nulls);
        let is_read = |run: &Run| run.status == *status && content(run) == read;
        let right = match status.as_str() {
            "completed" | "failed" => stored.is_some_and(is_read),
            _ => is_ended_early(unit),
        };
        if !right {
            faults.tell(
                Kind::Result,
                format!("its owner reads {status} and {output:?} of row {index}: {stored:?}"),
            );
        }
    }
}

/// The same value where absent and null are one: replies print what streams leave out.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}
