//! What a runner announces, every few seconds, and what it finds out by the others' announcements.
//!
//! Invariant: an announcement is a copy of what was true when it was made; nothing here depends on its being true now.

use domain::adoption::{self, Slots};

use crate::assumed::ANNOUNCEMENTS_A_READ;

use super::World;

impl World<'_> {
    /// All announcements, as a query brings them.
    pub(super) fn read_announced(&mut self) -> Vec<Slots> {
        let now = self.now();
        let found = self.announced.read(now);
        self.tally.slot_reads += found.len().div_ceil(ANNOUNCEMENTS_A_READ).max(1) as u64;
        found
    }

    /// Announces what there is, or takes back what there was.
    pub(super) fn announce(&mut self, id: u32) {
        let now = self.now();
        let capacity = self.scenario.units_per_runner;
        let Some(runner) = self.runners.get_mut(&id) else { return };
        let driving = u32::try_from(runner.driving.len()).unwrap_or(u32::MAX);
        let (name, ends_at) = (runner.name.clone(), runner.ends_at);
        let slots = adoption::announcement(&name, driving, capacity, ends_at, self.pace, now);
        match slots.filter(|_| !runner.is_closed && driving > 0) {
            Some(slots) => {
                if now >= runner.tell_at {
                    runner.tell_at = now + self.pace.every;
                    runner.read_until = runner.read_until.max(adoption::reads_until(slots.until, self.pace));
                    runner.is_announced = true;
                    self.announced.put(slots);
                    self.tally.slot_writes += 1;
                    self.leave_if_few(id, &name, driving);
                }
                if let Some(tell_at) = self.runners.get(&id).map(|runner| runner.tell_at) {
                    self.wake(id, tell_at);
                }
            }
            None if runner.is_announced => {
                runner.tell_at = now;
                runner.read_until = runner.read_until.min(adoption::reads_until(now, self.pace));
                runner.is_announced = false;
                self.announced.withdraw(&name);
                self.tally.slot_writes += 1;
            }
            None => {}
        }
    }

    /// A runner with few units looks for a fuller one, and leaves if that has room for all of them.
    fn leave_if_few(&mut self, id: u32, name: &str, driving: u32) {
        let (now, capacity) = (self.now(), self.scenario.units_per_runner);
        let until = now + self.pace.valid;
        let ideal = Slots { runner: String::new(), free: u32::MAX, driving: u32::MAX, until };
        // Who would not leave for the best of all runners does not ask who there is.
        if !adoption::leaves_early(name, driving, capacity, &[ideal], self.pace, now) {
            return;
        }
        let mut others = self.read_announced();
        others.retain(|slots| slots.runner != name);
        if adoption::leaves_early(name, driving, capacity, &others, self.pace, now)
            && self.take_slots(others, driving as usize)
        {
            self.leave_early(id);
        }
    }
}
