//! What happens to a delivery and its messages outside the workers: the stream, time, the sweep, redelivery.

use domain::delivery::{Attempted, Delivery, Outcome, redelivered};
use domain::{OwnerId, UnitId, delivery};
use jiff::Timestamp;

use super::{Outbox, State, Step};
use crate::rules::Rule;

type Next = Vec<(Step, State)>;

pub(super) fn steps(model: &Outbox, state: &State, next: &mut Next) {
    records(state, next);
    let mut before = None;
    for &attempt in &state.messages {
        if before.replace(attempt) != Some(attempt)
            && let Some(left) = state.left.duplicates.checked_sub(1)
        {
            let mut after = state.clone();
            after.left.duplicates = left;
            after.send(attempt);
            next.push((Step::IsDuplicated(attempt), after));
        }
    }
    if let Some(attempt) = state.pending {
        if !state.ripe {
            next.push((Step::TimeComes, State { ripe: true, ..state.clone() }));
        }
        // In truth it waits a minute longer, and twice as long each time.
        if state.due && state.ripe && !state.busy && state.messages.len() <= 1 {
            let mut after = state.clone();
            after.send(attempt);
            next.push((Step::Sweeps(attempt), after));
        }
    }
    if state.busy {
        let living = state.workers.iter().any(|worker| worker.is_taker());
        let mut after = state.clone();
        after.busy = false;
        if !living {
            next.push((Step::IsLost, after));
        } else if let Some(left) = state.left.slow.checked_sub(1) {
            after.left.slow = left;
            after.troubles += 1;
            next.push((Step::IsSlow, after));
        }
    }
    if let Some(left) = state.left.redeliveries.checked_sub(1) {
        let mut after = state.clone();
        after.left.redeliveries = left;
        // One that is under way is made once more.
        after.troubles += u8::from(state.workers.iter().any(|worker| worker.is_taker()) || state.busy);
        let attempt = redeliver(model, &mut after);
        after.send(attempt);
        next.push((Step::Redelivers(attempt), after));
    }
}

fn records(state: &State, next: &mut Next) {
    let Some(records) = state.records.checked_sub(1) else { return };
    let mut after = State { records, ..state.clone() };
    if let Some(left) = state.left.lost.checked_sub(1) {
        let mut lost = after.clone();
        lost.left.lost = left;
        next.push((Step::RecordIsLost, lost));
    }
    // A record is always of the first attempt.
    after.send(1);
    if let Some(left) = state.left.duplicates.checked_sub(1) {
        let mut twice = after.clone();
        twice.left.duplicates = left;
        twice.records = state.records;
        next.push((Step::RecordComesTwice, twice));
    }
    next.push((Step::RecordComes, after));
}

/// Starts the delivery again; says which attempt comes next.
fn redeliver(model: &Outbox, state: &mut State) -> u8 {
    let again = redelivered(&of_domain(state), Timestamp::UNIX_EPOCH);
    let delivery::State::Pending { attempt, .. } = again.state else { return 0 };
    let attempt = u8::try_from(attempt).unwrap_or(u8::MAX);
    state.pending = Some(attempt);
    state.earlier = state.made;
    state.busy = false;
    state.ripe = true;
    state.due = model.rules.has(Rule::DeliveriesAreDue);
    state.was_over = false;
    attempt
}

/// The delivery as the domain has it.
fn of_domain(state: &State) -> Delivery {
    let (now, reason) = (Timestamp::UNIX_EPOCH, || "no answer".to_owned());
    let made = |attempt| Attempted {
        attempt: u32::from(attempt),
        at: now,
        milliseconds: 0,
        outcome: Outcome::Failed { reason: reason() },
    };
    Delivery {
        unit: UnitId::from_bits([0; 16]),
        owner: OwnerId::new("owner"),
        hook: "webhook".to_owned(),
        moment: "completed".to_owned(),
        round: 0,
        url: String::new(),
        sealed_secret: None,
        body: String::new(),
        created_at: now,
        state: match state.pending {
            Some(attempt) => delivery::State::Pending { attempt: u32::from(attempt), due_at: now },
            None => delivery::State::Exhausted,
        },
        attempts: (1..=state.made).map(made).collect(),
        earlier: u32::from(state.earlier),
    }
}
