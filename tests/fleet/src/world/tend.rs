//! What an invocation that takes things up does next: announces, reads, looks for those that wait in vain, comes to its end.
//!
//! Called whenever something has changed, as the runner's `adoption` is. Invariant: an invocation ends when it drives nothing, what
//! was sent to it was taken up or moved back, and no receive of it waits.

use domain::adoption;
use jiff::Timestamp;

use crate::assumed::REQUEST;
use crate::scenario::Policy;

use super::{Event, Stage, World};

impl World<'_> {
    pub(super) fn tend(&mut self, id: u32) {
        let now = self.now();
        let Some(runner) = self.runners.get_mut(&id) else { return };
        if runner.wake_at <= now {
            runner.wake_at = Timestamp::MAX;
        }
        if self.scenario.policy == Policy::Adoption && matches!(runner.stage, Stage::Open | Stage::Over) {
            self.announce(id);
            self.read_or_look(id);
            self.come_to_an_end(id);
        }
        self.end_if_idle(id);
    }

    /// Wakes the invocation up then, at the latest.
    pub(super) fn wake(&mut self, id: u32, at: Timestamp) {
        let Some(runner) = self.runners.get_mut(&id) else { return };
        if at < runner.wake_at {
            runner.wake_at = at;
            self.agenda.at(at, Event::Tend { id });
        }
    }

    fn read_or_look(&mut self, id: u32) {
        let now = self.now();
        let Some(runner) = self.runners.get_mut(&id).filter(|runner| !runner.is_closed) else { return };
        if runner.driving.len() < self.scenario.units_per_runner as usize {
            self.receive_more(id);
        } else if runner.stage == Stage::Open {
            let look_at = runner.look_at;
            if now >= look_at {
                runner.look_at = now + self.pace.stale;
                self.move_back(true);
            }
            self.wake(id, look_at.max(now + self.pace.stale));
        }
    }

    /// Some time after its last announcement a runner moves back what is left.
    fn come_to_an_end(&mut self, id: u32) {
        let now = self.now();
        let Some(runner) = self.runners.get(&id) else { return };
        let is_late = self.is_late(runner.ends_at);
        let is_last = runner.driving.is_empty() || runner.is_closed || is_late;
        if runner.stage != Stage::Open || !is_last || runner.is_announced {
            return;
        }
        if now < runner.read_until {
            let until = runner.read_until;
            self.wake(id, until);
        } else if !self.is_receiving(id, Some(super::Place::Adopt)) {
            if let Some(runner) = self.runners.get_mut(&id) {
                runner.stage = Stage::Over;
            }
            // While somebody else has room, only what waits in vain.
            let only_stale = !self.read_announced().is_empty();
            self.move_back(only_stale);
        }
    }

    /// Whether a runner that ends then announces nothing any more: not even one that drives nothing would.
    fn is_late(&self, ends_at: Timestamp) -> bool {
        adoption::announcement("", 0, 1, ends_at, self.pace, self.now()).is_none()
    }

    fn end_if_idle(&mut self, id: u32) {
        let is_receiving = self.is_receiving(id, None);
        let Some(runner) = self.runners.get_mut(&id) else { return };
        if runner.driving.is_empty() && runner.stage == Stage::Over && !is_receiving {
            runner.stage = Stage::Ending;
            self.agenda.after(REQUEST, Event::Finish { id });
        }
    }
}
