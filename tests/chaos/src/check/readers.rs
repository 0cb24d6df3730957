//! Whether whoever followed a task live was told what the table keeps: every message once and in order, and then the end.
//!
//! Only of tasks that nobody changed: another round begins behind an end that was told already.

use serde_json::Value;

use super::{Faults, Kind};
use crate::record::Unit;
use crate::record::upstream::is_message;

pub(super) fn check(unit: &Unit, faults: &mut Faults<'_>) {
    let Some(read) = unit.read.as_ref().filter(|_| unit.changed.is_none()) else { return };
    if !read.complete {
        faults.tell(Kind::Reader, format!("its reader was not told of its end: {:?}", read.events.last()));
        return;
    }
    let seq = unit.meta.as_ref().map_or(0, |meta| meta.seq);
    let told = unit.flushes.range(..=seq).flat_map(|(_, flush)| &flush.told).map(|(_, event)| event);
    let kept: Vec<&Value> = told.filter(|event| is_message(event)).collect();
    let got: Vec<&Value> =
        read.events.iter().map(|(.., data)| data).filter(|data| is_message(data)).collect();
    if got != kept {
        let at = got.iter().zip(&kept).take_while(|(got, kept)| got == kept).count();
        let (got, kept) = (got.get(at), kept.get(at));
        faults.tell(Kind::Reader, format!("message {at} to its reader was {got:?}, and kept is {kept:?}"));
    }
}
