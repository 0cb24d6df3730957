//! An invocation that drives: messages taken up, leases extended, ends seen.
//!
//! Invariant: a unit's end is seen by who holds it, and by nobody else.

use crate::assumed::LEASE;
use crate::tally::requests;

use super::{Event, Message, Place, Work, World};

impl World<'_> {
    /// Takes a message up: drives the unit from now on, with the message as its lease, or does the chore.
    pub(super) fn take_up(&mut self, id: u32, message: Message, from: Place) {
        let now = self.now();
        let Work::Unit(unit) = message.work else {
            self.sweep();
            return;
        };
        let Some(runner) = self.runners.get_mut(&id) else { return };
        runner.driving.insert(unit, from);
        let (epoch, ends) = self.ledger.claim(unit, id, now);
        self.agenda.at(ends, Event::Ended { unit, epoch });
    }

    pub(super) fn beat(&mut self, id: u32) {
        let now = self.now();
        let Some(runner) = self.runners.get_mut(&id) else { return };
        runner.extended_at = now;
        let adopted = runner.driving.values().filter(|&&from| from == Place::Adopt).count();
        self.tally.extensions += requests(adopted) + requests(runner.driving.len() - adopted);
        self.agenda.after(LEASE / 3, Event::Beat { id });
    }

    pub(super) fn ended(&mut self, unit: usize, epoch: u32) {
        let now = self.now();
        let late = self.ledger.run_ends(unit).map(|ends| now.duration_since(ends).unsigned_abs());
        let Some(id) = self.ledger.end(unit, epoch) else { return };
        self.late = self.late.max(late.unwrap_or_default());
        self.tally.deletes += 1;
        if let Some(runner) = self.runners.get_mut(&id) {
            runner.driving.remove(&unit);
        }
        self.tend(id);
    }

    pub(super) fn finish(&mut self, id: u32) {
        let now = self.now();
        let Some(runner) = self.runners.remove(&id) else { return };
        self.tally.billed += now.duration_since(runner.began).unsigned_abs();
        // What the mapping gave and was not refused is deleted by the mapping, whether it is there any more or not.
        self.tally.deletes += requests(runner.batch);
        self.idle.push(now);
        self.poll();
    }
}
