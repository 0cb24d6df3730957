//! Whether the flushes are numbered without gaps, and tell the end of every attempt once.
//!
//! A flush beyond the last announced one was written by a holder that was fenced before it announced it, and is read by nobody.

use std::collections::HashMap;

use super::{Faults, Kind, is_ended_early};
use crate::record::Unit;
use crate::record::table::is_over;

pub(super) fn check(unit: &Unit, faults: &mut Faults<'_>) {
    let seq = unit.meta.as_ref().map_or(0, |meta| meta.seq);
    for number in (1..=seq).filter(|number| !unit.flushes.contains_key(number)) {
        faults.tell(Kind::Flushes, format!("flush {number} of {seq} is missing"));
    }
    let mut present: HashMap<u32, (u32, &str)> = HashMap::new();
    for (number, flush) in unit.flushes.range(..=seq) {
        for (row, status, attempt) in &flush.runs {
            let before = present.insert(*row, (*attempt, status));
            let goes_on =
                before.is_none_or(|(last, was)| *attempt > last || (*attempt == last && !is_over(was)));
            if !goes_on {
                let what =
                    format!("flush {number} tells row {row} as {status} by {attempt}, after {before:?}");
                faults.tell(Kind::Flushes, what);
            }
        }
    }
    if is_ended_early(unit) {
        return;
    }
    for (row, run) in &unit.runs {
        if present.get(row) != Some(&(run.attempt, run.status.as_str())) {
            let told = present.get(row);
            faults.tell(
                Kind::Flushes,
                format!("row {row} is {} by attempt {}, and was told as {told:?}", run.status, run.attempt),
            );
        }
    }
}
