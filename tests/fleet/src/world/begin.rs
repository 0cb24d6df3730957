//! How an invocation begins: it does its chores, steps aside if others have room for all of its units, and else stays.
//!
//! Invariant: a batch with a message that was moved back stays, whatever is announced.

use domain::adoption::{self, Slots};

use crate::assumed::{BATCH, DEADLINE, LEASE, OVERHEAD, REQUEST, SLICE, SWEEPING};
use crate::scenario::Policy;
use crate::tally::requests;

use super::{Event, Message, Place, Work, World};

impl World<'_> {
    pub(super) fn begin(&mut self, id: u32, batch: Vec<Message>) {
        let (units, chores): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|message| matches!(message.work, Work::Unit(_)));
        for _ in &chores {
            self.sweep();
        }
        if units.is_empty() {
            self.agenda.after(SWEEPING + OVERHEAD, Event::Finish { id });
            return;
        }
        // Every message's visibility is shortened first.
        self.tally.extensions += requests(units.len());
        if self.scenario.policy != Policy::Adoption || units.iter().any(|message| message.moved) {
            self.stay(id, &units);
            return;
        }
        let announced = self.read_announced();
        self.agenda.after(REQUEST, Event::Decide { id, units, announced });
    }

    /// The announcements have come, and are as old as the answer took.
    pub(super) fn decide(&mut self, id: u32, units: Vec<Message>, announced: Vec<Slots>) {
        if !self.take_slots(announced, units.len()) {
            self.stay(id, &units);
            return;
        }
        self.tally.stepped_aside += 1;
        self.tally.sends += requests(units.len());
        self.tally.deletes += requests(units.len());
        let sent_at = self.now() + REQUEST;
        let messages: Vec<_> = units.into_iter().map(|message| Message { sent_at, ..message }).collect();
        self.agenda.at(sent_at, Event::Sent { place: Place::Adopt, messages });
        self.agenda.after(2 * REQUEST + OVERHEAD, Event::Finish { id });
    }

    /// Takes a slot for each of so many units, by the runners' own rule; false when one could not be had.
    pub(super) fn take_slots(&mut self, announced: Vec<Slots>, units: usize) -> bool {
        let now = self.now();
        let wanted = u32::try_from(units).unwrap_or(u32::MAX);
        let Some(taken) = adoption::take(announced, wanted, self.pace, now) else { return false };
        taken.into_iter().all(|(runner, count)| {
            self.tally.slot_writes += 1;
            self.announced.decrement(&runner, count, now)
        })
    }

    fn stay(&mut self, id: u32, units: &[Message]) {
        self.tally.stayed += 1;
        let now = self.now();
        let chance = self.entropy.fraction();
        if let Some(runner) = self.runners.get_mut(&id) {
            runner.ends_at = adoption::ends_at(now, SLICE, runner.began + DEADLINE, chance);
            runner.extended_at = now;
            self.agenda.at(runner.ends_at, Event::SliceEnd { id });
        }
        for message in units {
            self.drive(id, *message, Place::Runs);
        }
        self.agenda.after(LEASE / 3, Event::Beat { id });
        if self.scenario.policy == Policy::Adoption {
            self.agenda.after(REQUEST, Event::Announce { id });
            self.agenda.after(self.pace.stale, Event::LookStale { id });
        }
    }

    /// Looks at `adopt`; nothing else is ever lost here, so nothing else is found.
    fn sweep(&mut self) {
        self.tally.sweeps += 1;
        if self.scenario.policy == Policy::Adoption {
            self.move_back(BATCH, true);
        }
    }
}
