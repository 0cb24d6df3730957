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
                    self.tell(id, slots);
                }
                if let Some(tell_at) = self.runners.get(&id).map(|runner| runner.tell_at) {
                    self.wake(id, tell_at);
                }
            }
            None if runner.is_announced => {
                runner.tell_at = now;
                runner.read_until = runner.read_until.min(adoption::reads_until(now, self.pace));
                runner.is_announced = false;
                runner.is_yielding = false;
                self.announced.withdraw(&name);
                self.tally.slot_writes += 1;
            }
            None => runner.is_yielding = false,
        }
    }

    /// Looks who else has room: yields to a fuller runner, or announces; leaves with few units if that one has room for all of them.
    fn tell(&mut self, id: u32, own: Slots) {
        let (now, capacity) = (self.now(), self.scenario.units_per_runner);
        let mut others = self.read_announced();
        others.retain(|slots| slots.runner != own.runner);
        let (name, driving) = (own.runner.clone(), own.driving);
        let yields = adoption::yields(&name, driving, capacity, &others, self.pace, now);
        let Some(runner) = self.runners.get_mut(&id) else { return };
        runner.is_yielding = yields;
        runner.is_announced = !yields;
        if yields {
            runner.read_until = runner.read_until.min(adoption::reads_until(now, self.pace));
            self.announced.withdraw(&name);
        } else {
            runner.read_until = runner.read_until.max(adoption::reads_until(own.until, self.pace));
            self.announced.put(own);
        }
        self.tally.slot_writes += 1;
        if adoption::leaves_early(&name, driving, capacity, &others, self.pace, now)
            && self.take_slots(others, driving as usize)
        {
            self.leave_early(id);
        }
    }
}
