//! The receives of running runners: each waits at a queue for a while, and any of those that wait gets what comes.
//!
//! At `runs` they wait beside the mapping's, as the runner has it: where all that may run do so, nobody is started for what waits there.
//! Invariant: a runner waits at each queue at most once.

use domain::adoption;
use jiff::Timestamp;

use crate::assumed::{BATCH, LONG_POLL, REQUEST};
use crate::load;

use super::{Event, Message, Place, Stage, World};

/// A receive that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Receive {
    number: u64,
    pub(super) runner: u32,
    pub(super) place: Place,
}

impl World<'_> {
    /// Waits for what there is room for: at `adopt` until those are heard that took a slot, at `runs` until shortly before the end.
    pub(super) fn receive_more(&mut self, id: u32) {
        let now = self.now();
        let Some(runner) = self.runners.get(&id) else { return };
        let (is_open, drives) = (runner.stage == Stage::Open, !runner.driving.is_empty());
        let (read_until, ends_at) = (runner.read_until, runner.ends_at);
        if is_open {
            self.receive(id, Place::Adopt, read_until);
        }
        if drives {
            let last = ends_at.saturating_sub(self.pace.linger).unwrap_or(now);
            self.receive(id, Place::Runs, last.min(adoption::reads_until(now, self.pace)));
        }
    }

    fn receive(&mut self, id: u32, place: Place, until: Timestamp) {
        let now = self.now();
        if until <= now || self.is_receiving(id, Some(place)) {
            return;
        }
        self.received += 1;
        let receive = self.received;
        self.waiting.push(Receive { number: receive, runner: id, place });
        self.agenda.at(until.min(now + LONG_POLL), Event::ReceiveOver { receive });
        self.give(place);
    }

    /// Whether a receive of the runner waits, at that queue or at any.
    pub(super) fn is_receiving(&self, id: u32, place: Option<Place>) -> bool {
        let is_it =
            |receive: &Receive| receive.runner == id && place.is_none_or(|place| receive.place == place);
        self.waiting.iter().any(is_it)
    }

    /// A receive has waited for nothing.
    pub(super) fn receive_over(&mut self, number: u64) {
        let Some(at) = self.waiting.iter().position(|receive| receive.number == number) else { return };
        let id = self.waiting.remove(at).runner;
        self.tally.empty_receives += 1;
        self.tend(id);
    }

    /// Gives what is visible to whoever waits for it.
    pub(super) fn give(&mut self, place: Place) {
        match place {
            Place::Runs => self.poll(),
            Place::Adopt => {
                while !self.adopt.is_empty() {
                    let waiting = self.waiting_at(Place::Adopt);
                    let Some(&at) = load::pick(&waiting, &self.entropy) else { break };
                    self.answer(at);
                }
            }
        }
    }

    /// Which receives of runners wait at a queue.
    pub(super) fn waiting_at(&self, place: Place) -> Vec<usize> {
        (0..self.waiting.len()).filter(|&at| self.waiting[at].place == place).collect()
    }

    /// A receive of a runner is answered with what is visible; who has closed meanwhile gives it back.
    pub(super) fn answer(&mut self, at: usize) {
        let Receive { runner: id, place, .. } = self.waiting.remove(at);
        let Some(runner) = self.runners.get(&id) else { return };
        let room = (self.scenario.units_per_runner as usize).saturating_sub(runner.driving.len());
        self.tally.receives += 1;
        // The next receive begins when this one is taken in.
        self.agenda.after(2 * REQUEST, Event::Tend { id });
        if runner.is_closed {
            self.tally.extensions += 1;
            return;
        }
        let queue = if place == Place::Runs { &mut self.runs } else { &mut self.adopt };
        // How many it asked for was decided when it began to wait; what has become too many since is no more than ten.
        let count = queue.len().min(BATCH).min(room.max(1));
        let messages: Vec<Message> = queue.drain(..count).collect();
        for message in messages {
            self.take_up(id, message, place);
        }
    }
}
