//! What a driver does in order to buy each row once.

use domain::progress::{self, Doubt};
use jiff::{SignedDuration, Timestamp};

use super::{ABANDON, Adding, Attempt, BEFORE, Buying, Request, State, Step, UNTIL, WANTED};
use crate::rules::Rule;

/// Where a driver's purchase stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Phase {
    /// There is none.
    Ready,
    /// It is announced.
    Announced {
        /// What is bought.
        rows: Vec<Attempt>,
        /// Halves of a purchase until it is given up.
        abandon: u8,
    },
    /// The request is on its way.
    Sent {
        /// What is bought.
        rows: Vec<Attempt>,
    },
    /// The answer is written down; the announcement still stands.
    Bought,
    /// Nobody knows whether it was bought.
    Doubts {
        /// Whether a list has shown that something is missing.
        waits: bool,
    },
    /// The upstream group is being listed.
    Lists {
        /// What the list says.
        found: Vec<Attempt>,
        /// Whether it began after the announcement's end.
        after_the_end: bool,
    },
}

impl Phase {
    pub(crate) const fn abandon(&self) -> Option<u8> {
        match self {
            Self::Announced { abandon, .. } => Some(*abandon),
            _ => None,
        }
    }

    pub(crate) fn tick(&mut self) {
        if let Self::Announced { abandon, .. } = self {
            *abandon = abandon.saturating_sub(1);
        }
    }
}

/// A driver.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The number of its claim.
    pub claim: u8,
    /// Whether its epoch is the unit's still.
    pub current: bool,
    /// Whether it takes the second row for one to be bought a second time.
    pub retries: bool,
    /// What it knows to be bought.
    pub known: Vec<Attempt>,
    /// Where its purchase stands.
    pub phase: Phase,
}

impl Holder {
    pub(super) fn new(state: &State, claim: u8) -> Self {
        let phase = if state.adding.is_some() { Phase::Doubts { waits: false } } else { Phase::Ready };
        // A retry that the unit's item says was taken in is not taken in again: the row's own item tells of it.
        let retries = state.attempt_stored || !state.retry_seen;
        Self { claim, current: true, retries, known: state.known.clone(), phase }
    }

    /// What it takes for not bought.
    fn to_buy(&self) -> Vec<Attempt> {
        let wanted = WANTED.into_iter().filter(|(index, _)| *index != BEFORE.0 || self.retries);
        wanted.filter(|row| !self.known.contains(row)).collect()
    }
}

type Next = Vec<(Step, State)>;

pub(super) fn steps(model: &Buying, state: &State, at: usize, next: &mut Next) {
    let holder = &state.holders[at];
    let claim = holder.claim;
    // Whoever is fenced finds out at its next write; until then it goes on with what needs none.
    if !holder.current {
        let mut after = state.clone();
        after.forget(at);
        next.push((Step::IsFenced(claim), after));
    }
    match &holder.phase {
        Phase::Ready if holder.current => begins(model, state, at, next),
        Phase::Announced { rows, abandon } => {
            let mut after = state.clone();
            if *abandon > 0 || !model.rules.has(Rule::AbandonsInTime) {
                let left = if *abandon > 0 { abandon + UNTIL - ABANDON } else { UNTIL };
                sends(&mut after, at, rows.clone(), left);
                next.push((Step::Sends(claim, rows.clone()), after));
            } else {
                after.holders[at].phase = Phase::Doubts { waits: false };
                next.push((Step::GivesUp(claim), after));
            }
        }
        Phase::Sent { rows } => sent(state, at, rows, next),
        Phase::Bought if holder.current => {
            let mut after = state.clone();
            after.adding = None;
            after.holders[at].phase = Phase::Ready;
            next.push((Step::TakesBack(claim), after));
        }
        Phase::Doubts { waits } if holder.current => doubts(model, state, at, *waits, next),
        Phase::Lists { found, after_the_end } if holder.current => {
            let of_the_end = *after_the_end
                || !model.rules.has(Rule::WaitsForTheEnd)
                || (!model.rules.has(Rule::ListsAfterTheEnd) && state.is_past_the_end());
            next.push(resolves(model, state, at, found, of_the_end));
        }
        Phase::Ready | Phase::Bought | Phase::Doubts { .. } | Phase::Lists { .. } => {}
    }
}

fn sends(state: &mut State, at: usize, rows: Vec<Attempt>, left: u8) {
    let claim = state.holders[at].claim;
    state.requests.push(Request { rows: rows.clone(), claim, left });
    state.requests.sort_unstable();
    state.holders[at].phase = Phase::Sent { rows };
}

fn begins(model: &Buying, state: &State, at: usize, next: &mut Next) {
    let holder = &state.holders[at];
    let rows = holder.to_buy();
    if rows.is_empty() {
        return;
    }
    let mut after = state.clone();
    let again = rows.contains(&WANTED[1]);
    if again && !state.attempt_stored && model.rules.has(Rule::AttemptIsStoredFirst) {
        after.attempt_stored = true;
        next.push((Step::StoresAttempt(holder.claim), after));
    } else if model.rules.has(Rule::AnnouncesFirst) {
        after.adding = Some(Adding { rows: rows.clone(), until: UNTIL });
        after.retry_seen |= again;
        after.holders[at].phase = Phase::Announced { rows: rows.clone(), abandon: ABANDON };
        next.push((Step::Announces(holder.claim, rows), after));
    } else {
        sends(&mut after, at, rows.clone(), UNTIL);
        next.push((Step::Sends(holder.claim, rows), after));
    }
}

fn sent(state: &State, at: usize, rows: &[Attempt], next: &mut Next) {
    let claim = state.holders[at].claim;
    let mut after = state.clone();
    if let Some(answer) = state.answers.iter().position(|answer| *answer == claim) {
        after.answers.remove(answer);
        // Said by key and epoch, so a fenced driver says it too; it is true.
        after.knows(rows);
        after.holders[at].known.clone_from(&after.known);
        after.holders[at].phase = Phase::Bought;
        next.push((Step::TakesIn(claim), after));
    }
    let mut after = state.clone();
    after.answers.retain(|answer| *answer != claim);
    for request in after.requests.iter_mut().filter(|request| request.claim == claim) {
        request.claim = 0;
    }
    after.holders[at].phase = Phase::Doubts { waits: false };
    next.push((Step::GivesUp(claim), after));
}

fn doubts(model: &Buying, state: &State, at: usize, waits: bool, next: &mut Next) {
    let claim = state.holders[at].claim;
    let after_the_end = state.is_past_the_end();
    if waits && !after_the_end {
        return;
    }
    if !model.rules.has(Rule::ListsAfterDoubt) {
        if after_the_end {
            next.push(resolves(model, state, at, &[], true));
        }
        return;
    }
    let mut after = state.clone();
    after.holders[at].phase = Phase::Lists { found: state.upstream.clone(), after_the_end };
    next.push((Step::Lists(claim), after));
}

/// Takes in what is there, and buys again what is not, if nobody can be buying it any more.
fn resolves(model: &Buying, state: &State, at: usize, found: &[Attempt], of_the_end: bool) -> (Step, State) {
    let claim = state.holders[at].claim;
    let mut after = state.clone();
    let there: Vec<_> = WANTED.into_iter().filter(|row| model.is_found(found, *row)).collect();
    after.knows(&there);
    after.holders[at].known.clone_from(&after.known);
    let missing = match doubt(model, state.adding.as_ref(), found, of_the_end) {
        Doubt::Missing(missing) => missing,
        Doubt::Open(_) => {
            after.holders[at].phase = Phase::Doubts { waits: true };
            return (Step::Waits(claim), after);
        }
    };
    // Taken back by the write that comes next, which is one of this holder's or none.
    after.adding = None;
    after.holders[at].phase = Phase::Ready;
    let row = |(index, attempt)| Some((u8::try_from(index).ok()?, u8::try_from(attempt).ok()?));
    let missing = missing.into_iter().filter_map(row).collect();
    (Step::Resolves { claim, missing }, after)
}

/// What the domain says of the announced purchase, by a list that began after its end or before.
fn doubt(model: &Buying, adding: Option<&Adding>, found: &[Attempt], of_the_end: bool) -> Doubt {
    let (until, before) = (Timestamp::UNIX_EPOCH + SignedDuration::from_mins(1), Timestamp::UNIX_EPOCH);
    let rows = adding.into_iter().flat_map(|adding| &adding.rows);
    let rows = rows.map(|(index, attempt)| (u32::from(*index), u32::from(*attempt))).collect();
    let adding = progress::Adding { epoch: 0, rows, until };
    let is_found = |&(index, attempt): &(u32, u32)| {
        let row = u8::try_from(index).ok().zip(u8::try_from(attempt).ok());
        row.is_some_and(|row| model.is_found(found, row))
    };
    adding.resolve(is_found, if of_the_end { until } else { before })
}
