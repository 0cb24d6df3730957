//! What may happen next to the unit: its messages, the changes from outside, the sweep, what moves messages back.

use super::state::{Message, Phase, Queue, Runner, State, Status};
use super::told::Step;
use super::{Claims, runner};
use crate::rules::Rule;

/// Steps that may come next, and where they lead.
pub(super) type Next = Vec<(Step, State)>;

pub(super) fn all(model: &Claims, state: &State, next: &mut Next) {
    messages(model, state, next);
    for at in 0..state.runners.len() {
        runner::steps(model, state, at, next);
    }
    moves(model, state, next);
    outside(model, state, next);
    sweep(model, state, next);
}

/// A budget with one less of something, if there is any.
macro_rules! spend {
    ($state:expr, $what:ident) => {
        $state.left.$what.checked_sub(1).map(|left| {
            let mut after = $state.clone();
            after.left.$what = left;
            after
        })
    };
}
pub(super) use spend;

fn messages(model: &Claims, state: &State, next: &mut Next) {
    // Runners that do nothing are alike: the first one receives. One that stands still has a message, so none of these does.
    let idle = state.runners.iter().position(|runner| runner.phase == Phase::Idle);
    for &Message { id, visible, queue, hop, moved } in &state.messages {
        if let Some(at) = idle {
            if visible && queue == Queue::Runs {
                next.push((Step::Receives(at, id), received(model, state.clone(), at, id)));
            }
            if visible && queue == Queue::Adopt {
                next.push((Step::IsAdopted(at, id), received(model, state.clone(), at, id)));
            }
            if !visible && let Some(mut after) = spend!(state, twice) {
                count(model, &mut after.crossings, 2);
                next.push((Step::IsReceivedTwice(at, id), received(model, after, at, id)));
            }
        }
        if !visible && !state.is_kept(id, model.rules.has(Rule::GivesUpAtOnce)) {
            let mut after = state.clone();
            set_visible(&mut after, id, true);
            next.push((Step::Lapses(id), after));
        }
        if visible && let Some(mut after) = spend!(state, duplicates) {
            let new = after.put(hop, queue, moved);
            count(model, &mut after.crossings, 1);
            count(model, &mut after.sent, 1);
            next.push((Step::IsDuplicated(id, new), after));
        }
    }
}

/// Counts, in a model that is not to go on for ever.
pub(super) fn count(model: &Claims, counter: &mut u8, by: u8) {
    if !model.always_swept {
        *counter += by;
    }
}

fn set_visible(state: &mut State, id: u8, visible: bool) {
    for message in state.messages.iter_mut().filter(|message| message.id == id) {
        message.visible = visible;
    }
}

fn received(model: &Claims, mut state: State, at: usize, id: u8) -> State {
    age_receipts(&mut state, id);
    set_visible(&mut state, id, false);
    if let Some(&Message { hop, moved, queue, .. }) = state.message(id) {
        let stays = moved && model.rules.has(Rule::MovedStays);
        let may_step_aside = model.adoption && queue == Queue::Runs && !stays;
        let phase = Phase::Has { hop, may_step_aside };
        state.runners[at] = Runner { phase, message: id, ..Runner::IDLE };
    }
    state
}

/// Each receive makes a new receipt, and the older ones may be of no use from then on.
fn age_receipts(state: &mut State, id: u8) {
    for runner in state.runners.iter_mut().chain([&mut state.mover]) {
        runner.stale |= runner.message == id && runner.phase != Phase::Idle;
    }
}

/// What a delete does: with an old receipt it may do nothing.
pub(super) fn deletes(state: &State, by: Runner) -> Vec<(bool, State)> {
    let mut done = state.clone();
    done.messages.retain(|message| message.id != by.message);
    let mut ways = vec![(true, done)];
    if by.stale && state.message(by.message).is_some() {
        ways.push((false, state.clone()));
    }
    ways
}

/// Messages of units that are left in `adopt` go back to `runs`.
fn moves(model: &Claims, state: &State, next: &mut Next) {
    let sends_first = model.rules.has(Rule::MoveSendsFirst);
    let mover = state.mover;
    if mover.phase != Phase::Idle
        && let Some(mut after) = spend!(state, crashes)
    {
        count(model, &mut after.crossings, 1);
        after.mover = Runner::IDLE;
        next.push((Step::MoverDies, after));
    }
    match mover.phase {
        Phase::Idle if model.rules.has(Rule::AdoptIsSwept) => {
            let waiting = |message: &&Message| message.visible && message.queue == Queue::Adopt;
            for message in state.messages.iter().filter(waiting) {
                let mut after = state.clone();
                age_receipts(&mut after, message.id);
                set_visible(&mut after, message.id, false);
                let phase = Phase::Moves { hop: message.hop };
                after.mover = Runner { phase, message: message.id, ..Runner::IDLE };
                next.push((Step::MoverTakes(message.id), after));
            }
        }
        Phase::Moves { hop } if sends_first => {
            let mut after = state.clone();
            let step = send_on(model, &mut after, mover.message, hop, Queue::Runs);
            after.mover.phase = Phase::Gives;
            next.push((step, after));
        }
        Phase::Moves { hop } => {
            for (_, mut after) in deletes(state, mover) {
                after.mover.phase = Phase::SendsLate { hop, to: Queue::Runs };
                next.push((Step::MoverDeletes(mover.message), after));
            }
        }
        Phase::Gives => {
            for (_, mut after) in deletes(state, mover) {
                after.mover = Runner::IDLE;
                next.push((Step::MoverDeletes(mover.message), after));
            }
        }
        Phase::SendsLate { hop, .. } => {
            let mut after = state.clone();
            let step = send_on(model, &mut after, mover.message, hop, Queue::Runs);
            after.mover = Runner::IDLE;
            next.push((step, after));
        }
        Phase::Idle | Phase::Has { .. } | Phase::Drives { .. } | Phase::HandsOver { .. } => {}
    }
}

/// Sends what a message says to another queue; one that goes back is marked.
pub(super) fn send_on(model: &Claims, state: &mut State, id: u8, hop: u8, to: Queue) -> Step {
    let new = state.put(hop, to, to == Queue::Runs);
    count(model, &mut state.moves, 1);
    Step::IsMoved(to, id, new)
}

fn outside(model: &Claims, state: &State, next: &mut Next) {
    if let Some(hop) = state.to_send {
        let mut after = state.clone();
        after.to_send = None;
        let id = after.put(hop, Queue::Runs, false);
        count(model, &mut after.sent, 1);
        next.push((Step::OutsideSends(id, hop), after));
        if let Some(mut after) = spend!(state, unsent) {
            after.to_send = None;
            next.push((Step::OutsideDies, after));
        }
        return;
    }
    let due = |state: &State| state.due || model.rules.has(Rule::OutsideMakesDue);
    if !state.status.is_over() {
        if let Some(mut after) = spend!(state, asks) {
            after.asked += 1;
            after.due = due(state);
            after.to_send = Some(state.hop);
            count(model, &mut after.crossings, 1);
            next.push((Step::Asks, after));
        }
        if let Some(mut after) = spend!(state, cancels) {
            end(&mut after, Status::Cancelled);
            after.due = false;
            raise(model, &mut after);
            after.to_send = Some(after.hop);
            next.push((Step::Cancels, after));
        }
    } else if let Some(mut after) = spend!(state, revivals) {
        after.status = Status::Pending;
        after.asked += 1;
        after.due = model.rules.has(Rule::OutsideMakesDue);
        raise(model, &mut after);
        after.to_send = Some(after.hop);
        next.push((Step::Revives, after));
    }
}

/// Raises epoch and hop.
fn raise(model: &Claims, state: &mut State) {
    forget_epoch(state);
    if model.rules.has(Rule::OutsideRaisesHop) {
        state.hop += 1;
        state.top_hop = state.top_hop.max(state.hop);
    }
}

/// The epoch moves on: nobody's is the unit's any more.
pub(super) fn forget_epoch(state: &mut State) {
    for runner in &mut state.runners {
        if let Phase::Drives { current, .. } = &mut runner.phase {
            *current = false;
        }
    }
}

/// Ends the unit.
pub(super) fn end(state: &mut State, status: Status) {
    state.status = status;
    state.holder = None;
}

fn sweep(model: &Claims, state: &State, next: &mut Next) {
    if state.due {
        let lonely = state.messages.len() + state.sweeping.len() <= 1;
        let swept = if model.always_swept { lonely.then(|| state.clone()) } else { spend!(state, sweeps) };
        if let Some(mut after) = swept {
            after.sweeping.push(state.hop);
            after.sweeping.sort_unstable();
            next.push((Step::Sweeps(state.hop), after));
        }
    }
    for (at, &hop) in state.sweeping.iter().enumerate() {
        let mut after = state.clone();
        after.sweeping.remove(at);
        let id = after.put(hop, Queue::Runs, false);
        count(model, &mut after.sent, 1);
        count(model, &mut after.crossings, 1);
        next.push((Step::SweepSends(id, hop), after));
        if let Some(mut after) = spend!(state, unsent) {
            after.sweeping.remove(at);
            next.push((Step::SweepDies, after));
        }
    }
}
