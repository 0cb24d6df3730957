//! What a worker does with a message that names an attempt.

use domain::delivery::{self, LADDER, Outcome, after_attempt};
use jiff::Timestamp;

use super::{Outbox, State, Step};
use crate::rules::Rule;

/// Attempts that were made before the model begins: it climbs the last two rungs.
const CLIMBED: usize = LADDER.len() - 1;

/// What a worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Nothing.
    Idle,
    /// It has received a message that names this attempt.
    Has(u8),
    /// It has taken an attempt.
    Took {
        /// What its message names.
        message: u8,
        /// The attempt.
        attempt: u8,
        /// The attempts that were recorded then.
        made: u8,
    },
    /// It has made it.
    Posted {
        /// What its message names.
        message: u8,
        /// The attempt.
        attempt: u8,
        /// The attempts that were recorded when it took it.
        made: u8,
        /// Whether the receiver took it.
        arrived: bool,
    },
    /// It has recorded it, and sends the next.
    Sends {
        /// What its message names.
        message: u8,
        /// The next attempt.
        attempt: u8,
    },
    /// It deletes its message.
    Deletes(u8),
}

impl Phase {
    pub(crate) const fn is_taker(self) -> bool {
        matches!(self, Self::Took { .. } | Self::Posted { .. })
    }

    const fn message(self) -> Option<u8> {
        match self {
            Self::Idle => None,
            Self::Has(message) | Self::Deletes(message) => Some(message),
            Self::Took { message, .. } | Self::Posted { message, .. } | Self::Sends { message, .. } => {
                Some(message)
            }
        }
    }
}

type Next = Vec<(Step, State)>;

pub(super) fn steps(model: &Outbox, state: &State, at: usize, next: &mut Next) {
    let phase = state.workers[at];
    if let Some(message) = phase.message()
        && let Some(left) = state.left.crashes.checked_sub(1)
    {
        let mut after = state.clone();
        after.left.crashes = left;
        after.troubles += u8::from(phase.is_taker());
        after.workers[at] = Phase::Idle;
        after.send(message);
        next.push((Step::Dies(at), after));
    }
    let to = |phase: Phase| {
        let mut after = state.clone();
        after.workers[at] = phase;
        after
    };
    match phase {
        // Workers that do nothing are alike.
        Phase::Idle if at == 0 || state.workers[0] != Phase::Idle => receives(state, at, next),
        Phase::Idle => {}
        Phase::Has(message) => next.push(takes(model, state, at, message)),
        Phase::Took { message, attempt, made } => {
            for arrived in [false, true] {
                let mut after = to(Phase::Posted { message, attempt, made, arrived });
                let place = usize::from(attempt) - 1;
                after.posts.resize(after.posts.len().max(place + 1), 0);
                after.posts[place] += 1;
                next.push((Step::Posts(at, attempt, arrived), after));
            }
        }
        Phase::Posted { message, attempt, made, arrived } => {
            let stands = state.pending == Some(attempt) && state.made == made;
            if stands || !model.rules.has(Rule::OutcomeTestsAttempt) {
                let mut after = to(Phase::Deletes(message));
                let follows = records(model, &mut after, attempt, made + 1, arrived);
                if let Some(attempt) = follows {
                    after.workers[at] = Phase::Sends { message, attempt };
                }
                next.push((Step::Records(at, attempt), after));
            } else {
                next.push((Step::IsTooLate(at, attempt), to(Phase::Deletes(message))));
            }
        }
        Phase::Sends { message, attempt } => {
            let mut after = to(Phase::Deletes(message));
            after.send(attempt);
            next.push((Step::SendsNext(at, attempt), after));
        }
        Phase::Deletes(message) => next.push((Step::Deletes(at, message), to(Phase::Idle))),
    }
}

/// A message of the next attempt comes when its time has; any other one at once.
fn receives(state: &State, at: usize, next: &mut Next) {
    let mut before = None;
    for (place, &attempt) in state.messages.iter().enumerate() {
        let is_delayed = state.pending == Some(attempt) && !state.ripe;
        if before.replace(attempt) == Some(attempt) || is_delayed {
            continue;
        }
        let mut after = state.clone();
        after.messages.remove(place);
        after.workers[at] = Phase::Has(attempt);
        next.push((Step::Receives(at, attempt), after));
    }
}

fn takes(model: &Outbox, state: &State, at: usize, message: u8) -> (Step, State) {
    let mut after = state.clone();
    let is_named = state.pending == Some(message) || !model.rules.has(Rule::AttemptsAreNumbered);
    let is_free = !state.busy || !model.rules.has(Rule::AttemptsAreTaken);
    match state.pending {
        Some(attempt) if is_named && is_free => {
            after.busy = true;
            after.early |= !state.ripe;
            after.workers[at] = Phase::Took { message, attempt, made: state.made };
            (Step::Takes(at, attempt), after)
        }
        _ => {
            after.workers[at] = Phase::Deletes(message);
            (Step::Drops(at, message), after)
        }
    }
}

/// Writes what came of an attempt over what was there when it was taken; says which one follows, if one does.
fn records(model: &Outbox, state: &mut State, attempt: u8, made: u8, arrived: bool) -> Option<u8> {
    state.made = made;
    state.busy = false;
    let outcome = Outcome::Answered { status: if arrived { 200 } else { 500 }, retry_after_seconds: None };
    let taken = CLIMBED + usize::from(made.saturating_sub(state.earlier));
    let taken = u32::try_from(taken).unwrap_or(u32::MAX);
    let follows = after_attempt(&outcome, u32::from(attempt), taken, None, Timestamp::UNIX_EPOCH, 0.0);
    if let delivery::State::Pending { attempt, .. } = follows {
        state.pending = u8::try_from(attempt).ok();
        state.ripe = false;
        state.due = model.rules.has(Rule::DeliveriesAreDue);
    } else {
        state.pending = None;
        state.due = false;
        state.was_over = true;
    }
    state.pending
}
