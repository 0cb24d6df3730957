//! What the upstream tells of a run, written down by holders that follow each other, and read by whoever follows the unit.
//!
//! The upstream tells each event again to whoever connects, in order, until the run ends: then it forgets them all. A holder writes an item under
//! the next sequence, then moves the unit over it; a fenced one may come late with the first, for no item tests another's epoch. Left out: results,
//! which have items of their own; and what only a fenced driver has heard, which is lost with it once upstream has forgotten it. Invariant: an event is a number, and greater ones come later.

mod holder;
mod told;

pub use holder::{Holder, Phase};
pub use told::Step;

use crate::rules::{Rule, Rules};
use crate::{Model, Property};

/// The model.
#[derive(Debug, Clone, Copy)]
pub struct Events {
    /// The rules that are followed.
    pub rules: Rules,
    /// How many events the upstream tells.
    pub events: u8,
    /// How often the unit is claimed while somebody holds it, or its holder dies.
    pub troubles: u8,
    /// Whether the unit may be cancelled.
    pub cancels: bool,
}

/// An item: the claim that wrote it, and the events in it.
pub type Item = Option<(u8, Vec<u8>)>;

/// The state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "facts that hold each by itself")]
pub struct State {
    /// The items, from the first sequence on.
    pub items: Vec<Item>,
    /// The sequence that the unit announces.
    pub seq: usize,
    /// Whether the unit is over.
    pub over: bool,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// Whether the upstream has forgotten what it told.
    pub forgotten: bool,
    /// Drivers.
    pub holders: Vec<Holder>,
    /// Claims so far.
    pub claims: u8,
    /// Troubles that may still come.
    pub troubles: u8,
    /// What was announced, item by item, when it was.
    pub announced: Vec<Item>,
    /// All that was ever written into an item before the end.
    pub stored: Vec<u8>,
    /// What readers saw when the unit ended.
    pub read_at_end: Option<Vec<u8>>,
    /// Whether readers read what is not announced. Only where rules are broken.
    pub reads_beyond: bool,
}

impl Events {
    /// What must hold.
    #[must_use]
    pub fn properties() -> Vec<Property<State>> {
        vec![
            Property::Always("what was announced is there and never changes", |state| {
                state.items.get(..state.seq).is_some_and(|items| items == state.announced)
                    && state.announced.iter().all(Option::is_some)
            }),
            Property::Always("readers read each event once, and in order", |state| {
                state.read().windows(2).all(|pair| pair[0] < pair[1])
            }),
            Property::Always("what was written down before the end is never lost", State::keeps_what_it_had),
            Property::Always("nothing is read after the end that was not read at it", |state| {
                state.read_at_end.as_ref().is_none_or(|read| *read == state.read())
            }),
            Property::Reached("the unit is over", |state| state.over),
        ]
    }
}

impl State {
    /// What a reader gets.
    #[must_use]
    pub fn read(&self) -> Vec<u8> {
        let upto = if self.reads_beyond { self.items.len() } else { self.seq.min(self.items.len()) };
        self.items[..upto].iter().flatten().flat_map(|(_, events)| events.iter().copied()).collect()
    }

    /// Whether all that was ever stored still is; once the unit has ended by itself, where readers read it.
    fn keeps_what_it_had(&self) -> bool {
        let upto =
            if self.over && !self.cancelled { self.seq.min(self.items.len()) } else { self.items.len() };
        let kept: Vec<u8> =
            self.items[..upto].iter().flatten().flat_map(|(_, events)| events.iter().copied()).collect();
        self.stored.iter().all(|event| kept.contains(event))
    }

    pub(crate) fn put(&mut self, seq: usize, claim: u8, events: &[u8]) {
        if self.items.len() < seq {
            self.items.resize(seq, None);
        }
        self.items[seq - 1] = Some((claim, events.to_vec()));
        if self.over {
            return;
        }
        self.stored.extend(events);
        self.stored.sort_unstable();
        self.stored.dedup();
    }

    /// Moves the unit over the items up to `seq`.
    pub(crate) fn announce(&mut self, seq: usize) {
        for at in self.seq..seq {
            self.announced.push(self.items.get(at).cloned().flatten());
        }
        self.seq = seq;
    }

    pub(crate) fn end(&mut self) {
        self.over = true;
        self.read_at_end = Some(self.read());
    }
}

impl Model for Events {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        State {
            items: Vec::new(),
            seq: 0,
            over: false,
            cancelled: false,
            forgotten: false,
            holders: Vec::new(),
            claims: 0,
            troubles: self.troubles,
            announced: Vec::new(),
            stored: Vec::new(),
            read_at_end: None,
            reads_beyond: !self.rules.has(Rule::ReadersStopAtSeq),
        }
    }

    fn steps(&self, state: &State, next: &mut Vec<(Step, State)>) {
        claims(state, next);
        for at in 0..state.holders.len() {
            holder::steps(self, state, at, next);
        }
        if !state.forgotten {
            next.push((Step::Forgets, State { forgotten: true, ..state.clone() }));
        }
        if self.cancels && !state.over {
            let mut after = state.clone();
            after.cancelled = true;
            for holder in &mut after.holders {
                holder.current = false;
            }
            after.end();
            next.push((Step::Cancels, after));
        }
    }

    fn is_sure(&self, step: &Step) -> bool {
        !matches!(step, Step::Cancels | Step::Dies(_) | Step::Claims { over: true, .. })
    }
}

fn claims(state: &State, next: &mut Vec<(Step, State)>) {
    let held = state.holders.iter().any(|holder| holder.current);
    if !state.over && (!held || state.troubles > 0) {
        let mut after = state.clone();
        after.troubles -= u8::from(held);
        for holder in &mut after.holders {
            holder.current = false;
        }
        after.claims += 1;
        after.holders.push(Holder::new(after.claims));
        next.push((Step::Claims { claim: after.claims, over: held }, after));
    }
    for (at, holder) in state.holders.iter().enumerate() {
        if let Some(left) = state.troubles.checked_sub(1) {
            let mut after = state.clone();
            after.troubles = left;
            after.holders.remove(at);
            next.push((Step::Dies(holder.claim), after));
        }
    }
}
