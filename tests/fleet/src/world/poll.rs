//! From an arrival to an invocation: the queue `runs`, and the mapping that reads it.
//!
//! Invariant: a message is in the queue, in a batch that is being gathered, or in an invocation.

use std::time::Duration;

use crate::assumed::{BATCH, INIT, KEPT_WARM, SWEEP, WINDOW};
use crate::load;

use super::{Event, Message, Place, Work, World};

impl World<'_> {
    pub(super) fn arrive(&mut self) {
        let now = self.now();
        let unit = self.ledger.arrive(now, self.scenario.lengths.draw(&self.entropy));
        self.tally.sends += 1;
        self.runs.push_back(Message { work: Work::Unit(unit), moved: false, sent_at: now });
        let wait = load::until_next(self.scenario.per_minute, &self.entropy);
        let over = jiff::Timestamp::UNIX_EPOCH + self.scenario.span;
        self.is_arriving = now + wait < over;
        if self.is_arriving {
            self.agenda.after(wait, Event::Arrive);
        }
        self.poll();
    }

    pub(super) fn send_sweep(&mut self) {
        self.tally.sends += 1;
        self.runs.push_back(Message { work: Work::Sweep, moved: false, sent_at: self.now() });
        self.agenda.after(SWEEP, Event::Sweep);
        self.poll();
    }

    /// What was sent is visible from now on.
    pub(super) fn sent(&mut self, place: Place, messages: Vec<Message>) {
        match place {
            Place::Runs => self.runs.extend(messages),
            Place::Adopt => self.adopt.extend(messages),
        }
        self.give(place);
    }

    /// Gives what is visible to whoever waits for it: runners with room, and the mapping as far as it may begin invocations.
    pub(super) fn poll(&mut self) {
        while !self.runs.is_empty() {
            let pollers = self.mapping.pollers(self.runners.len());
            let waiting = self.waiting_at(Place::Runs);
            if pollers.is_empty() && !self.is_growing && self.mapping.may_grow(self.runners.len()) {
                self.is_growing = true;
                self.agenda.after(Duration::from_secs(1), Event::Grow);
            }
            let who = load::below(pollers.len() + waiting.len(), &self.entropy);
            match (pollers.get(who), waiting.get(who.saturating_sub(pollers.len()))) {
                (Some(&poller), _) => self.gather(poller),
                (None, Some(&at)) => self.answer(at),
                (None, None) => break,
            }
        }
    }

    fn gather(&mut self, poller: usize) {
        let count = self.runs.len().min(BATCH).min(self.mapping.room(poller));
        self.tally.receives += 1;
        if let Some(batch) = self.mapping.gather(poller, self.runs.drain(..count)) {
            self.agenda.after(WINDOW, Event::Window { poller, batch });
        }
        if self.mapping.room(poller) == 0 {
            self.invoke(poller);
        }
    }

    pub(super) fn window_over(&mut self, poller: usize, batch: u64) {
        if self.mapping.is_gathering(poller, batch) {
            // The receive that waited for more.
            self.tally.empty_receives += 1;
            self.invoke(poller);
        }
    }

    fn invoke(&mut self, poller: usize) {
        let batch = self.mapping.give(poller);
        let now = self.now();
        self.tally.invocations += 1;
        // The environment that fell idle last is taken, so a few of them stay warm.
        let is_warm = self.idle.pop().is_some_and(|since| since + KEPT_WARM > now);
        let start = if is_warm { Duration::ZERO } else { INIT };
        self.tally.cold += u64::from(!is_warm);
        let id = self.new_runner(batch.len());
        self.agenda.after(start, Event::Begin { id, batch });
    }
}
