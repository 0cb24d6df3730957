//! Whether every unit came to its end, and to the right one.

use super::{Faults, Kind, is_deleted, rows};
use crate::asked::Change;
use crate::record::Unit;
use crate::record::table::is_over;

/// A unit whose holders were struck this often may be given up as one that kills them: five claims must have come to nothing.
const STRUCK: usize = 5;

/// Tells a unit that is stuck, gone or given up; says whether there is anything more to check about it.
pub(super) fn check(unit: &Unit, faults: &mut Faults<'_>) -> bool {
    if is_deleted(unit) {
        deleted(unit, faults);
        return false;
    }
    let Some(meta) = &unit.meta else {
        faults.tell(Kind::Stuck, "its item is not in the table");
        return false;
    };
    if !is_over(&meta.status) {
        faults.tell(Kind::Stuck, format!("it does not end: {}", meta.told));
        return false;
    }
    if let Some(failure) = meta.told.pointer("/progress/failure").filter(|failure| !failure.is_null()) {
        if failure["code"] == "poison" && unit.losses.len() >= STRUCK {
            return false;
        }
        faults.tell(Kind::Ended, format!("it was given up as {}: {failure}", meta.status));
        return false;
    }
    let wanted = wanted(unit);
    if meta.status != wanted {
        faults.tell(Kind::Ended, format!("it ended as {}, not as {wanted}: {}", meta.status, meta.told));
    }
    true
}

/// The status in which a unit must end: by its rows, of which each completes or fails every time; or as it was asked to.
fn wanted(unit: &Unit) -> &'static str {
    if unit.changed == Some(Change::Cancel) {
        return "cancelled";
    }
    let rows = rows(unit);
    match rows.iter().filter(|row| row.fails).count() {
        0 => "completed",
        failed if failed == rows.len() => "failed",
        _ => "partial",
    }
}

/// A deleted unit leaves a tombstone for a day, and nothing else: whoever writes on without knowing removes what he wrote, unless he is killed
/// in between.
fn deleted(unit: &Unit, faults: &mut Faults<'_>) {
    if let Some(meta) = unit.meta.as_ref().filter(|meta| meta.status != "deleted") {
        faults.tell(Kind::Ended, format!("it was deleted and is {}", meta.status));
    }
    if !unit.items.is_empty() && unit.losses.is_empty() {
        faults.tell(Kind::Leftover, format!("it was deleted and left {:?}", unit.items));
    }
}
