//! Two rows that are bought from an upstream which no epoch can fence, by holders that follow each other.
//!
//! One row is bought for the first time, the other for the second: its first attempt was bought, and is over. Time is told in halves of a purchase:
//! a request is given up after one, its announcement ends after two. A holder may be as slow as it likes between any two steps, which is what a
//! frozen one is. The upstream may execute a request until its announcement's end; one that it executes later is left out, for it can be
//! bought twice: the protocol says so. What a list
//! decides is [`domain::progress::Adding::resolve`]. Invariant: what upstream has executed stays.

mod holder;
mod told;

pub use holder::{Holder, Phase};
pub use told::Step;

use crate::rules::{Rule, Rules};
use crate::{Model, Property};

/// Halves of a purchase until its announcement's end.
pub(crate) const UNTIL: u8 = 2;
/// Halves of a purchase until its request is given up.
pub(crate) const ABANDON: u8 = 1;

/// A row with the number of its attempt.
pub type Attempt = (u8, u8);

/// What is to be bought.
pub const WANTED: [Attempt; 2] = [(0, 1), (1, 2)];
/// What was bought before.
const BEFORE: Attempt = (1, 1);

/// The model.
#[derive(Debug, Clone, Copy)]
pub struct Buying {
    /// The rules that are followed.
    pub rules: Rules,
    /// How often the unit is claimed while somebody holds it, or its holder dies.
    pub troubles: u8,
    /// How many requests or answers are lost.
    pub losses: u8,
}

/// An announced purchase.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Adding {
    /// What is bought.
    pub rows: Vec<Attempt>,
    /// Halves of a purchase until its end.
    pub until: u8,
}

/// A request on its way to the upstream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Request {
    /// What is bought.
    pub rows: Vec<Attempt>,
    /// The claim of the holder that waits for the answer.
    pub claim: u8,
    /// Halves of a purchase until upstream executes it no more.
    pub left: u8,
}

/// The state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The purchase under way, as the table says.
    pub adding: Option<Adding>,
    /// What the table knows to be bought.
    pub known: Vec<Attempt>,
    /// Whether the second attempt's number stands in its row's item.
    pub attempt_stored: bool,
    /// Whether the unit's item says that the retry was taken in.
    pub retry_seen: bool,
    /// What upstream has.
    pub upstream: Vec<Attempt>,
    /// Requests on their way.
    pub requests: Vec<Request>,
    /// Answers on their way: the claim that they are for.
    pub answers: Vec<u8>,
    /// Drivers, the newest last.
    pub holders: Vec<Holder>,
    /// Claims so far.
    pub claims: u8,
    /// Troubles that may still come.
    pub troubles: u8,
    /// Losses that may still come.
    pub losses: u8,
}

impl Buying {
    /// What must hold.
    #[must_use]
    pub fn properties() -> Vec<Property<State>> {
        vec![
            Property::Always("nothing is bought twice", |state| {
                state.upstream.windows(2).all(|pair| pair[0] != pair[1])
            }),
            Property::Reached("all is bought, and known to be", |state| {
                WANTED.iter().all(|row| state.upstream.contains(row) && state.known.contains(row))
                    && state.adding.is_none()
            }),
        ]
    }
}

impl Model for Buying {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        State {
            adding: None,
            known: vec![BEFORE],
            attempt_stored: false,
            retry_seen: false,
            upstream: vec![BEFORE],
            requests: Vec::new(),
            answers: Vec::new(),
            holders: Vec::new(),
            claims: 0,
            troubles: self.troubles,
            losses: self.losses,
        }
    }

    fn steps(&self, state: &State, next: &mut Vec<(Step, State)>) {
        claims(state, next);
        for at in 0..state.holders.len() {
            holder::steps(self, state, at, next);
        }
        upstream(state, next);
        if state.runs_a_clock() {
            let mut after = state.clone();
            after.ticks();
            next.push((Step::Time, after));
        }
    }

    fn is_sure(&self, step: &Step) -> bool {
        !matches!(step, Step::IsLost | Step::AnswerIsLost | Step::Dies(_) | Step::Claims { over: true })
    }
}

/// A runner claims the unit: surely when nobody holds it, and now and then though somebody does.
fn claims(state: &State, next: &mut Vec<(Step, State)>) {
    let held = state.holders.iter().any(|holder| holder.current);
    let mut after = state.clone();
    if held {
        let Some(left) = state.troubles.checked_sub(1) else { return };
        after.troubles = left;
    }
    for holder in &mut after.holders {
        holder.current = false;
    }
    after.claims += 1;
    after.holders.push(Holder::new(state, after.claims));
    next.push((Step::Claims { over: held }, after));
    for (at, holder) in state.holders.iter().enumerate() {
        if let Some(left) = state.troubles.checked_sub(1) {
            let mut after = state.clone();
            after.troubles = left;
            after.forget(at);
            next.push((Step::Dies(holder.claim), after));
        }
    }
}

fn upstream(state: &State, next: &mut Vec<(Step, State)>) {
    for at in 0..state.requests.len() {
        let mut after = state.clone();
        let request = after.requests.remove(at);
        if let Some(left) = state.losses.checked_sub(1) {
            next.push((Step::IsLost, State { losses: left, ..after.clone() }));
        }
        after.upstream.extend(&request.rows);
        after.upstream.sort_unstable();
        after.answers.push(request.claim);
        after.answers.sort_unstable();
        next.push((Step::Executes(request.rows), after));
    }
    for at in 0..state.answers.len() {
        if let Some(left) = state.losses.checked_sub(1) {
            let mut after = state.clone();
            after.answers.remove(at);
            after.losses = left;
            next.push((Step::AnswerIsLost, after));
        }
    }
}

impl State {
    fn runs_a_clock(&self) -> bool {
        self.adding.iter().any(|adding| adding.until > 0)
            || self.requests.iter().any(|request| request.left > 0)
            || self.holders.iter().any(|holder| holder.phase.abandon().is_some_and(|left| left > 0))
    }

    /// Half the time of a purchase passes. What upstream has not executed by then, it never does.
    fn ticks(&mut self) {
        if let Some(adding) = &mut self.adding {
            adding.until = adding.until.saturating_sub(1);
        }
        self.requests.retain(|request| request.left > 1);
        for request in &mut self.requests {
            request.left -= 1;
        }
        for holder in &mut self.holders {
            holder.phase.tick();
        }
    }

    /// A driver is gone, and nobody waits for its answer.
    pub(crate) fn forget(&mut self, at: usize) {
        let holder = self.holders.remove(at);
        self.answers.retain(|claim| *claim != holder.claim);
    }

    /// Writes down what is bought; said twice it is the same.
    pub(crate) fn knows(&mut self, rows: &[Attempt]) {
        self.known.extend(rows);
        self.known.sort_unstable();
        self.known.dedup();
    }

    /// Whether the announcement is over, as far as the holder's clock says.
    pub(crate) fn is_past_the_end(&self) -> bool {
        self.adding.as_ref().is_none_or(|adding| adding.until == 0)
    }
}

impl Buying {
    /// Whether upstream's list has this attempt, as far as marks tell.
    pub(crate) fn is_found(&self, found: &[Attempt], row: Attempt) -> bool {
        if self.rules.has(Rule::MarkNamesAttempt) {
            found.contains(&row)
        } else {
            found.iter().any(|(index, _)| *index == row.0)
        }
    }
}
