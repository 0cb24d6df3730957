//! What happens when: the simulation's clock is the time of the event that is taken up.
//!
//! Invariant: of two events of the same time the one that was planned first comes first, so a seed means one history.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::Duration;

use jiff::Timestamp;

/// Events in the order of their times.
#[derive(Debug)]
pub(crate) struct Agenda<E> {
    now: Timestamp,
    planned: u64,
    events: BinaryHeap<Reverse<Planned<E>>>,
}

#[derive(Debug)]
struct Planned<E> {
    at: Timestamp,
    number: u64,
    event: E,
}

impl<E> Agenda<E> {
    pub(crate) const fn new() -> Self {
        Self { now: Timestamp::UNIX_EPOCH, planned: 0, events: BinaryHeap::new() }
    }

    /// The time of the event that was taken up last.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Plans an event; one whose time has passed comes next.
    pub(crate) fn at(&mut self, at: Timestamp, event: E) {
        self.planned += 1;
        self.events.push(Reverse(Planned { at: at.max(self.now), number: self.planned, event }));
    }

    /// Plans an event for that long from now.
    pub(crate) fn after(&mut self, wait: Duration, event: E) {
        self.at(self.now + wait, event);
    }

    /// Moves the clock to the next event and takes it up.
    pub(crate) fn next(&mut self) -> Option<E> {
        let Reverse(planned) = self.events.pop()?;
        self.now = planned.at;
        Some(planned.event)
    }
}

impl<E> PartialEq for Planned<E> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<E> Eq for Planned<E> {}

impl<E> PartialOrd for Planned<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Planned<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_as_they_were_planned() {
        let mut agenda = Agenda::new();
        agenda.after(Duration::from_secs(2), "later");
        agenda.after(Duration::from_secs(1), "first");
        agenda.after(Duration::from_secs(1), "second");
        assert_eq!([agenda.next(), agenda.next()], [Some("first"), Some("second")]);
        agenda.at(Timestamp::UNIX_EPOCH, "overdue");
        assert_eq!([agenda.next(), agenda.next(), agenda.next()], [Some("overdue"), Some("later"), None]);
        assert_eq!(agenda.now(), Timestamp::UNIX_EPOCH + Duration::from_secs(2));
    }
}
