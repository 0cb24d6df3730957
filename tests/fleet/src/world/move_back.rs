//! Who waits in `adopt` for nobody is moved back to `runs`, where a runner is started for it, marked so that it stays there.
//!
//! Invariant: a message is in `adopt`, or on its way back.

use domain::adoption;

use crate::assumed::REQUEST;
use crate::tally::requests;

use super::{Event, Message, Place, World};

impl World<'_> {
    /// Moves back all that is visible, or only what has waited too long.
    pub(super) fn move_back(&mut self, only_stale: bool) {
        let now = self.now();
        let is_old = |message: &Message| !only_stale || adoption::is_stale(message.sent_at, self.pace, now);
        let (old, fresh): (Vec<Message>, Vec<Message>) = self.adopt.drain(..).partition(is_old);
        // It goes on until a receive brings nothing old.
        self.tally.receives += requests(old.len());
        self.tally.empty_receives += 1;
        self.tally.extensions += u64::from(!fresh.is_empty());
        self.tally.sends += requests(old.len());
        self.tally.deletes += requests(old.len());
        self.tally.moved_back += old.len() as u64;
        self.adopt.extend(fresh);
        if !old.is_empty() {
            let sent_at = now + REQUEST;
            let messages =
                old.into_iter().map(|message| Message { moved: true, sent_at, ..message }).collect();
            self.agenda.at(sent_at, Event::Sent { place: Place::Runs, messages });
        }
    }
}
