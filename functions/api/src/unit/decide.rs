//! What becomes of a unit that is cancelled, appended to, or retried: plain decisions on the unit as it was read.
//!
//! Invariants: a unit that is over is only revived within its time; reviving buys nothing but what was asked for; counts add up to the rows.

use domain::limits::{APPENDS, REVIVABLE, ROUNDS};
use domain::progress::Progress;
use domain::run::{Counts, RunStatus};
use domain::unit::{Append, Asks, Kind, Status, Unit};
use jiff::Timestamp;

use crate::refusal::Refusal;
use crate::{after, kept_until};

/// What a unit is asked for from now on, and how it stands where that revives it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) asks: Asks,
    pub(super) revived: Option<Unit>,
}

/// The unit when it is cancelled now.
pub(super) fn cancelled(unit: &Unit, now: Timestamp) -> Result<Unit, Refusal> {
    if unit.status.is_terminal() {
        return Err(Refusal::OverAlready(unit.status));
    }
    Ok(Unit {
        status: Status::Cancelled,
        counts: unit.counts.ended_as(RunStatus::Cancelled),
        completed_at: Some(now),
        modified_at: now,
        expires_at: kept_until(now),
        sealed: None,
        ..unit.clone()
    })
}

/// The unit when these rows are appended now.
pub(super) fn appended(unit: &Unit, append: Append, now: Timestamp) -> Result<Asked, Refusal> {
    if unit.kind == Kind::Task {
        return Err(Refusal::OneInput);
    }
    revivable(unit, now)?;
    if unit.progress.rows.is_none() {
        return Err(if unit.status.is_terminal() {
            Refusal::EndedAsAWhole(unit.status)
        } else {
            Refusal::ListUnread
        });
    }
    let ended_as_a_whole = matches!(unit.status, Status::Cancelled | Status::TimedOut)
        || (unit.status.is_terminal() && unit.progress.failure.is_some());
    if ended_as_a_whole {
        return Err(Refusal::EndedAsAWhole(unit.status));
    }
    if unit.asks.appends.len() >= APPENDS {
        return Err(Refusal::TooOften);
    }
    let more = append.rows;
    let mut asks = unit.asks.clone();
    asks.appends.push(append);
    let counts = Counts { pending: unit.counts.pending + more, ..unit.counts };
    Ok(Asked { revived: revived(unit, &asks, counts, now), asks })
}

/// The unit when its failed rows are to be bought again from now on.
pub(super) fn retried(unit: &Unit, now: Timestamp) -> Result<Asked, Refusal> {
    revivable(unit, now)?;
    let failed = unit.counts.failed + unit.counts.timed_out + unit.counts.cancelled;
    let never_began = unit.status.is_terminal() && unit.progress.rows.is_none();
    if failed == 0 && !never_began {
        return Err(Refusal::NothingFailed);
    }
    let asks = Asks { retries: unit.asks.retries + 1, ..unit.asks.clone() };
    let counts = Counts {
        pending: unit.counts.pending + failed,
        failed: 0,
        timed_out: 0,
        cancelled: 0,
        ..unit.counts
    };
    Ok(Asked { revived: revived(unit, &asks, counts, now), asks })
}

fn revivable(unit: &Unit, now: Timestamp) -> Result<(), Refusal> {
    if now >= after(unit.created_at, REVIVABLE) {
        return Err(Refusal::TooOld);
    }
    if unit.status.is_terminal() && unit.round >= ROUNDS {
        return Err(Refusal::TooOften);
    }
    Ok(())
}

/// The unit in its next round; none where the present one is not over. What may be on its way upstream stays known.
fn revived(unit: &Unit, asks: &Asks, counts: Counts, now: Timestamp) -> Option<Unit> {
    unit.status.is_terminal().then(|| Unit {
        status: Status::Pending,
        round: unit.round + 1,
        counts,
        completed_at: None,
        modified_at: now,
        expires_at: kept_until(now),
        asks: asks.clone(),
        progress: Progress {
            failure: None,
            waiting_for: None,
            round_began: Some(now),
            ..unit.progress.clone()
        },
        ..unit.clone()
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::group::{GroupSpec, Inputs, Output};
    use domain::progress::{Adding, Failure};
    use domain::unit::{Lease, Spec, Visibility};
    use domain::{OwnerId, UnitId};
    use serde_json::Map;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn unit(status: Status, counts: Counts) -> Unit {
        Unit {
            id: UnitId::from_bits([0; 16]),
            kind: Kind::Group,
            owner: OwnerId::new("owner"),
            status,
            lease: Lease::default(),
            round: 0,
            seq: 0,
            changes: 0,
            created_at: NOW,
            started_at: None,
            completed_at: status.is_terminal().then_some(NOW),
            modified_at: NOW,
            expires_at: kept_until(NOW),
            counts,
            spec: Spec {
                public_base: "https://multitask.test".to_owned(),
                preview: None,
                upstream: "https://upstream.test".to_owned(),
                visibility: Visibility::Link,
                woken: false,
                group: GroupSpec {
                    inputs: Inputs::Stored { rows: 3 },
                    output: Output::Auto,
                    input_schema: None,
                    processor: None,
                    webhook: None,
                    metadata: Map::new(),
                    offset: 0,
                    limit: None,
                    max_cost: None,
                    timeout_seconds: None,
                    retry_failed: 0,
                    cache_hours: None,
                    pass_through: Map::new(),
                    warnings: Vec::new(),
                },
            },
            asks: Asks::default(),
            progress: Progress { rows: Some(3), ..Progress::default() },
            sealed: None,
        }
    }

    fn append(rows: u32) -> Append {
        Append { source: "a".to_owned(), rows, at: NOW }
    }

    const MIXED: Counts =
        Counts { pending: 0, queued: 0, running: 0, completed: 1, failed: 1, cancelled: 0, timed_out: 1 };

    #[test]
    fn only_what_is_not_over_can_be_cancelled_and_no_run_is_lost() {
        for status in Status::ALL {
            let counts = Counts { pending: 1, running: 1, completed: 1, ..Counts::default() };
            match cancelled(&unit(status, counts), NOW) {
                Ok(ended) => {
                    assert!(!status.is_terminal());
                    assert_eq!((ended.counts.cancelled, ended.counts.total()), (2, 3));
                    assert_eq!((ended.status, ended.completed_at), (Status::Cancelled, Some(NOW)));
                }
                Err(refusal) => {
                    assert!(status.is_terminal(), "{status:?}");
                    assert!(matches!(refusal, Refusal::OverAlready(found) if found == status));
                }
            }
        }
    }

    #[test]
    fn an_append_to_what_is_over_begins_a_new_round_and_to_what_is_not_only_asks() {
        let living = appended(&unit(Status::Running, Counts::pending(3)), append(2), NOW).expect("asked");
        assert!(living.revived.is_none());
        assert_eq!(living.asks.appends, [append(2)]);
        let over = appended(&unit(Status::Partial, MIXED), append(2), NOW).expect("asked");
        let revived = over.revived.expect("a new round");
        assert_eq!((revived.round, revived.status, revived.completed_at), (1, Status::Pending, None));
        assert_eq!((revived.counts.pending, revived.counts.total()), (2, 5), "what failed stays failed");
        assert_eq!((revived.rows(), revived.progress.round_began), (5, Some(NOW)));
    }

    #[test]
    fn a_task_takes_no_second_input() {
        let task = Unit { kind: Kind::Task, ..unit(Status::Running, Counts::pending(1)) };
        assert!(matches!(appended(&task, append(1), NOW), Err(Refusal::OneInput)));
    }

    #[test]
    fn an_append_never_buys_rows_that_were_given_up() {
        let refused = |unit: &Unit| matches!(appended(unit, append(1), NOW), Err(Refusal::EndedAsAWhole(_)));
        assert!(refused(&unit(Status::Cancelled, MIXED)));
        assert!(refused(&unit(Status::TimedOut, MIXED)));
        let mut failed = unit(Status::Failed, MIXED);
        assert!(!refused(&failed), "each of its rows had its turn");
        failed.progress.failure = Some(Failure::new("no_credit", "none"));
        assert!(refused(&failed));
        failed.progress.rows = None;
        assert!(refused(&failed));
    }

    #[test]
    fn rows_have_no_place_before_the_groups_own_list_is_read() {
        let mut unread = unit(Status::Running, Counts::default());
        unread.progress.rows = None;
        assert!(matches!(appended(&unread, append(1), NOW), Err(Refusal::ListUnread)));
    }

    #[test]
    fn a_retry_buys_everything_that_has_no_output_and_forgets_no_purchase() {
        let mut over = unit(Status::Partial, MIXED);
        over.progress.failure = Some(Failure::new("no_credit", "none"));
        let adding = Adding { epoch: 1, rows: vec![(0, 1)], until: NOW };
        over.progress.adding = Some(adding.clone());
        let asked = retried(&over, NOW).expect("asked");
        assert_eq!(asked.asks.retries, 1);
        let revived = asked.revived.expect("a new round");
        assert_eq!((revived.counts.pending, revived.counts.completed, revived.counts.total()), (2, 1, 3));
        assert_eq!((revived.progress.failure, revived.progress.adding), (None, Some(adding)));
        let living = retried(&unit(Status::Running, MIXED), NOW).expect("asked");
        assert!(living.revived.is_none());
    }

    #[test]
    fn there_must_be_something_to_retry() {
        let done = Counts { completed: 3, ..Counts::default() };
        assert!(matches!(retried(&unit(Status::Completed, done), NOW), Err(Refusal::NothingFailed)));
        assert!(matches!(retried(&unit(Status::Running, done), NOW), Err(Refusal::NothingFailed)));
        let mut unread = unit(Status::Failed, Counts::default());
        unread.progress.rows = None;
        assert!(retried(&unread, NOW).is_ok(), "its list may be readable now");
    }

    #[test]
    fn a_unit_is_taken_up_again_within_its_time_and_number_only() {
        let over = unit(Status::Partial, MIXED);
        let limit = after(NOW, REVIVABLE);
        let before = limit - jiff::SignedDuration::from_nanos(1);
        assert!(retried(&over, before).is_ok() && appended(&over, append(1), before).is_ok());
        assert!(matches!(retried(&over, limit), Err(Refusal::TooOld)));
        assert!(matches!(
            appended(&over, append(1), after(limit, Duration::from_secs(1))),
            Err(Refusal::TooOld)
        ));
        let mut often = unit(Status::Partial, MIXED);
        often.round = ROUNDS - 1;
        assert!(retried(&often, NOW).is_ok());
        often.round = ROUNDS;
        assert!(matches!(retried(&often, NOW), Err(Refusal::TooOften)));
        let mut long = unit(Status::Running, MIXED);
        long.asks.appends = vec![append(1); APPENDS - 1];
        assert!(appended(&long, append(1), NOW).is_ok());
        long.asks.appends.push(append(1));
        assert!(matches!(appended(&long, append(1), NOW), Err(Refusal::TooOften)));
    }
}
