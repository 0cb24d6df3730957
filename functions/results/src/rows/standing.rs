//! Where rows stand that have no run of their own to say so.
//!
//! A run has an item only once it is over, or was given back for another attempt. Before, its purchase knows the upstream's id, and
//! the flushes know what became of it. Pure but for [`Standing::read`].

use std::collections::HashMap;

use domain::run::{Run, RunStatus};
use domain::unit::{Status, Unit};
use store::Store;

/// Flushes read at a time.
const WINDOW: u64 = 1_000;

/// What purchases and flushes say of rows.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// The attempt that was bought last, with the upstream's id.
    bought: HashMap<u32, (u32, Box<str>)>,
    told: HashMap<u32, RunStatus>,
}

impl Standing {
    /// Reads what there is. The flushes of a unit that is over say nothing more, for all its open rows ended with it; but those of one that
    /// was cancelled say which rows were over before.
    pub(crate) async fn read(store: &Store, unit: &Unit) -> store::Result<Self> {
        let mut standing = Self::default();
        for purchase in store.purchases(&unit.id).await? {
            for run in purchase.runs {
                standing.bought.insert(run.index, (run.attempt, run.run_id.into_boxed_str()));
            }
        }
        let says_more = !unit.status.is_terminal() || unit.status == Status::Cancelled;
        let mut seen = if says_more { 0 } else { unit.seq };
        while seen < unit.seq {
            let upto = unit.seq.min(seen + WINDOW);
            for (_, flush) in store.events(&unit.id, seen, upto).await? {
                standing.told.extend(flush.runs.iter().map(|(index, status, _)| (*index, *status)));
            }
            seen = upto;
        }
        Ok(standing)
    }

    /// Where the row stands.
    pub(crate) fn status(&self, unit: &Unit, index: u32, run: Option<&Run>) -> RunStatus {
        let attempt = run.map_or(1, |run| run.attempt);
        let bought = self.bought.get(&index).is_some_and(|(bought, _)| *bought >= attempt);
        status(unit.status, run.map(|run| run.status), self.told.get(&index).copied(), bought)
    }

    /// Whether readers were told that the row is over.
    pub(crate) fn has_told_the_end(&self, index: u32) -> bool {
        self.told.get(&index).is_some_and(|told| told.is_terminal())
    }

    /// The upstream's id of the row's present attempt, once bought.
    pub(crate) fn run_id(&self, index: u32, run: Option<&Run>) -> Option<&str> {
        let attempt = run.map_or(1, |run| run.attempt);
        let (bought, id) = self.bought.get(&index)?;
        (*bought >= attempt).then_some(id)
    }
}

/// Whether the run says all there is to say.
pub(crate) fn says_all(run: Option<&Run>) -> bool {
    run.is_some_and(|run| run.status.is_terminal())
}

/// Where a row stands: its run's word if that is over; else the unit's end; else what was told last; else what was bought.
fn status(unit: Status, run: Option<RunStatus>, told: Option<RunStatus>, bought: bool) -> RunStatus {
    match (run, unit) {
        (Some(over), _) if over.is_terminal() => over,
        (_, Status::Cancelled) => RunStatus::Cancelled,
        (_, Status::TimedOut) => RunStatus::TimedOut,
        (_, Status::Completed | Status::Partial | Status::Failed | Status::Deleted) => RunStatus::Failed,
        (_, Status::Pending | Status::Running) => match told {
            // An end that was told before the row was given back is none any more.
            Some(told) if !told.is_terminal() => told,
            _ if bought => RunStatus::Queued,
            _ => RunStatus::Pending,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_stands_where_the_last_word_puts_it() {
        use RunStatus as R;
        let cases = [
            (Status::Running, Some(R::Completed), Some(R::Running), true, R::Completed),
            (Status::Cancelled, Some(R::Completed), None, true, R::Completed),
            (Status::Cancelled, None, Some(R::Running), true, R::Cancelled),
            (Status::TimedOut, None, None, true, R::TimedOut),
            (Status::Failed, None, None, false, R::Failed),
            (Status::Partial, Some(R::Pending), None, false, R::Failed),
            (Status::Running, None, None, false, R::Pending),
            (Status::Running, None, None, true, R::Queued),
            (Status::Running, None, Some(R::Running), true, R::Running),
            (Status::Running, Some(R::Pending), Some(R::Failed), false, R::Pending),
            (Status::Running, Some(R::Pending), Some(R::Failed), true, R::Queued),
            (Status::Pending, None, None, false, R::Pending),
        ];
        for (unit, run, told, bought, expected) in cases {
            assert_eq!(status(unit, run, told, bought), expected, "{unit:?} {run:?} {told:?} {bought}");
        }
    }
}
