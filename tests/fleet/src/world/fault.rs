//! Bad days: a runner dies, an announcement is wrong.
//!
//! Invariant: what the dead held comes back to the queue that it was received from, a lease after its last extension.

use domain::adoption::Slots;

use crate::assumed::LEASE;

use super::{Event, Message, Work, World};

impl World<'_> {
    /// The runner that drives most is gone from one moment to the next; its announcement stays.
    pub(super) fn kill(&mut self) {
        let fullest = self.runners.iter().max_by_key(|(_, runner)| runner.driving.len());
        let Some(id) = fullest.map(|(&id, _)| id) else { return };
        self.waiting.retain(|receive| receive.runner != id);
        let Some(runner) = self.runners.remove(&id) else { return };
        self.tally.billed += self.now().duration_since(runner.began).unsigned_abs();
        let sent_at = runner.extended_at;
        for (&unit, &place) in &runner.driving {
            self.ledger.let_go(unit);
            let messages = vec![Message { work: Work::Unit(unit), moved: false, sent_at }];
            self.agenda.at(sent_at + LEASE, Event::Sent { place, messages });
        }
        self.poll();
    }

    /// Nobody has free slots, and says so.
    pub(super) fn lie(&mut self, free: u32) {
        let until = self.now() + self.pace.valid;
        self.announced.put(Slots { runner: "nobody".to_owned(), free, driving: u32::MAX, until });
    }
}
