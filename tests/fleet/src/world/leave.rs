//! Handing over: at the end of a slice, or before it where a fuller runner has room for the few that are left.
//!
//! Invariant: who hands over lets go of every unit before the next message for it can be seen.

use domain::adoption::Slots;

use crate::assumed::REQUEST;
use crate::scenario::Policy;

use super::{Event, Message, Place, Work, World};

impl World<'_> {
    pub(super) fn slice_end(&mut self, id: u32) {
        let Some(runner) = self.runners.get(&id).filter(|runner| !runner.is_over) else { return };
        let (name, units) = (runner.name.clone(), runner.driving.len());
        if units > 0 {
            let has_slots = self.scenario.policy == Policy::Adoption && {
                let mut others = self.read_announced();
                others.retain(|slots| slots.runner != name);
                self.take_slots(others, units)
            };
            self.hand_over(id, if has_slots { Place::Adopt } else { Place::Runs });
        }
        self.wind_up(id);
    }

    /// Hands everything over to those with room; stays as it is if their slots are gone by now.
    pub(super) fn leave_early(&mut self, id: u32, mut others: Vec<Slots>) {
        let Some(runner) = self.runners.get(&id) else { return };
        let (name, units) = (runner.name.clone(), runner.driving.len());
        others.retain(|slots| slots.runner != name);
        if !self.take_slots(others, units) {
            return;
        }
        self.tally.left_early += 1;
        self.tally.slot_writes += u64::from(self.announced.withdraw(&name));
        self.hand_over(id, Place::Adopt);
        self.end_if_idle(id);
    }

    fn hand_over(&mut self, id: u32, place: Place) {
        let Some(runner) = self.runners.get_mut(&id) else { return };
        let units = std::mem::take(&mut runner.driving);
        let sent_at = self.agenda.now() + REQUEST;
        let mut messages = Vec::with_capacity(units.len());
        for unit in units.into_keys() {
            self.ledger.let_go(unit);
            messages.push(Message { work: Work::Unit(unit), moved: false, sent_at });
        }
        // Each unit's driver sends the next message and deletes the old one.
        let count = messages.len() as u64;
        self.tally.hand_overs += count;
        self.tally.sends += count;
        self.tally.deletes += count;
        self.agenda.at(sent_at, Event::Sent { place, messages });
    }
}
