//! An invocation that drives: units taken up, leases extended, ends seen, and its own end.
//!
//! Invariant: an invocation ends only when it drives nothing.

use domain::adoption;

use crate::assumed::{LEASE, REQUEST};
use crate::scenario::Policy;
use crate::tally::requests;

use super::{Event, Message, Place, Work, World};

impl World<'_> {
    /// Drives the unit from now on, with the message as its lease.
    pub(super) fn drive(&mut self, id: u32, message: Message, from: Place) {
        let Work::Unit(unit) = message.work else { return };
        let now = self.now();
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
        let late = self.ledger.run_ends(unit).map(|ends| self.now().duration_since(ends).unsigned_abs());
        let Some(id) = self.ledger.end(unit, epoch) else { return };
        self.late = self.late.max(late.unwrap_or_default());
        self.tally.deletes += 1;
        if let Some(runner) = self.runners.get_mut(&id) {
            runner.driving.remove(&unit);
        }
        self.end_if_idle(id);
    }

    /// Ends an invocation that drives nothing, once nobody can be sending to it any more.
    pub(super) fn end_if_idle(&mut self, id: u32) {
        let now = self.now();
        let Some(runner) = self.runners.get_mut(&id) else { return };
        if !runner.driving.is_empty() || runner.is_over {
            return;
        }
        let reads_until = runner.announced_until.map(|until| adoption::reads_until(until, self.pace));
        match reads_until.filter(|&until| until > now) {
            Some(until) => self.agenda.at(until, Event::Idle { id }),
            None => self.wind_up(id),
        }
    }

    /// The invocation ends as soon as what it has under way is answered.
    pub(super) fn wind_up(&mut self, id: u32) {
        self.stop_receiving(id);
        let Some(runner) = self.runners.get_mut(&id) else { return };
        runner.is_over = true;
        let name = runner.name.clone();
        if self.scenario.policy == Policy::Adoption {
            if self.announced.withdraw(&name) {
                self.tally.slot_writes += 1;
            }
            self.move_back(usize::MAX, false);
        }
        self.agenda.after(2 * REQUEST, Event::Finish { id });
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
