//! One unit that waits in a long queue while the sweep goes round every minute.
//!
//! The queue is in order and nothing fails: what is shown is only what the sweep does to what merely waits. When it looks again is decided by
//! [`domain::sweep::next_look`]. Left out: everything else. Invariant: a message is received `length` minutes after it was sent.

use std::collections::VecDeque;
use std::fmt;

use domain::sweep::next_look;
use jiff::{SignedDuration, Timestamp};

use crate::rules::{Rule, Rules};
use crate::{Model, Property};

/// The model.
#[derive(Debug, Clone, Copy)]
pub struct Backlog {
    /// The rules that are followed.
    pub rules: Rules,
    /// How many minutes a message waits before it is received.
    pub length: u16,
    /// How many sweeps go round at the same time.
    pub sweeps: usize,
}

/// The state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The minute since the unit was created.
    pub now: u16,
    /// The unit's hop.
    pub hop: u16,
    /// The minute from which on the sweep looks at it.
    pub due: u16,
    /// Messages, oldest first: the hop of each and the minute at which it was sent.
    pub messages: VecDeque<(u16, u16)>,
    /// How long the queue is, in minutes.
    pub length: u16,
    /// Whether the unit was claimed.
    pub claimed: bool,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many minutes pass without anything.
    Minutes(u16),
    /// So many sweeps send a message of this hop.
    Sweeps(usize, u16),
    /// A message is received, and its unit claimed by it.
    Claims(u16),
    /// A message is received that has become stale.
    IsStale(u16),
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(1) => write!(out, "a minute passes"),
            Self::Minutes(minutes) => write!(out, "{minutes} minutes pass"),
            Self::Sweeps(1, hop) => write!(out, "the sweep sends a message of hop {hop}"),
            Self::Sweeps(sweeps, hop) => write!(out, "{sweeps} sweeps send a message of hop {hop} each"),
            Self::Claims(hop) => write!(out, "the unit is claimed by a message of hop {hop}"),
            Self::IsStale(hop) => write!(out, "a message of hop {hop} is received, and is stale"),
        }
    }
}

impl Backlog {
    /// What must hold.
    #[must_use]
    pub fn properties() -> Vec<Property<State>> {
        vec![
            Property::Always(
                "a unit is claimed when its first message has come through the backlog",
                |state| state.claimed || state.now <= state.length,
            ),
            Property::Always("a waiting unit makes the backlog little longer", |state| {
                state.messages.len() <= most(state.now)
            }),
            Property::Reached("the unit is claimed", |state| state.claimed),
        ]
    }
}

/// How many messages a unit may have that waits for so many minutes: its own, one whenever its wait has tripled, then one an hour.
fn most(waited: u16) -> usize {
    2 + usize::try_from(waited.max(1).ilog(3)).unwrap_or(0) + usize::from(waited / 60)
}

impl Model for Backlog {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        let messages = VecDeque::from([(0, 0)]);
        State { now: 0, hop: 0, due: 1, messages, length: self.length, claimed: false }
    }

    fn steps(&self, state: &State, next: &mut Vec<(Step, State)>) {
        if state.claimed {
            return;
        }
        let mut after = state.clone();
        if state.due <= state.now {
            after.due = self.looks_again(state.now);
            let sent = if self.rules.has(Rule::SweepTestsDue) { 1 } else { self.sweeps };
            if !self.rules.has(Rule::SweepRaisesNothing) {
                after.hop += 1;
            }
            after.messages.extend(vec![(after.hop, state.now); sent]);
            next.push((Step::Sweeps(sent, after.hop), after));
            return;
        }
        if let Some(&(hop, sent)) = state.messages.front()
            && state.now >= sent + self.length
        {
            after.messages.pop_front();
            after.claimed = hop >= state.hop;
            next.push((if after.claimed { Step::Claims(hop) } else { Step::IsStale(hop) }, after));
            return;
        }
        let arrives = state.messages.front().map_or(u16::MAX, |(_, sent)| sent + self.length);
        after.now = state.due.min(arrives);
        next.push((Step::Minutes(after.now - state.now), after));
    }

    fn is_sure(&self, _: &Step) -> bool {
        true
    }
}

impl Backlog {
    fn looks_again(&self, now: u16) -> u16 {
        if !self.rules.has(Rule::SweepBacksOff) {
            return now + 1;
        }
        let at = |minute: u16| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(i64::from(minute));
        let waits = next_look(at(0), at(now)).duration_since(at(now));
        now + u16::try_from(waits.as_mins()).unwrap_or(u16::MAX)
    }
}
