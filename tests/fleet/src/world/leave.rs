//! Handing over: at the end of a slice, or before it where a fuller runner has room for the few that are left.
//!
//! Invariant: who hands over lets go of every unit before the next message for it can be seen, and takes nothing up any more.

use crate::assumed::{HANDING_OVER, REQUEST};
use crate::scenario::Policy;

use super::{Event, Message, Place, Stage, Work, World};

impl World<'_> {
    pub(super) fn slice_end(&mut self, id: u32) {
        let Some(runner) = self.runners.get(&id).filter(|runner| !runner.is_closed) else { return };
        let (name, units) = (runner.name.clone(), runner.driving.len());
        let has_slots = units > 0 && self.scenario.policy == Policy::Adoption && {
            let mut others = self.read_announced();
            others.retain(|slots| slots.runner != name);
            self.take_slots(others, units)
        };
        self.leave(id, if has_slots { Place::Adopt } else { Place::Runs });
    }

    /// Hands the few units over to those whose slots were taken for them.
    pub(super) fn leave_early(&mut self, id: u32) {
        self.tally.left_early += 1;
        self.leave(id, Place::Adopt);
    }

    fn leave(&mut self, id: u32, place: Place) {
        let Some(runner) = self.runners.get_mut(&id) else { return };
        runner.is_closed = true;
        if runner.stage == Stage::Apart {
            runner.stage = Stage::Over;
        }
        let units = std::mem::take(&mut runner.driving);
        let sent_at = self.agenda.now() + 2 * REQUEST;
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
        if !messages.is_empty() {
            self.agenda.at(sent_at, Event::Sent { place, messages });
        }
        self.agenda.after(HANDING_OVER, Event::Tend { id });
    }
}
