//! What happened to a unit, entry by entry, in the order of time: `GET /{id}/timeline`.
//!
//! Made of what is stored anyway. Claims and hand-overs leave nothing of their own, so a later claim is told by the first thing that
//! it wrote. Invariant: an entry holds counts, words and hosts, never an output, a URL of a receiver, or a key.

use domain::delivery::{Attempted, Delivery, Outcome};
use domain::event::{Flush, Told};
use domain::run::{Counts, Purchase, RunStatus};
use domain::unit::{Status, Unit};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use crate::told::state;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    #[serde(flatten)]
    what: What,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum What {
    Created {
        kind: &'static str,
        rows: Option<u32>,
    },
    Claimed {
        claim: u64,
    },
    Appended {
        rows: u32,
    },
    TakenUpAgain {
        round: u32,
    },
    Nudged,
    Bought {
        rows: usize,
        retries: usize,
        claim: u64,
    },
    Progress {
        claim: u64,
        changed: Map<String, Value>,
        counts: Map<String, Value>,
        waiting_for: Option<String>,
    },
    State {
        run: String,
    },
    Ended {
        status: &'static str,
        counts: Map<String, Value>,
        reason: Option<String>,
    },
    DeliveryWritten(Sent),
    DeliveryAttempted {
        #[serde(flatten)]
        sent: Sent,
        attempt: u32,
        milliseconds: u64,
        outcome: Outcome,
    },
}

/// What is delivered, and to which host.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Sent {
    hook: String,
    moment: String,
    round: u32,
    host: String,
}

impl Sent {
    fn of(delivery: &Delivery) -> Self {
        let host = Url::parse(&delivery.url).ok().and_then(|url| Some(url.host_str()?.to_owned()));
        let Delivery { hook, moment, round, .. } = delivery;
        Self { hook: hook.clone(), moment: moment.clone(), round: *round, host: host.unwrap_or_default() }
    }
}

/// What the unit's own item tells, and its deliveries, which are shown to its owner only. In the order of time.
#[must_use]
pub fn of_unit(unit: &Unit, deliveries: &[Delivery]) -> Vec<Entry> {
    let entry = |at, what| Entry { at, what };
    let mut entries =
        vec![entry(unit.created_at, What::Created { kind: unit.kind.word(), rows: unit.progress.rows })];
    entries.extend(unit.started_at.map(|at| entry(at, What::Claimed { claim: 1 })));
    entries.extend(unit.asks.appends.iter().map(|ask| entry(ask.at, What::Appended { rows: ask.rows })));
    if let (1.., Some(at)) = (unit.round, unit.progress.round_began) {
        entries.push(entry(at, What::TakenUpAgain { round: unit.round }));
    }
    entries.extend(unit.lease.nudged_at.map(|at| entry(at, What::Nudged)));
    for delivery in deliveries {
        entries.push(entry(delivery.created_at, What::DeliveryWritten(Sent::of(delivery))));
        entries.extend(delivery.attempts.iter().map(|made| {
            let Attempted { attempt, at, milliseconds, outcome } = made.clone();
            entry(at, What::DeliveryAttempted { sent: Sent::of(delivery), attempt, milliseconds, outcome })
        }));
    }
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// What one purchase tells.
#[must_use]
pub fn of_purchase(purchase: &Purchase, claim: u64) -> Entry {
    let retries = purchase.runs.iter().filter(|bought| bought.attempt > 1).count();
    Entry { at: purchase.at, what: What::Bought { rows: purchase.runs.len(), retries, claim } }
}

/// Reads flushes one after the other, and tells what each of them changed.
#[derive(Debug, Default)]
pub struct Flushes {
    last: Option<(Status, Counts, Option<String>)>,
}

impl Flushes {
    /// What the next flush tells, which was written under this claim; nothing, if nothing changed with it that stands here.
    pub fn read(&mut self, flush: &Flush, claim: u64) -> Vec<Entry> {
        let state = |told: &Told| {
            Some(Entry { at: told.at.unwrap_or(flush.at), what: What::State { run: state(told)? } })
        };
        let mut entries: Vec<Entry> = flush.told.iter().filter_map(state).collect();
        let stands = (flush.status, flush.counts, flush.message.clone());
        let has_changed = self.last.as_ref() != Some(&stands) || !flush.runs.is_empty();
        self.last = Some(stands);
        if flush.status.is_terminal() {
            let (status, counts) = (flush.status.word(), counted(&flush.counts));
            entries.push(Entry { at: flush.at, what: What::Ended { status, counts, reason: None } });
        } else if has_changed {
            let mut changed = Counts::default();
            flush.runs.iter().for_each(|(_, status, _)| *changed.of_mut(*status) += 1);
            let (changed, counts) = (counted(&changed), counted(&flush.counts));
            let what = What::Progress { claim, changed, counts, waiting_for: flush.message.clone() };
            entries.push(Entry { at: flush.at, what });
        }
        entries
    }

    /// The end of a unit that no flush has told: who cancels one writes none.
    #[must_use]
    pub fn untold_end(&self, unit: &Unit) -> Option<Entry> {
        let is_told = self.last.as_ref().is_some_and(|(status, ..)| status.is_terminal());
        if is_told || !unit.status.is_terminal() {
            return None;
        }
        let (status, counts) = (unit.status.word(), counted(&unit.counts));
        Some(Entry { at: unit.completed_at?, what: What::Ended { status, counts, reason: None } })
    }
}

impl Entry {
    /// The same, with why the unit failed as a whole, if this is its end and it did.
    #[must_use]
    pub fn with_reason(mut self, unit: &Unit) -> Self {
        if let What::Ended { reason, .. } = &mut self.what
            && unit.completed_at.map(Timestamp::as_microsecond) == Some(self.at.as_microsecond())
        {
            *reason = unit.progress.failure.as_ref().map(|failure| failure.message.clone());
        }
        self
    }
}

/// Counts that are not zero, by the word of their status.
fn counted(counts: &Counts) -> Map<String, Value> {
    let statuses = RunStatus::ALL.into_iter().filter(|status| counts.of(*status) > 0);
    statuses.map(|status| (status.word().to_owned(), counts.of(status).into())).collect()
}

#[cfg(test)]
mod tests {
    use domain::run::Bought;

    use super::*;
    use crate::testing::{group, told};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn flush(second: i64, status: Status, counts: Counts) -> Flush {
        Flush { at: at(second), status, counts, runs: Vec::new(), told: Vec::new(), message: None }
    }

    fn json(entries: impl IntoIterator<Item = Entry>) -> Vec<String> {
        entries.into_iter().map(|entry| serde_json::to_string(&entry).expect("JSON")).collect()
    }

    #[test]
    fn a_flush_tells_what_it_changed_and_nothing_twice() {
        let mut flushes = Flushes::default();
        let counts = Counts { queued: 1, completed: 1, ..Counts::default() };
        let mut first = flush(10, Status::Running, counts);
        first.runs = vec![(0, RunStatus::Completed, 1), (1, RunStatus::Queued, 1)];
        assert_eq!(
            json(flushes.read(&first, 1)),
            [
                r#"{"at":"1970-01-01T00:00:10Z","type":"progress","claim":1,"changed":{"queued":1,"completed":1},"counts":{"queued":1,"completed":1},"waiting_for":null}"#
            ]
        );
        let mut silent = flush(11, Status::Running, counts);
        let state = r#"{"type":"task_run.state","run":{"run_id":"r","status":"running"}}"#;
        silent.told = vec![
            told("task_run.state", state),
            told("task_run.progress_msg.plan", r#"{"message":"secret plan"}"#),
        ];
        let told = json(flushes.read(&silent, 1));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(r#""type":"state","run":"running""#), "{told:?}");
        let ended = flush(12, Status::Completed, Counts { completed: 2, ..Counts::default() });
        assert!(json(flushes.read(&ended, 2))[0].contains(r#""type":"ended","status":"completed""#));
    }

    #[test]
    fn an_end_that_no_flush_tells_is_told_by_the_unit_and_only_then() {
        let mut unit = group(2);
        (unit.status, unit.completed_at) = (Status::Cancelled, Some(at(20)));
        let mut flushes = Flushes::default();
        assert!(flushes.untold_end(&unit).is_some());
        flushes.read(&flush(20, Status::Completed, Counts::default()), 1);
        assert_eq!(flushes.untold_end(&unit), None);
        (unit.status, unit.completed_at) = (Status::Running, None);
        assert_eq!(Flushes::default().untold_end(&unit), None);
    }

    #[test]
    fn the_reason_stands_with_the_end_that_it_is_of() {
        let mut unit = group(1);
        unit.completed_at = Some(at(20));
        unit.progress.failure = Some(domain::progress::Failure::new("no_credit", "no credit"));
        let end =
            |second| Flushes::default().read(&flush(second, Status::Failed, Counts::default()), 1).remove(0);
        assert!(json([end(20).with_reason(&unit)])[0].contains("no credit"));
        assert!(!json([end(10).with_reason(&unit)])[0].contains("no credit"), "an earlier round's");
    }

    #[test]
    fn a_purchase_tells_how_many_were_bought_and_how_many_of_them_again() {
        let bought = |index, attempt| Bought { index, attempt, run_id: "trun".to_owned() };
        let purchase = Purchase { at: at(5), runs: vec![bought(0, 1), bought(1, 2)] };
        assert_eq!(
            json([of_purchase(&purchase, 3)]),
            [r#"{"at":"1970-01-01T00:00:05Z","type":"bought","rows":2,"retries":1,"claim":3}"#]
        );
    }
}
