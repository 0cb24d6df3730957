//! How far into the upstream's stream everything has been taken in.
//!
//! Results are fetched concurrently and stored later than their events come, so the cursor that may be
//! kept is the one before the oldest event whose row is not stored yet. Pure.

use std::collections::{HashSet, VecDeque};

/// The events that came, in order, with the rows that each ended.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    kept: Option<String>,
    waiting: VecDeque<(Option<String>, Option<u32>)>,
    open: HashSet<u32>,
}

impl Cursors {
    pub(crate) fn new(kept: Option<String>) -> Self {
        Self { kept, ..Self::default() }
    }

    /// An event came; `ends` is the row whose end it told, if that has to be taken in first.
    pub(crate) fn came(&mut self, cursor: Option<String>, ends: Option<u32>) {
        self.waiting.push_back((cursor, ends));
        self.open.extend(ends);
        self.settle();
    }

    /// The end of this row is stored.
    pub(crate) fn stored(&mut self, row: u32) {
        self.open.remove(&row);
        self.settle();
    }

    /// The cursor of the last event that came: where a stream is opened again while the events before it are in memory.
    pub(crate) fn latest(&self) -> Option<&str> {
        let came = self.waiting.iter().rev().find_map(|(cursor, _)| cursor.as_deref());
        came.or(self.kept.as_deref())
    }

    /// The upstream does not know the cursor any more: the next stream starts from the beginning.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The cursor before which everything is stored.
    pub(crate) fn kept(&self) -> Option<&str> {
        self.kept.as_deref()
    }

    fn settle(&mut self) {
        while let Some((_, ends)) = self.waiting.front()
            && ends.is_none_or(|row| !self.open.contains(&row))
        {
            if let Some((Some(cursor), _)) = self.waiting.pop_front() {
                self.kept = Some(cursor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_cursor_waits_for_the_oldest_row_that_is_not_stored() {
        let cursor = |text: &str| Some(text.to_owned());
        let mut cursors = Cursors::new(cursor("0"));
        cursors.came(cursor("1"), Some(7));
        cursors.came(cursor("2"), None);
        cursors.came(cursor("3"), Some(8));
        cursors.stored(8);
        assert_eq!(cursors.kept(), Some("0"));
        cursors.stored(7);
        assert_eq!(cursors.kept(), Some("3"));
    }

    #[test]
    fn an_event_without_a_cursor_moves_nothing() {
        let mut cursors = Cursors::new(Some("5".to_owned()));
        cursors.came(None, None);
        assert_eq!(cursors.kept(), Some("5"));
    }

    proptest! {
        /// Events end rows or none, and rows are stored in any order, now and then while events come.
        #[test]
        fn the_cursor_never_passes_a_row_that_is_not_stored(ends in prop::collection::vec(any::<bool>(), 1..20), order in prop::collection::vec(any::<prop::sample::Index>(), 0..60)) {
            let mut cursors = Cursors::new(None);
            let (mut came, mut open) = (0, Vec::new());
            let check = |cursors: &Cursors, open: &[usize]| {
                let kept = cursors.kept().map_or(0, |cursor| cursor.parse::<usize>().expect("a number"));
                assert!(open.iter().all(|event| *event > kept), "{kept} is past one of {open:?}");
            };
            for index in order {
                let at = index.index(ends.len() + 1);
                if at == 0 || open.is_empty() {
                    let Some(ends_a_row) = ends.get(came) else { continue };
                    came += 1;
                    let row = u32::try_from(came).expect("small");
                    cursors.came(Some(came.to_string()), ends_a_row.then_some(row));
                    if *ends_a_row {
                        open.push(came);
                    }
                } else {
                    let event = open.remove(at % open.len());
                    cursors.stored(u32::try_from(event).expect("small"));
                }
                check(&cursors, &open);
            }
            for event in open {
                cursors.stored(u32::try_from(event).expect("small"));
            }
            prop_assert_eq!(cursors.kept().map(str::to_owned), (came > 0).then(|| came.to_string()));
        }
    }
}
