//! A unit that kills whatever drives it, and an innocent one beside it.
//!
//! Who is alone and who is given up is decided by [`domain::poison`]. Both are in one invocation, the worst case; when it has died, another follows
//! it as soon as the leases are up. Left out: fences, which say nothing about a unit; a death between a claim and the write that sets
//! its unit aside; and a killer so slow that it is handed over in order before it kills, which no count finds out. Invariant: the killer neither
//! gets on nor hands over, and kills whenever it likes while it is driven.

use std::fmt;
use std::time::Duration;

use domain::poison::{is_poison, must_be_alone};
use domain::unit::Lease;
use jiff::{SignedDuration, Timestamp};

use crate::rules::{Rule, Rules};
use crate::{Model, Property};

/// The model.
#[derive(Debug, Clone, Copy)]
pub struct Poison {
    /// The rules that are followed.
    pub rules: Rules,
    /// How many receives of one message count as poison where claims are not counted.
    pub receives: u32,
}

/// Where a unit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Its message waits.
    Waits,
    /// It is claimed, and waits until it is alone.
    WaitsAlone,
    /// It is driven.
    Driven,
    /// It has ended well.
    Done,
    /// It was given up.
    GivenUp,
}

/// A unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unit {
    /// Where it stands.
    pub place: Place,
    /// Claims without progress, as its item says.
    pub fruitless: u32,
    /// How often its present message was received.
    pub receives: u32,
    /// Runners that the killer killed while they drove it.
    pub deaths: u32,
    /// Whether it made progress since its last claim.
    pub got_on: bool,
}

/// The state: the killer, then the innocent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State(pub [Unit; 2]);

/// The killer, and the innocent.
const NAMES: [&str; 2] = ["the killer", "the innocent"];

/// What happens; units by their index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A runner receives a unit's message and claims it.
    Claims(usize),
    /// A unit is claimed and given up as poison.
    GivesUp(usize),
    /// A unit that must be alone is claimed where another is, and passed on.
    SetsAside(usize),
    /// The innocent is handed over, because another must be alone.
    Leaves,
    /// One that has waited is alone now, and driven.
    IsAlone(usize),
    /// The innocent makes some progress.
    Progress,
    /// The innocent ends.
    Ends,
    /// A waiting message is moved to another queue and back: it is a new one.
    Moved(usize),
    /// The killer kills its runner.
    Kills,
    /// The innocent's runner dies of something else, some time later.
    Dies,
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claims(unit) => write!(out, "{} is claimed", NAMES[*unit]),
            Self::GivesUp(unit) => write!(out, "{} is claimed, and given up as poison", NAMES[*unit]),
            Self::SetsAside(unit) => write!(out, "{} is claimed, and set aside", NAMES[*unit]),
            Self::Leaves => write!(out, "the innocent is handed over in order"),
            Self::IsAlone(unit) => write!(out, "{} is driven alone", NAMES[*unit]),
            Self::Progress => write!(out, "the innocent makes some progress"),
            Self::Ends => write!(out, "the innocent ends"),
            Self::Moved(unit) => write!(out, "the message of {} is moved", NAMES[*unit]),
            Self::Kills => write!(out, "the killer kills its runner"),
            Self::Dies => write!(out, "the innocent's runner dies of something else"),
        }
    }
}

impl Poison {
    /// What must hold.
    #[must_use]
    pub fn properties() -> Vec<Property<State>> {
        vec![
            Property::Always("an innocent is never given up", |state| state.0[1].place != Place::GivenUp),
            Property::Always("an innocent is taken along twice at most", |state| state.0[1].deaths <= 2),
            Property::Always("a killer kills six runners at most", |state| state.0[0].deaths <= 6),
            Property::Reached("both are over", |state| {
                matches!(state.0.map(|unit| unit.place), [Place::GivenUp, Place::Done])
            }),
        ]
    }

    /// Whether a unit that was claimed must be alone, by what its item says.
    fn must_be_alone(&self, unit: &Unit) -> bool {
        self.rules.has(Rule::SuspectsAreAlone) && must_be_alone(unit.fruitless.saturating_sub(1))
    }

    fn is_given_up(&self, unit: &Unit) -> bool {
        if !self.rules.has(Rule::PoisonFails) {
            return false;
        }
        if !self.rules.has(Rule::ClaimsAreCounted) {
            return unit.receives > self.receives;
        }
        let (lease, now) = (Duration::from_mins(2), Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1));
        let claimed_before = Some(now - SignedDuration::from_mins(2));
        is_poison(&Lease { fruitless: unit.fruitless, claimed_before, ..Lease::default() }, lease, now)
    }
}

impl Model for Poison {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        State([Unit { place: Place::Waits, fruitless: 0, receives: 0, deaths: 0, got_on: false }; 2])
    }

    fn steps(&self, state: &State, next: &mut Vec<(Step, State)>) {
        let units = &state.0;
        let is_at = |place: Place| units.iter().any(|unit| unit.place == place);
        for at in 0..2 {
            let mut after = state.clone();
            let unit = &mut after.0[at];
            match unit.place {
                Place::Waits => {
                    unit.fruitless += 1;
                    unit.receives = (unit.receives + 1).min(self.receives + 1);
                    let alone = self.must_be_alone(unit);
                    let other = &units[1 - at];
                    let is_reserved = other.place == Place::WaitsAlone
                        || (other.place == Place::Driven && self.must_be_alone(other));
                    if self.is_given_up(unit) {
                        unit.place = Place::GivenUp;
                        next.push((Step::GivesUp(at), after));
                    } else if alone && is_reserved {
                        // It goes on as a new message.
                        unit.receives = 0;
                        unit.fruitless -= u32::from(self.rules.has(Rule::SetAsideIsNotCounted));
                        next.push((Step::SetsAside(at), after));
                    } else if alone || !is_reserved {
                        unit.place = if alone { Place::WaitsAlone } else { Place::Driven };
                        next.push((Step::Claims(at), after));
                    }
                    if units[at].receives > 0 {
                        let mut after = state.clone();
                        after.0[at].receives = 0;
                        next.push((Step::Moved(at), after));
                    }
                }
                Place::WaitsAlone if !is_at(Place::Driven) => {
                    unit.place = Place::Driven;
                    next.push((Step::IsAlone(at), after));
                }
                _ => {}
            }
        }
        if units[1].place == Place::Driven {
            let mut after = state.clone();
            if self.rules.has(Rule::ProgressClearsCount) {
                after.0[1].fruitless = 0;
            }
            after.0[1].got_on = true;
            if after != *state {
                next.push((Step::Progress, after.clone()));
            }
            after.0[1].place = Place::Done;
            next.push((Step::Ends, after));
            if units[0].place == Place::WaitsAlone {
                let mut after = state.clone();
                after.0[1] = Unit { place: Place::Waits, receives: 0, got_on: false, ..after.0[1] };
                if self.rules.has(Rule::ProgressClearsCount) {
                    after.0[1].fruitless = 0;
                }
                next.push((Step::Leaves, after));
            }
            if units[1].got_on && matches!(units[0].place, Place::Waits | Place::GivenUp) {
                let mut after = state.clone();
                after.0[1].place = Place::Waits;
                after.0[1].got_on = false;
                next.push((Step::Dies, after));
            }
        }
        if units[0].place == Place::Driven {
            let mut after = state.clone();
            for unit in &mut after.0 {
                if unit.place == Place::Driven {
                    unit.deaths += 1;
                }
                if matches!(unit.place, Place::Driven | Place::WaitsAlone) {
                    unit.place = Place::Waits;
                    unit.got_on = false;
                }
            }
            next.push((Step::Kills, after));
        }
    }

    fn is_sure(&self, step: &Step) -> bool {
        !matches!(step, Step::Moved(_) | Step::Dies)
    }
}
