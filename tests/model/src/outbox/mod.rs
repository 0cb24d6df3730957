//! One delivery: its record in the stream, its messages, and the workers that attempt it.
//!
//! What follows an attempt is decided by [`domain::delivery::after_attempt`], on the last two rungs of its ladder; what a redelivery makes of it, by
//! [`domain::delivery::redelivered`]. Time is told as whether the time of the next attempt has come. Left out: endpoints that are disabled, and how
//! long anything takes. Invariant: a message is a number; two of the same number are alike.

mod delivery;
mod told;
mod worker;

pub use told::Step;
pub use worker::Phase;

use crate::rules::{Rule, Rules};
use crate::{Model, Property};

/// How often what nobody may count on happens at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Records and messages that come twice.
    pub duplicates: u8,
    /// Records that are lost.
    pub lost: u8,
    /// Workers that die.
    pub crashes: u8,
    /// Workers that take longer than they may.
    pub slow: u8,
    /// Redeliveries.
    pub redeliveries: u8,
}

/// The model.
#[derive(Debug, Clone, Copy)]
pub struct Outbox {
    /// The rules that are followed.
    pub rules: Rules,
    /// What may happen.
    pub budget: Budget,
}

/// The state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "facts that hold each by itself")]
pub struct State {
    /// The number of the next attempt; none once the delivery is over.
    pub pending: Option<u8>,
    /// Attempts that are recorded.
    pub made: u8,
    /// How many of them belong to earlier courses.
    pub earlier: u8,
    /// Whether the next attempt is taken.
    pub busy: bool,
    /// Whether the sweep looks at it.
    pub due: bool,
    /// Whether the next attempt's time has come.
    pub ripe: bool,
    /// Records of it in the stream.
    pub records: u8,
    /// Messages: the attempt that each names.
    pub messages: Vec<u8>,
    /// Two workers.
    pub workers: [Phase; 2],
    /// What may still happen.
    pub left: Budget,
    /// How often each attempt was made, from the first on.
    pub posts: Vec<u8>,
    /// How often an attempt may have been made once more.
    pub troubles: u8,
    /// An attempt was made before its time.
    pub early: bool,
    /// The delivery was over, and nobody has asked for it since.
    pub was_over: bool,
}

impl Outbox {
    /// What must hold.
    #[must_use]
    pub fn properties() -> Vec<Property<State>> {
        vec![
            Property::Always("an attempt is made once for each worker that did not die or sleep", |state| {
                state.posts.iter().all(|posts| *posts <= 1 + state.troubles)
            }),
            Property::Always("no attempt is made before its time", |state| !state.early),
            Property::Always("what is over stays over", |state| !state.was_over || state.pending.is_none()),
            Property::Reached("the delivery is over, and nothing of it is left to do", |state| {
                let idle = state.workers.iter().all(|worker| *worker == Phase::Idle);
                state.pending.is_none() && state.messages.is_empty() && idle
            }),
        ]
    }
}

impl Model for Outbox {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        State {
            pending: Some(1),
            made: 0,
            earlier: 0,
            busy: false,
            due: self.rules.has(Rule::DeliveriesAreDue),
            ripe: true,
            records: 1,
            messages: Vec::new(),
            workers: [Phase::Idle; 2],
            left: self.budget,
            posts: Vec::new(),
            troubles: 0,
            early: false,
            was_over: false,
        }
    }

    fn steps(&self, state: &State, next: &mut Vec<(Step, State)>) {
        delivery::steps(self, state, next);
        for at in 0..state.workers.len() {
            worker::steps(self, state, at, next);
        }
    }

    fn is_sure(&self, step: &Step) -> bool {
        !matches!(
            step,
            Step::IsDuplicated(_)
                | Step::RecordIsLost
                | Step::Dies(_)
                | Step::IsSlow
                | Step::Redelivers(_)
                | Step::RecordComesTwice
        )
    }
}

impl State {
    pub(crate) fn send(&mut self, attempt: u8) {
        self.messages.push(attempt);
        self.messages.sort_unstable();
    }
}
