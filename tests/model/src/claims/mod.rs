//! One unit, its messages and the runners that receive them: claims, fences, hand-overs, adoption, changes from outside, the sweep.
//!
//! Everything that is not one write or one call is several steps here, and anything may come between them. Time is not told: a lease may run out
//! whenever no living runner keeps it, and the sweep may come at any moment at which the unit is due, sooner than it does in truth. What is
//! left out: how long anything takes, and more than one unit. Invariant: a step does what one write or one call of the code does.

mod runner;
mod state;
mod steps;
mod told;

pub use state::{Budget, Message, Phase, Queue, Runner, State, Status};
pub use told::Step;

use crate::rules::Rules;
use crate::{Model, Property};

/// The model: the rules, and how much may happen.
#[derive(Debug, Clone, Copy)]
pub struct Claims {
    /// The rules that are followed.
    pub rules: Rules,
    /// How many runners there are.
    pub runners: usize,
    /// How often what nobody may count on happens at most.
    pub budget: Budget,
    /// Whether messages may step aside.
    pub adoption: bool,
    /// Whether the sweep comes whenever the unit is due and at most one message of it is left; its budget aside.
    pub always_swept: bool,
}

impl Claims {
    /// What holds in every state.
    #[must_use]
    pub fn invariants() -> Vec<Property<State>> {
        vec![
            Property::Always("at most one runner can write", State::one_can_write),
            Property::Always("nothing that was written is overwritten by a stale holder", |state| {
                state.written == state.best
            }),
            Property::Always("a unit that is done has done what was asked for", State::did_all),
            Property::Always("the hop that new messages are measured by never falls", |state| {
                state.hop == state.top_hop
            }),
        ]
    }

    /// What holds while messages, faults and sweeps are counted.
    #[must_use]
    pub fn economy() -> Vec<Property<State>> {
        vec![
            Property::Always("a living holder is fenced once for each message too many", |state| {
                state.fenced <= state.crossings
            }),
            Property::Always("a message is moved at most there and back", |state| {
                state.moves <= 2 * (state.sent + state.crossings)
            }),
        ]
    }

    /// What comes in the end.
    #[must_use]
    pub fn ends() -> Vec<Property<State>> {
        vec![Property::Reached("the unit is over and nothing of it is left to do", State::is_quiet)]
    }
}

impl Model for Claims {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        State::created(self)
    }

    fn steps(&self, state: &State, next: &mut Vec<(Step, State)>) {
        steps::all(self, state, next);
    }

    fn is_sure(&self, step: &Step) -> bool {
        step.is_sure()
    }
}
