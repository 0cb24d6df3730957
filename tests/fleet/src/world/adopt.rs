//! The queue `adopt`: runners with room wait at it, any of those that wait gets what comes, and who has waited too long is moved back.
//!
//! Invariant: a message is in the queue, driven, or on its way back to `runs`.

use domain::adoption;

use crate::assumed::{BATCH, LONG_POLL, REQUEST};
use crate::load;
use crate::tally::requests;

use super::{Event, Message, Place, World};

impl World<'_> {
    /// Receives what waits, or waits for it, while the runner has room and somebody may be sending to it.
    pub(super) fn read(&mut self, id: u32) {
        let now = self.now();
        let Some(runner) = self.runners.get(&id).filter(|runner| !runner.is_over) else { return };
        let has_room = runner.driving.len() < self.scenario.units_per_runner as usize;
        let until = runner.announced_until.map(|until| adoption::reads_until(until, self.pace));
        let until = until.filter(|&until| until > now);
        let (true, Some(until), false) = (has_room, until, self.waiting.contains(&id)) else { return };
        let receive = runner.receives;
        self.waiting.push(id);
        self.agenda.at(until.min(now + LONG_POLL), Event::ReceiveOver { id, receive });
        self.give_to_waiting();
    }

    /// A receive has waited for nothing.
    pub(super) fn receive_over(&mut self, id: u32, receive: u64) {
        let now = self.now();
        let Some(runner) = self.runners.get(&id).filter(|runner| runner.receives == receive) else { return };
        let reads_until = runner.announced_until.map(|until| adoption::reads_until(until, self.pace));
        self.stop_receiving(id);
        self.tally.empty_receives += 1;
        if reads_until.is_some_and(|until| until <= now) {
            self.move_back(usize::MAX, false);
        } else {
            self.read(id);
        }
    }

    pub(super) fn stop_receiving(&mut self, id: u32) {
        self.waiting.retain(|&waiting| waiting != id);
        if let Some(runner) = self.runners.get_mut(&id) {
            runner.receives += 1;
        }
    }

    /// Gives what is visible to receives that wait: any of them, whoever its slots were taken of.
    pub(super) fn give_to_waiting(&mut self) {
        while !self.adopt.is_empty() && !self.waiting.is_empty() {
            let id = self.waiting[load::below(self.waiting.len(), &self.entropy)];
            self.stop_receiving(id);
            let Some(runner) = self.runners.get_mut(&id) else { continue };
            let room = (self.scenario.units_per_runner as usize).saturating_sub(runner.driving.len());
            let count = self.adopt.len().min(BATCH).min(room);
            let messages: Vec<Message> = self.adopt.drain(..count).collect();
            self.tally.receives += 1;
            self.tally.extensions += requests(count);
            for message in messages {
                self.drive(id, message, Place::Adopt);
            }
            self.agenda.after(2 * REQUEST, Event::Read { id });
        }
    }

    /// A full runner adopts nothing, but sees to it that nobody waits too long.
    pub(super) fn look_stale(&mut self, id: u32) {
        let Some(runner) = self.runners.get(&id).filter(|runner| !runner.is_over) else { return };
        if runner.driving.len() >= self.scenario.units_per_runner as usize {
            self.move_back(BATCH, true);
        }
        self.agenda.after(self.pace.stale, Event::LookStale { id });
    }

    /// Moves messages back to `runs`, so many at most, marked so that they stay there: all, or only those that waited too long.
    pub(super) fn move_back(&mut self, most: usize, only_stale: bool) {
        let now = self.now();
        let looked_at = self.adopt.len().min(most);
        let is_stale = |message: &Message| !only_stale || adoption::is_stale(message.sent_at, self.pace, now);
        let (back, stay): (Vec<Message>, Vec<Message>) =
            self.adopt.drain(..looked_at).collect::<Vec<_>>().into_iter().partition(is_stale);
        self.tally.receives += requests(looked_at);
        self.tally.empty_receives += 1;
        self.tally.extensions += requests(stay.len());
        self.tally.sends += requests(back.len());
        self.tally.deletes += requests(back.len());
        self.tally.moved_back += back.len() as u64;
        self.adopt.extend(stay);
        if !back.is_empty() {
            let sent_at = now + REQUEST;
            let messages = back.into_iter().map(|message| Message { moved: true, sent_at, ..message }).collect();
            self.agenda.at(sent_at, Event::Sent { place: Place::Runs, messages });
        }
    }
}
