//! What a runner may do next with the message that it holds.

use domain::unit::{Fenced, Lease, after_fence};

use super::Claims;
use super::state::{Phase, Queue, Runner, State, Status};
use super::steps::{Next, count, deletes, end, forget_epoch, send_on, spend};
use super::told::Step;
use crate::rules::Rule;

pub(super) fn steps(model: &Claims, state: &State, at: usize, next: &mut Next) {
    let runner = state.runners[at];
    if runner.phase == Phase::Idle {
        return;
    }
    if let Some(mut after) = spend!(state, crashes) {
        count(model, &mut after.crossings, 1);
        after.runners[at] = Runner::IDLE;
        next.push((Step::Dies(at), after));
    }
    if runner.frozen {
        let mut after = state.clone();
        after.runners[at].frozen = false;
        next.push((Step::Thaws(at), after));
        return;
    }
    if let Some(mut after) = spend!(state, freezes) {
        count(model, &mut after.crossings, 2);
        after.runners[at].frozen = true;
        next.push((Step::Freezes(at), after));
    }
    match runner.phase {
        Phase::Idle => {}
        Phase::Has { .. } => has(model, state, at, next),
        Phase::Drives { .. } => drives(model, state, at, next),
        Phase::HandsOver { hop } => {
            if model.rules.has(Rule::HandOverSendsFirst) {
                next.push(send_next(model, state, at, (hop + 1, Queue::Runs), Phase::Gives));
                if model.adoption {
                    next.push(send_next(model, state, at, (hop + 1, Queue::Adopt), Phase::Gives));
                }
            } else {
                late(state, at, Phase::SendsLate { hop: hop + 1, to: Queue::Runs }, next);
            }
        }
        Phase::Moves { hop } => {
            if model.rules.has(Rule::MoveSendsFirst) {
                let mut after = state.clone();
                let step = send_on(model, &mut after, runner.message, hop, Queue::Adopt);
                after.runners[at].phase = Phase::Gives;
                next.push((step, after));
            } else {
                late(state, at, Phase::SendsLate { hop, to: Queue::Adopt }, next);
            }
        }
        Phase::Gives => {
            for (done, mut after) in deletes(state, runner) {
                after.runners[at] = Runner::IDLE;
                let id = runner.message;
                next.push((if done { Step::Deletes(at, id) } else { Step::DeletesInVain(at, id) }, after));
            }
        }
        Phase::SendsLate { hop, to: Queue::Runs } => {
            next.push(send_next(model, state, at, (hop, Queue::Runs), Phase::Idle));
        }
        Phase::SendsLate { hop, to } => {
            let mut after = state.clone();
            let step = send_on(model, &mut after, runner.message, hop, to);
            after.runners[at] = Runner::IDLE;
            next.push((step, after));
        }
    }
}

fn send_next(model: &Claims, state: &State, at: usize, (hop, to): (u8, Queue), then: Phase) -> (Step, State) {
    let mut after = state.clone();
    let id = after.put(hop, to, false);
    count(model, &mut after.sent, 1);
    if then == Phase::Idle {
        after.runners[at] = Runner::IDLE;
    } else {
        after.runners[at].phase = then;
    }
    (Step::SendsNext(at, id, hop, to), after)
}

fn late(state: &State, at: usize, then: Phase, next: &mut Next) {
    let runner = state.runners[at];
    for (_, mut after) in deletes(state, runner) {
        after.runners[at].phase = then;
        next.push((Step::Deletes(at, runner.message), after));
    }
}

/// It holds a message, and has not claimed the unit.
fn has(model: &Claims, state: &State, at: usize, next: &mut Next) {
    let Runner { message: id, phase: Phase::Has { hop, may_step_aside }, .. } = state.runners[at] else {
        return;
    };
    if may_step_aside {
        let mut after = state.clone();
        after.runners[at].phase = Phase::Moves { hop };
        next.push((Step::StepsAside(at, id), after));
    }
    let is_stale = state.hop > hop && model.rules.has(Rule::ClaimTestsHop);
    if state.status.is_over() || is_stale {
        let mut after = state.clone();
        if model.rules.has(Rule::StaleIsDropped) && asks_domain(state, id) == Fenced::DropMessage {
            after.runners[at].phase = Phase::Gives;
        } else {
            after.runners[at] = Runner::IDLE;
        }
        next.push((Step::IsRefused(at, id), after));
        return;
    }
    let mut after = state.clone();
    let living =
        |runner: &Runner| matches!(runner.phase, Phase::Drives { current: true, .. }) && !runner.frozen;
    let fences = state.status == Status::Running && state.runners.iter().any(living);
    count(model, &mut after.fenced, u8::from(fences));
    if model.rules.has(Rule::ClaimRaisesEpoch) {
        forget_epoch(&mut after);
    }
    after.status = Status::Running;
    after.holder = Some(id);
    after.hop = hop;
    after.top_hop = after.top_hop.max(hop);
    // The claim reads what is written in the same call.
    let (known, seen) = (state.written, state.asked);
    after.runners[at].phase = Phase::Drives { hop, current: true, known, seen };
    next.push((Step::Claims(at, id, hop), after));
}

fn drives(model: &Claims, state: &State, at: usize, next: &mut Next) {
    let Runner { message: id, phase: Phase::Drives { hop, current, known, seen }, .. } = state.runners[at]
    else {
        return;
    };
    let is_mine = current || !model.rules.has(Rule::WriteTestsEpoch);
    if state.status != Status::Running || !is_mine {
        let (step, phase) = match fenced(model, state, id) {
            Fenced::DropMessage => (Step::IsFencedAndDrops(at, id), Phase::Gives),
            Fenced::LeaveMessage => (Step::IsFencedAndLeaves(at, id), Phase::Idle),
        };
        let mut after = state.clone();
        after.runners[at] =
            if phase == Phase::Idle { Runner::IDLE } else { Runner { phase, ..state.runners[at] } };
        next.push((step, after));
        return;
    }
    if seen != state.asked {
        let mut after = state.clone();
        after.runners[at].phase = Phase::Drives { hop, current, known, seen: state.asked };
        next.push((Step::Notices(at), after));
        if model.rules.has(Rule::WriteTestsChanges) {
            return;
        }
    }
    let mut after = state.clone();
    if known < State::needed(seen) {
        let known = known + 1;
        after.written = known;
        after.best = after.best.max(known);
        after.runners[at].phase = Phase::Drives { hop, current, known, seen };
        next.push((Step::Works(at), after));
    } else {
        end(&mut after, Status::Done);
        after.written = known;
        after.due &= !model.rules.has(Rule::EndRemovesDue);
        after.runners[at].phase = Phase::Gives;
        next.push((Step::Ends(at), after));
    }
    if let Some(mut after) = spend!(state, hand_overs) {
        after.due = true;
        after.runners[at].phase = Phase::HandsOver { hop };
        next.push((Step::HandsOver(at), after));
    }
}

/// What a fenced runner does with its message.
fn fenced(model: &Claims, state: &State, id: u8) -> Fenced {
    let is_living = !state.status.is_over();
    match asks_domain(state, id) {
        Fenced::DropMessage if is_living && !model.rules.has(Rule::FencedDropsOther) => Fenced::LeaveMessage,
        Fenced::LeaveMessage if !model.rules.has(Rule::FencedLeavesOwn) => Fenced::DropMessage,
        decided => decided,
    }
}

fn asks_domain(state: &State, id: u8) -> Fenced {
    let lease = Lease { holder: state.holder.map(|holder| holder.to_string()), ..Lease::default() };
    after_fence(Some(&lease), Some(state.status.of_domain()), &id.to_string())
}
