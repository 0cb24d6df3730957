//! The rows of a group as their holder sees them: status, attempt, and what was bought when.
//!
//! Rebuilt by replaying what the table tells (flushes and purchases), then moved by events. Pure.
//! Invariant: an event for an attempt that is not the row's present one changes nothing.

use std::collections::BTreeSet;

use domain::event::Flush;
use domain::run::{Counts, Purchase, RunStatus};
use jiff::Timestamp;

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) status: RunStatus,
    pub(crate) attempt: u32,
    /// The upstream's id of the present attempt, once bought.
    pub(crate) run_id: Option<Box<str>>,
    /// When the present attempt was bought.
    pub(crate) bought_at: Option<Timestamp>,
    /// Its end is known and being taken in.
    pub(crate) ending: bool,
}

impl Row {
    const NEW: Self =
        Self { status: RunStatus::Pending, attempt: 1, run_id: None, bought_at: None, ending: false };
}

/// All rows of a group.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    list: Vec<Row>,
    /// Rows to buy, each once; may name rows that need it no more.
    to_buy: BTreeSet<u32>,
    counts: Counts,
    /// How many runs the upstream says are running.
    running: u32,
}

/// What ties a run upstream to its row: `<index>.<attempt>` under this key of its metadata.
pub(crate) const ROW_KEY: &str = "mt_row";

/// The value of [`ROW_KEY`].
pub(crate) fn row_mark(index: u32, attempt: u32) -> String {
    format!("{index}.{attempt}")
}

/// Reads the value of [`ROW_KEY`].
pub(crate) fn read_mark(mark: &str) -> Option<(u32, u32)> {
    let (index, attempt) = mark.split_once('.')?;
    Some((index.parse().ok()?, attempt.parse().ok()?))
}

impl Rows {
    /// The rows of a group of `total` as these flushes and purchases left them.
    pub(crate) fn replay<'a>(
        total: u32,
        flushes: impl Iterator<Item = &'a Flush>,
        purchases: &[Purchase],
    ) -> Self {
        let mut rows = Self::default();
        rows.grow(total);
        for flush in flushes {
            rows.take_in(flush);
        }
        for purchase in purchases {
            for bought in &purchase.runs {
                rows.bought(bought.index, bought.attempt, &bought.run_id, purchase.at);
            }
        }
        rows.queue_pending();
        rows
    }

    /// Takes in what a flush says of its rows; what is known already, or overtaken by a later attempt, changes nothing.
    pub(crate) fn take_in(&mut self, flush: &Flush) {
        for &(index, status, attempt) in &flush.runs {
            let Some(row) = self.list.get(index as usize) else { continue };
            if attempt < row.attempt || (attempt == row.attempt && row.status.is_terminal()) {
                continue;
            }
            if attempt > row.attempt {
                self.restart(index, attempt);
            }
            if status.is_terminal() {
                self.end(index, status);
            }
        }
    }

    /// Adds rows until there are `total`.
    pub(crate) fn grow(&mut self, total: u32) {
        let before = self.len();
        self.list.resize(total.max(before) as usize, Row::NEW);
        self.counts.pending += self.len() - before;
        self.to_buy.extend(before..self.len());
    }

    /// Finds out anew what is to buy.
    pub(crate) fn queue_pending(&mut self) {
        let pending = self.list.iter().zip(0..).filter(|(row, _)| row.status == RunStatus::Pending);
        self.to_buy = pending.map(|(_, index)| index).collect();
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.list.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn get(&self, index: u32) -> Option<&Row> {
        self.list.get(index as usize)
    }

    /// How many stand where; the upstream's word decides how many of the bought ones are running.
    pub(crate) fn counts(&self) -> Counts {
        let open = self.counts.queued + self.counts.running;
        let running = self.running.min(open);
        Counts { queued: open - running, running, ..self.counts }
    }

    /// Takes in how many runs the upstream says are running; says whether that changes the counts.
    pub(crate) fn upstream_running(&mut self, running: u32) -> bool {
        let before = self.counts();
        self.running = running;
        before != self.counts()
    }

    /// Whether every row is over.
    pub(crate) fn all_over(&self) -> bool {
        self.counts.finished() == self.len()
    }

    /// Rows that are bought and not over.
    pub(crate) fn open(&self) -> u32 {
        self.counts.queued + self.counts.running
    }

    /// Takes up to `most` rows off what is to buy, with their attempts, in order.
    pub(crate) fn next_batch(&mut self, most: usize) -> Vec<(u32, u32)> {
        let mut batch = Vec::new();
        while batch.len() < most
            && let Some(index) = self.to_buy.pop_first()
        {
            let attempt = self.get(index).map_or(0, |row| row.attempt);
            if self.needs_buying(index, attempt) {
                batch.push((index, attempt));
            }
        }
        batch
    }

    /// Whether this attempt is the row's present one, and nothing is known of it upstream.
    pub(crate) fn needs_buying(&self, index: u32, attempt: u32) -> bool {
        self.is_unbought(index, attempt) && !self.is_ending(index, attempt)
    }

    /// Whether this attempt is the row's present one, and was not bought as far as the table knows.
    pub(crate) fn is_unbought(&self, index: u32, attempt: u32) -> bool {
        self.get(index).is_some_and(|row| row.attempt == attempt && row.status == RunStatus::Pending)
    }

    /// Puts rows back to what is to buy. A row that is there already is not bought twice.
    pub(crate) fn put_back(&mut self, rows: &[(u32, u32)]) {
        self.to_buy.extend(rows.iter().map(|(index, _)| index));
    }

    /// Takes in that the upstream has this attempt of the row.
    pub(crate) fn bought(&mut self, index: u32, attempt: u32, run_id: &str, at: Timestamp) {
        let Some(row) = self.list.get_mut(index as usize) else { return };
        if row.attempt != attempt || row.status.is_terminal() {
            return;
        }
        if row.status == RunStatus::Pending {
            row.status = RunStatus::Queued;
            self.counts.pending -= 1;
            self.counts.queued += 1;
        }
        row.run_id.get_or_insert_with(|| run_id.into());
        row.bought_at.get_or_insert(at);
    }

    /// Whether the end of this attempt is being taken in.
    pub(crate) fn is_ending(&self, index: u32, attempt: u32) -> bool {
        self.get(index).is_some_and(|row| row.attempt == attempt && row.ending)
    }

    /// Whether the end of this attempt is news; if so it is being taken in from now on.
    pub(crate) fn begin_ending(&mut self, index: u32, attempt: u32) -> bool {
        let Some(row) = self.list.get_mut(index as usize) else { return false };
        let news = row.attempt == attempt && !row.status.is_terminal() && !row.ending;
        row.ending |= news;
        news
    }

    /// Ends the row's present attempt.
    pub(crate) fn end(&mut self, index: u32, status: RunStatus) {
        let Some(row) = self.list.get_mut(index as usize) else { return };
        *self.counts.of_mut(row.status) -= 1;
        row.status = status;
        row.ending = false;
        *self.counts.of_mut(status) += 1;
    }

    /// Starts the next attempt of a row that is over; says its number.
    pub(crate) fn retry(&mut self, index: u32) -> Option<u32> {
        let row = self.list.get(index as usize)?;
        if !row.status.is_terminal() {
            return None;
        }
        let attempt = row.attempt + 1;
        self.restart(index, attempt);
        Some(attempt)
    }

    /// Makes this attempt of the row its present one, not bought yet.
    fn restart(&mut self, index: u32, attempt: u32) {
        let Some(row) = self.list.get_mut(index as usize) else { return };
        *self.counts.of_mut(row.status) -= 1;
        *row = Row { attempt, ..Row::NEW };
        self.counts.pending += 1;
        self.to_buy.insert(index);
    }

    /// The rows that ended otherwise than well.
    pub(crate) fn unsuccessful(&self) -> Vec<u32> {
        let over = |status: RunStatus| status.is_terminal() && status != RunStatus::Completed;
        self.list.iter().zip(0..).filter(|(row, _)| over(row.status)).map(|(_, index)| index).collect()
    }

    /// The rows that are not over, with their attempts.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = (u32, &Row)> {
        self.list
            .iter()
            .zip(0..)
            .filter(|(row, _)| !row.status.is_terminal())
            .map(|(row, index)| (index, row))
    }

    /// The rows that were bought before `before` and are not over.
    pub(crate) fn late(&self, before: Timestamp) -> Vec<(u32, u32)> {
        self.unfinished()
            .filter(|(_, row)| !row.ending && row.bought_at.is_some_and(|at| at <= before))
            .map(|(index, row)| (index, row.attempt))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::run::Bought;
    use domain::unit::Status;
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn flush(runs: &[(u32, RunStatus, u32)]) -> Flush {
        Flush {
            at: NOW,
            status: Status::Running,
            counts: Counts::default(),
            runs: runs.to_vec(),
            told: Vec::new(),
            message: None,
        }
    }

    fn purchase(runs: &[(u32, u32, &str)]) -> Purchase {
        let runs = runs.iter();
        let runs = runs.map(|&(index, attempt, id)| Bought { index, attempt, run_id: id.to_owned() });
        Purchase { at: NOW, runs: runs.collect() }
    }

    #[test]
    fn replaying_finds_what_is_over_what_is_bought_and_what_is_to_buy() {
        let flushes = [
            flush(&[(0, RunStatus::Completed, 1)]),
            // its first attempt failed and was asked for again within one flush
            flush(&[(1, RunStatus::Pending, 2)]),
        ];
        let purchases = [purchase(&[(0, 1, "a"), (1, 1, "b"), (2, 1, "c")])];
        let mut rows = Rows::replay(4, flushes.iter(), &purchases);
        assert_eq!(rows.counts(), Counts { completed: 1, pending: 2, queued: 1, ..Counts::default() });
        assert_eq!(
            rows.next_batch(10),
            [(1, 2), (3, 1)],
            "the retried row is bought a second time, with its own mark"
        );
    }

    #[test]
    fn a_second_attempt_that_was_bought_is_not_bought_again() {
        let flushes = [flush(&[(0, RunStatus::Pending, 2)])];
        let purchases = [purchase(&[(0, 1, "a")]), purchase(&[(0, 2, "b")])];
        let mut rows = Rows::replay(1, flushes.iter(), &purchases);
        assert_eq!(rows.counts(), Counts { queued: 1, ..Counts::default() });
        assert_eq!(rows.next_batch(10), []);
        assert!(rows.begin_ending(0, 2));
    }

    #[test]
    fn a_flush_taken_in_twice_or_late_changes_nothing() {
        let (failed, again) = (flush(&[(0, RunStatus::Failed, 1)]), flush(&[(0, RunStatus::Pending, 2)]));
        let mut rows = Rows::replay(1, [&failed, &again].into_iter(), &[purchase(&[(0, 2, "b")])]);
        let before = rows.counts();
        rows.take_in(&again);
        rows.take_in(&failed);
        assert_eq!(rows.counts(), before);
        assert!(rows.begin_ending(0, 2), "the second attempt is still the present one");
    }

    #[test]
    fn an_old_attempts_end_is_no_news() {
        let mut rows = Rows::replay(1, std::iter::empty(), &[purchase(&[(0, 1, "a")])]);
        assert!(rows.begin_ending(0, 1));
        assert!(!rows.begin_ending(0, 1), "an event that comes twice ends a row once");
        rows.end(0, RunStatus::Failed);
        assert_eq!(rows.retry(0), Some(2));
        assert!(!rows.begin_ending(0, 1));
        assert!(rows.begin_ending(0, 2));
    }

    #[test]
    fn a_row_that_is_put_back_is_bought_once_though_it_was_to_be_bought_already() {
        let mut rows = Rows::replay(3, std::iter::empty(), &[]);
        rows.put_back(&[(0, 1), (2, 1)]);
        assert_eq!(rows.next_batch(10), [(0, 1), (1, 1), (2, 1)]);
        assert_eq!(rows.next_batch(10), []);
    }

    #[test]
    fn a_row_whose_run_was_seen_upstream_is_not_bought() {
        let mut rows = Rows::replay(2, std::iter::empty(), &[]);
        assert!(rows.begin_ending(0, 1), "a purchase in doubt was made after all");
        assert_eq!(rows.next_batch(10), [(1, 1)]);
    }

    #[test]
    fn the_upstream_says_how_many_of_the_bought_ones_run() {
        let mut rows = Rows::replay(3, std::iter::empty(), &[purchase(&[(0, 1, "a"), (1, 1, "b")])]);
        assert!(rows.upstream_running(5));
        assert_eq!(rows.counts(), Counts { pending: 1, running: 2, ..Counts::default() });
    }

    #[test]
    fn a_mark_survives_its_text() {
        assert_eq!(read_mark(&row_mark(17, 3)), Some((17, 3)));
        assert_eq!(read_mark("17"), None);
        assert_eq!(read_mark("x.1"), None);
    }

    proptest! {
        #[test]
        fn counts_always_add_up(steps in prop::collection::vec((0_u32..20, 0_u8..4), 0..200)) {
            let mut rows = Rows::default();
            rows.grow(20);
            for (index, step) in steps {
                let attempt = rows.get(index).map_or(0, |row| row.attempt);
                match step {
                    0 => rows.bought(index, attempt, "id", NOW),
                    1 => if rows.begin_ending(index, attempt) { rows.end(index, RunStatus::Completed) },
                    2 => if rows.begin_ending(index, attempt) { rows.end(index, RunStatus::Failed) },
                    _ => { rows.retry(index); }
                }
                prop_assert_eq!(rows.counts().total(), 20);
                prop_assert_eq!(rows.all_over(), rows.unfinished().count() == 0);
            }
        }
    }
}
