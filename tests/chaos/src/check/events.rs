//! Whether every message of a task's run that a holder was told is kept, once and in order.
//!
//! The upstream forgets a run's messages when it ends, so some may never be told to anybody. The rule: whatever went over a stream is kept,
//! unless the holder of that stream lost the unit before it can have written it down, or left at that moment. What was told on another stream
//! of the same run is judged by that one too. Statistics are not judged: a late reader gets the latest only.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Faults, Kind, is_ended_early};
use crate::asked;
use crate::record::upstream::is_message;
use crate::record::{Bought, Followed, Record, Unit};

/// How long a holder may take to write down what it was told: a flush that is struck again and again.
const WRITTEN_AFTER: SignedDuration = SignedDuration::from_secs(8);
/// How long before its last flush a holder listens for the last time, with what clocks may differ by.
const LISTENS: SignedDuration = SignedDuration::from_millis(1_300);
/// How far times that were taken in different processes may be apart.
const CLOCKS: SignedDuration = SignedDuration::from_secs(1);
/// What is told this long before a stream ends may not have been read: its reader was about to leave.
const LAST_WORDS: Duration = Duration::from_millis(1_500);

pub(super) fn check(unit: &Unit, record: &Record, faults: &mut Faults<'_>) {
    if unit.asked.kind != asked::Kind::Task {
        return;
    }
    let seq = unit.meta.as_ref().map_or(0, |meta| meta.seq);
    let told = unit.flushes.range(..=seq).flat_map(|(_, flush)| &flush.told);
    let told: Vec<&Value> = told.map(|(_, event)| event).filter(|event| is_message(event)).collect();

    let names: Vec<&str> = unit.asked.rows.iter().map(|row| row.name.as_str()).collect();
    let mut runs: Vec<&Bought> =
        record.bought.iter().filter(|bought| names.contains(&bought.row.as_str())).collect();
    runs.sort_by_key(|bought| bought.mark);
    let shown: Vec<&Value> =
        runs.iter().flat_map(|run| run.messages.iter().map(|(_, event)| event)).collect();
    let places: HashMap<String, usize> =
        shown.iter().enumerate().map(|(at, event)| (event.to_string(), at)).collect();

    let mut kept: HashMap<usize, usize> = HashMap::new();
    let mut last = None;
    for event in told {
        let Some(at) = places.get(&event.to_string()).copied() else {
            faults.tell(Kind::EventOrder, format!("no run of it has shown {event}"));
            continue;
        };
        *kept.entry(at).or_default() += 1;
        if kept.get(&at) == Some(&1) && last.is_some_and(|last| at < last) {
            faults.tell(Kind::EventOrder, format!("it tells {event} after what was shown later"));
        }
        last = last.max(Some(at));
    }
    for (at, times) in kept.iter().filter(|(_, times)| **times > 1) {
        faults.tell(Kind::EventTwice, format!("it tells {} {times} times", shown[*at]));
    }
    // A unit that is cancelled tells nothing more, whatever its holder still hears.
    if is_ended_early(unit) {
        return;
    }
    let mut place = 0;
    for run in runs {
        for (at, event) in &run.messages {
            if !kept.contains_key(&place)
                && let Some(stream) = run.followed.iter().find(|stream| must_be_kept(unit, run, stream, *at))
            {
                let losses = &unit.losses;
                faults.tell(
                    Kind::EventLost,
                    format!("{event} was told on {stream:?} and is not kept; it was lost at {losses:?}"),
                );
            }
            place += 1;
        }
    }
}

/// Whether this stream told what was shown at `shown_at` to a holder that had the time to write it down.
fn must_be_kept(unit: &Unit, run: &Bought, stream: &Followed, shown_at: Timestamp) -> bool {
    let Some(told_at) = stream.told_at.filter(|told_at| *told_at >= shown_at) else { return false };
    if run.ended_at.is_some_and(|ended_at| stream.opened_at >= ended_at) {
        // It told how the run ended, and nothing else.
        return false;
    }
    let at = shown_at.max(stream.opened_at);
    // A stream that was told the end of the run was read to its end, or its reader was lost.
    let to_the_end = run.ended_at.is_some_and(|ended_at| told_at >= ended_at);
    let unread = !to_the_end
        && stream.closed_at.duration_since(at) < SignedDuration::try_from(LAST_WORDS).unwrap_or_default();
    let lost = unit
        .losses
        .iter()
        .any(|loss| loss.from.duration_since(at) < WRITTEN_AFTER && at.duration_since(loss.until) < CLOCKS);
    !unread && !lost && !left_then(unit, at)
}

/// Whether the holder stopped listening at that moment, because it gave the unit up: its last flush, before which it listens for the last time,
/// was made just after.
fn left_then(unit: &Unit, told_at: Timestamp) -> bool {
    let made_before = |parting: Timestamp| {
        let made = unit.flushes.values().map(|flush| flush.at).filter(|at| *at <= parting);
        made.max()
    };
    let partings = unit.partings.iter().filter(|parting| **parting >= told_at);
    partings.filter_map(|parting| made_before(*parting)).any(|made| {
        let after = made.duration_since(told_at);
        !after.is_negative() && after < LISTENS
    })
}
