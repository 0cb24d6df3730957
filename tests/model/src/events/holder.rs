//! What a driver does in order that each event is told once.

use super::{Events, State, Step};
use crate::rules::Rule;

/// Where a driver stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It has claimed the unit, and read nothing.
    Claimed,
    /// It listens.
    Listens,
    /// Its item is written, and not announced.
    HasPut,
    /// It has announced an item that is not written. Only where rules are broken.
    HasAnnounced,
}

/// A driver.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The number of its claim.
    pub claim: u8,
    /// Whether its epoch is the unit's still.
    pub current: bool,
    /// The last sequence that it knows of.
    pub seq: usize,
    /// What was told already.
    pub told: Vec<u8>,
    /// What it has heard and not written.
    pub heard: Vec<u8>,
    /// The next event that the upstream tells it.
    pub next: u8,
    /// Where it stands.
    pub phase: Phase,
}

impl Holder {
    pub(super) const fn new(claim: u8) -> Self {
        Self {
            claim,
            current: true,
            seq: 0,
            told: Vec::new(),
            heard: Vec::new(),
            next: 1,
            phase: Phase::Claimed,
        }
    }

    /// Takes in what another has told.
    fn adopt(&mut self, events: &[u8]) {
        self.told.extend(events);
        self.told.sort_unstable();
        self.told.dedup();
    }
}

type Next = Vec<(Step, State)>;

pub(super) fn steps(model: &Events, state: &State, at: usize, next: &mut Next) {
    let holder = &state.holders[at];
    let claim = holder.claim;
    if !holder.current {
        let mut after = state.clone();
        after.holders.remove(at);
        next.push((Step::IsFenced(claim), after));
    }
    match holder.phase {
        Phase::Claimed => next.push((Step::Loads(claim), loads(model, state, at))),
        Phase::Listens => {
            hears(model, state, at, next);
            writes(model, state, at, next);
        }
        Phase::HasPut if holder.current => {
            let mut after = state.clone();
            after.announce(holder.seq);
            told(&mut after.holders[at]);
            next.push((Step::Announces(claim, holder.seq), after));
        }
        Phase::HasAnnounced => {
            let mut after = state.clone();
            let events = holder.heard.clone();
            after.put(holder.seq, claim, &events);
            after.announced[holder.seq - 1] = Some((claim, events.clone()));
            told(&mut after.holders[at]);
            next.push((Step::Puts { claim, seq: holder.seq, events }, after));
        }
        Phase::HasPut => {}
    }
}

fn told(holder: &mut Holder) {
    let heard = std::mem::take(&mut holder.heard);
    holder.adopt(&heard);
    holder.phase = Phase::Listens;
}

fn loads(model: &Events, state: &State, at: usize) -> State {
    let mut after = state.clone();
    let adopts = model.rules.has(Rule::AdoptsBeyondSeq);
    let upto = if adopts { state.items.len() } else { state.seq.min(state.items.len()) };
    let holder = &mut after.holders[at];
    for (_, events) in state.items[..upto].iter().flatten() {
        holder.adopt(events);
    }
    holder.seq = state.seq.max(upto);
    holder.phase = Phase::Listens;
    after
}

fn hears(model: &Events, state: &State, at: usize, next: &mut Next) {
    let holder = &state.holders[at];
    if state.forgotten || holder.next > model.events {
        return;
    }
    let mut after = state.clone();
    let event = holder.next;
    after.holders[at].next += 1;
    // It is told from the beginning again, and takes in only news.
    if !holder.told.contains(&event) {
        after.holders[at].heard.push(event);
    }
    next.push((Step::Hears(holder.claim, event), after));
}

fn writes(model: &Events, state: &State, at: usize, next: &mut Next) {
    let holder = &state.holders[at];
    let (claim, seq, events) = (holder.claim, holder.seq + 1, holder.heard.clone());
    let there = state.items.get(seq - 1).cloned().flatten();
    let has_all = state.forgotten || holder.next > model.events;
    let in_the_way = there.is_some() && model.rules.has(Rule::EventsOnlyIfAbsent);
    if has_all && holder.current && !state.over && !in_the_way {
        // One transaction: the last item, only if absent, and the unit.
        let mut after = state.clone();
        after.put(seq, claim, &events);
        after.announce(seq);
        after.end();
        after.holders.remove(at);
        next.push((Step::Ends(claim, seq), after));
    }
    // Without news it writes its end only, and finds out what is in the way of that.
    if events.is_empty() && !(in_the_way && has_all) {
        return;
    }
    let mut after = state.clone();
    let mine = &mut after.holders[at];
    if let Some((_, others)) = &there
        && model.rules.has(Rule::EventsOnlyIfAbsent)
    {
        mine.seq = seq;
        if model.rules.has(Rule::AdoptsBeyondSeq) {
            mine.adopt(others);
            if model.rules.has(Rule::Deduplicates) {
                mine.heard.retain(|event| !others.contains(event));
            }
        } else {
            // It takes what it finds for its own.
            mine.phase = Phase::HasPut;
        }
        next.push((Step::IsRefused(claim, seq), after));
        return;
    }
    mine.seq = seq;
    if model.rules.has(Rule::EventBeforeSeq) {
        mine.phase = Phase::HasPut;
        after.put(seq, claim, &events);
        next.push((Step::Puts { claim, seq, events }, after));
    } else if holder.current && !state.over {
        mine.phase = Phase::HasAnnounced;
        after.announce(seq);
        next.push((Step::Announces(claim, seq), after));
    }
}
