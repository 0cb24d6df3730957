//! One row whose first run fails and whose second one, asked for again, completes: its item, and what the unit announces of it.
//!
//! Holders follow each other, and each may be as slow as it likes between any two steps. The upstream tells an event again to whoever opens its
//! stream before it. Left out: listings, by which an end is found in truth that a stream did not tell. Invariant: a later result is a greater one.

use std::fmt;

use crate::rules::{Rule, Rules};
use crate::{Model, Property};

/// The model.
#[derive(Debug, Clone, Copy)]
pub struct Results {
    /// The rules that are followed.
    pub rules: Rules,
    /// How often the unit is claimed while somebody holds it, or its holder dies.
    pub troubles: u8,
}

/// What may stand in the row's item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Row {
    /// Its first run failed.
    Failed,
    /// Its second one is to be bought.
    Again,
    /// Its second one completed.
    Completed,
}

/// A driver.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The number of its claim: its epoch.
    pub claim: u8,
    /// Whether that is the unit's still.
    pub current: bool,
    /// Events that it has heard.
    pub heard: u8,
    /// What it knows to be announced.
    pub known: Option<Row>,
    /// What it is going to store and announce.
    pub ready: Option<Row>,
    /// Whether that is stored, or announced where that comes first.
    pub half: bool,
}

/// The state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The row's item, with the epoch that wrote it.
    pub item: Option<(u8, Row)>,
    /// What the unit announces of the row.
    pub announced: Option<Row>,
    /// Events of the upstream's stream that the unit says are taken in.
    pub cursor: u8,
    /// Drivers.
    pub holders: Vec<Holder>,
    /// Claims so far.
    pub claims: u8,
    /// Troubles that may still come.
    pub troubles: u8,
}

/// What happens. Holders are told by their claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A runner claims the unit; `true` if it is held.
    Claims(u8, bool),
    /// A driver is gone.
    Dies(u8),
    /// A driver finds that it is fenced.
    IsFenced(u8),
    /// A driver hears of the end of a run.
    Hears(u8, Row),
    /// A driver takes in that the row was asked for again.
    Retries(u8),
    /// A driver writes the row's item.
    Stores(u8, Row),
    /// A driver announces it.
    Announces(u8, Row),
    /// A driver writes how far it has heard.
    MovesCursor(u8, u8),
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claims(claim, false) => write!(out, "driver {claim} claims"),
            Self::Claims(claim, true) => write!(out, "driver {claim} claims what another holds"),
            Self::Dies(claim) => write!(out, "driver {claim} dies"),
            Self::IsFenced(claim) => write!(out, "driver {claim} finds that it is fenced"),
            Self::Hears(claim, row) => write!(out, "driver {claim} hears: {row:?}"),
            Self::Retries(claim) => write!(out, "driver {claim} takes in that the row is to be bought again"),
            Self::Stores(claim, row) => write!(out, "driver {claim} stores {row:?}"),
            Self::Announces(claim, row) => write!(out, "driver {claim} announces {row:?}"),
            Self::MovesCursor(claim, to) => write!(out, "driver {claim} moves the cursor to {to}"),
        }
    }
}

impl Results {
    /// What must hold.
    #[must_use]
    pub fn properties() -> Vec<Property<State>> {
        vec![
            Property::Always("whoever reads what is announced finds it stored", |state| {
                state.announced.is_none_or(|row| state.item.is_some_and(|(_, stored)| stored >= row))
            }),
            Property::Reached("the row is completed", |state| state.announced == Some(Row::Completed)),
        ]
    }
}

impl Model for Results {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        let holders = Vec::new();
        State { item: None, announced: None, cursor: 0, holders, claims: 0, troubles: self.troubles }
    }

    fn steps(&self, state: &State, next: &mut Vec<(Step, State)>) {
        let held = state.holders.iter().any(|holder| holder.current);
        if !held || state.troubles > 0 {
            let mut after = state.clone();
            after.troubles -= u8::from(held);
            after.claims += 1;
            for holder in &mut after.holders {
                holder.current = false;
            }
            let (claim, known) = (after.claims, state.announced);
            let new = Holder { claim, current: true, heard: state.cursor, known, ready: None, half: false };
            after.holders.push(new);
            next.push((Step::Claims(claim, held), after));
        }
        for at in 0..state.holders.len() {
            self.drives(state, at, next);
        }
    }

    fn is_sure(&self, step: &Step) -> bool {
        !matches!(step, Step::Dies(_) | Step::Claims(_, true))
    }
}

impl Results {
    fn drives(&self, state: &State, at: usize, next: &mut Vec<(Step, State)>) {
        let Holder { claim, current, heard, known, ready, half } = state.holders[at];
        let without = || {
            let mut after = state.clone();
            after.holders.remove(at);
            after
        };
        if let Some(left) = state.troubles.checked_sub(1) {
            next.push((Step::Dies(claim), State { troubles: left, ..without() }));
        }
        if !current {
            next.push((Step::IsFenced(claim), without()));
        }
        let mut after = state.clone();
        let Some(row) = ready else {
            let event = match heard {
                0 => Some(Row::Failed),
                // The second run was bought once its item said so.
                1 if known >= Some(Row::Again) => Some(Row::Completed),
                _ => None,
            };
            if let Some(row) = event {
                after.holders[at].heard += 1;
                // What is known already changes nothing.
                after.holders[at].ready = Some(row).filter(|row| known < Some(*row));
                next.push((Step::Hears(claim, row), after));
            } else if known == Some(Row::Failed) {
                after.holders[at].ready = Some(Row::Again);
                next.push((Step::Retries(claim), after));
            }
            return;
        };
        if !self.rules.has(Rule::CursorWaitsForStored) && current && state.cursor < heard {
            let mut after = state.clone();
            after.cursor = heard;
            next.push((Step::MovesCursor(claim, heard), after));
        }
        if half == self.rules.has(Rule::ResultBeforeStatus) {
            if current {
                after.announced = Some(row);
                after.cursor = heard;
                next.push((Step::Announces(claim, row), done(after, at, row, half)));
            }
        } else if !self.rules.has(Rule::PutTestsItemsEpoch) || state.item.is_none_or(|(by, _)| by <= claim) {
            after.item = Some((claim, row));
            next.push((Step::Stores(claim, row), done(after, at, row, half)));
        } else if current {
            next.push((Step::IsFenced(claim), without()));
        }
    }
}

/// One of the two writes is done; after both of them the next thing comes.
fn done(mut state: State, at: usize, row: Row, half: bool) -> State {
    let holder = &mut state.holders[at];
    if half {
        (holder.known, holder.ready) = (Some(row), None);
    }
    holder.half = !half;
    state
}
