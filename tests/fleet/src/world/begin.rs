//! How an invocation begins: it does its chores, steps aside if others have room for all of its units, and else stays.
//!
//! Invariant: a message that was moved back stays, whatever is announced.

use domain::adoption::{self, Slots};

use crate::assumed::{DEADLINE, LEASE, OVERHEAD, REQUEST, SLICE, SWEEPING};
use crate::scenario::Policy;
use crate::tally::requests;

use super::{Event, Message, Place, Stage, Work, World};

impl World<'_> {
    pub(super) fn begin(&mut self, id: u32, batch: Vec<Message>) {
        let (units, chores): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|message| matches!(message.work, Work::Unit(_)));
        for _ in &chores {
            self.sweep();
        }
        if units.is_empty() {
            self.agenda.after(SWEEPING + OVERHEAD, Event::Finish { id });
        } else if self.scenario.policy != Policy::Adoption || units.iter().all(|message| message.moved) {
            self.stay(id, &units);
        } else {
            let announced = self.read_announced();
            self.agenda.after(REQUEST, Event::Decide { id, units, announced, again: false });
        }
    }

    /// The announcements have come, and are as old as the answer took.
    pub(super) fn decide(&mut self, id: u32, units: Vec<Message>, announced: Vec<Slots>, again: bool) {
        let (moved, free): (Vec<_>, Vec<_>) = units.into_iter().partition(|message| message.moved);
        if !self.take_slots(announced, free.len()) {
            let hops = free.iter().filter_map(|message| match message.work {
                Work::Unit(unit) => Some(u32::from(self.ledger.was_driven(unit))),
                Work::Sweep => None,
            });
            let wait = adoption::looks_again_after(hops, self.pace, self.entropy.fraction());
            if let Some(wait) = wait.filter(|_| !again) {
                self.agenda.after(wait, Event::LookAgain { id, units: [moved, free].concat() });
                return;
            }
            self.stay(id, &[moved, free].concat());
            return;
        }
        self.tally.sends += requests(free.len());
        self.tally.deletes += requests(free.len());
        let sent_at = self.now() + REQUEST;
        let messages = free.into_iter().map(|message| Message { sent_at, ..message }).collect();
        self.agenda.at(sent_at, Event::Sent { place: Place::Adopt, messages });
        if moved.is_empty() {
            self.tally.stepped_aside += 1;
            self.agenda.after(2 * REQUEST + OVERHEAD, Event::Finish { id });
        } else {
            self.stay(id, &moved);
        }
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
        // The queue hides a batch for longer than a dead runner's units may wait.
        self.tally.extensions += requests(units.len());
        let now = self.now();
        let chance = self.entropy.fraction();
        let Some(runner) = self.runners.get_mut(&id) else { return };
        runner.ends_at = adoption::ends_at(runner.began, SLICE, runner.began + DEADLINE, chance);
        runner.extended_at = now;
        runner.read_until = adoption::reads_until(now, self.pace);
        let adopts = self.scenario.policy == Policy::Adoption;
        runner.stage = if adopts { Stage::Open } else { Stage::Over };
        self.agenda.at(runner.ends_at, Event::SliceEnd { id });
        for message in units {
            self.take_up(id, *message, Place::Runs);
        }
        self.agenda.after(LEASE / 3, Event::Beat { id });
        self.tend(id);
    }

    /// Looks at `adopt` too; nothing else is ever lost here, so nothing else is found.
    pub(super) fn sweep(&mut self) {
        self.tally.sweeps += 1;
        self.tally.deletes += 1;
        if self.scenario.policy == Policy::Adoption {
            self.move_back(true);
        }
    }
}
