//! What a runner announces, every few seconds, and what it finds out by the others' announcements.
//!
//! Invariant: an announcement is a copy of what was true when it was made; nothing here depends on its being true now.

use domain::adoption::{self, Slots};

use crate::assumed::ANNOUNCEMENTS_A_READ;

use super::{Event, World};

impl World<'_> {
    /// All announcements, as a query brings them.
    pub(super) fn read_announced(&mut self) -> Vec<Slots> {
        let now = self.now();
        let found = self.announced.read(now);
        self.tally.slot_reads += found.len().div_ceil(ANNOUNCEMENTS_A_READ).max(1) as u64;
        found
    }

    pub(super) fn announce(&mut self, id: u32) {
        let now = self.now();
        let capacity = self.scenario.units_per_runner;
        let Some(runner) = self.runners.get(&id).filter(|runner| !runner.is_over) else { return };
        let driving = u32::try_from(runner.driving.len()).unwrap_or(u32::MAX);
        let (name, ends_at) = (runner.name.clone(), runner.ends_at);
        if driving > 0 {
            let others = self.read_announced();
            if adoption::leaves_early(&name, driving, capacity, &others, self.pace, now) {
                self.leave_early(id, others);
            } else {
                match adoption::announcement(&name, driving, capacity, ends_at, self.pace, now) {
                    Some(slots) => {
                        if let Some(runner) = self.runners.get_mut(&id) {
                            runner.announced_until = Some(slots.until);
                        }
                        self.announced.put(slots);
                        self.tally.slot_writes += 1;
                    }
                    None => self.tally.slot_writes += u64::from(self.announced.withdraw(&name)),
                }
            }
        }
        self.agenda.after(self.pace.every, Event::Announce { id });
        self.read(id);
    }
}
