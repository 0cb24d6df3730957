//! Whether every row was bought once for each attempt, and nothing else was.
//!
//! Judged by the input that each run upstream was given. What is documented to be able to cost twice, a request that is executed upstream more
//! than half a minute after it was given up, no plan brings about.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Fault, Faults, Kind, is_ended_early, rows};
use crate::asked::Change;
use crate::record::{Bought, Record, Unit};

pub(super) fn check(unit: &Unit, record: &Record, faults: &mut Faults<'_>) {
    let mut by_row: HashMap<&str, Vec<&Bought>> = HashMap::new();
    for bought in &record.bought {
        by_row.entry(&bought.row).or_default().push(bought);
    }
    let mut upstream = HashSet::new();
    for (index, row) in rows(unit).into_iter().enumerate() {
        let bought = by_row.get(row.name.as_str()).map(Vec::as_slice).unwrap_or_default();
        let mut attempts: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for run in bought {
            match run.mark {
                Some((at, attempt)) if at as usize == index => {
                    attempts.entry(attempt).or_default().push(&run.run_id);
                    upstream.insert((at, attempt, run.run_id.clone()));
                }
                mark => faults
                    .tell(Kind::Foreign, format!("{} is row {index} and was bought as {mark:?}", row.name)),
            }
        }
        for (attempt, runs) in attempts.iter().filter(|(_, runs)| runs.len() > 1) {
            faults
                .tell(Kind::BoughtTwice, format!("attempt {attempt} of {} was bought as {runs:?}", row.name));
        }
        if is_ended_early(unit) {
            continue;
        }
        let times = attempts.keys().max().copied().unwrap_or(0);
        if times == 0 || !(1..=times).all(|attempt| attempts.contains_key(&attempt)) {
            faults.tell(
                Kind::Unbought,
                format!("of {} the attempts {:?} were bought", row.name, attempts.keys()),
            );
        }
        let (least, most) = wanted(unit, row.fails);
        if times > most || times < least {
            faults.tell(
                Kind::Unbought,
                format!("{} was bought {times} times, not {least} to {most} times", row.name),
            );
        }
    }
    told(unit, &upstream, faults);
}

/// How often a row is bought: once if it completes; if it fails, as often as it may by itself, and once more for a retry that was asked for.
fn wanted(unit: &Unit, fails: bool) -> (u32, u32) {
    if !fails {
        return (1, 1);
    }
    let by_itself = 1 + unit.asked.retry_failed;
    (by_itself, by_itself + u32::from(unit.changed == Some(Change::Retry)))
}

/// Whether the table tells what was bought. A unit that was ended early may not have learnt of everything.
fn told(unit: &Unit, upstream: &HashSet<(u32, u32, String)>, faults: &mut Faults<'_>) {
    let table: HashSet<_> = unit.purchases.iter().cloned().collect();
    for bought in table.difference(upstream) {
        faults.tell(
            Kind::Foreign,
            format!("the table has bought {bought:?}, and the upstream has not sold it"),
        );
    }
    if !is_ended_early(unit) {
        for bought in upstream.difference(&table) {
            faults.tell(
                Kind::Foreign,
                format!("the upstream has sold {bought:?}, and the table does not know"),
            );
        }
    }
}

/// Runs upstream of rows that no unit has.
pub(super) fn strangers(record: &Record) -> Vec<Fault> {
    let known: HashSet<&str> = record.units.iter().flat_map(rows).map(|row| row.name.as_str()).collect();
    let strangers = record.bought.iter().filter(|bought| !known.contains(bought.row.as_str()));
    strangers
        .map(|bought| Fault {
            kind: Kind::Foreign,
            unit: bought.row.clone(),
            found: format!("{} was bought for a row that was not accepted", bought.run_id),
        })
        .collect()
}
