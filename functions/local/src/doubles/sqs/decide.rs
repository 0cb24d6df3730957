//! What a request about messages changes, decided from the state and the time alone.
//!
//! Owns the rules of sending, receiving, deleting and hiding; carrying the changes out is [`super::Sqs`]'s part.
//! Invariant: nothing here reads a clock, draws chance or waits.

use std::time::Duration;

use jiff::Timestamp;

use super::error::Error;
use super::message::{self, Attributes, Message};
use super::queue::{Queue, Serial};
use super::receipt::Receipt;
use super::state::{Change, State};

/// As many messages of a standard queue can be with receivers.
const MAX_IN_FLIGHT: usize = 120_000;
/// A message is hidden from its receive on for this long at most.
const MAX_HIDDEN_SECONDS: i64 = 43_200;

/// The queue of this name.
pub(super) fn queue<'a>(state: &'a State, name: &str) -> Result<&'a Queue, Error> {
    state.queues.get(name).ok_or(Error::NoSuchQueue)
}

/// A message to be sent.
pub(super) struct Draft {
    pub(super) body: String,
    pub(super) attributes: Attributes,
    pub(super) group: Option<String>,
    /// In seconds; the queue's own where there is none.
    pub(super) delay: Option<i64>,
}

/// Sending one message under the given number and id.
pub(super) fn send(
    state: &State,
    name: &str,
    draft: Draft,
    (serial, id): (Serial, String),
    now: Timestamp,
) -> Result<Change, Error> {
    let settings = &queue(state, name)?.settings;
    message::check(&draft.body, &draft.attributes, settings.message_bytes as usize)?;
    message::check_group(draft.group.as_deref())?;
    let delay = draft.delay.unwrap_or_else(|| settings.delay_seconds.into());
    let delay = seconds("DelaySeconds", delay, 900)?;
    let message = Message {
        id,
        body: draft.body,
        attributes: draft.attributes,
        group: draft.group,
        sent_at: now,
        visible_at: after(now, delay),
        delivery: None,
        source: None,
    };
    Ok(Change::Put { queue: name.to_owned(), serial, message })
}

/// How many messages a receiver wants, and for how long they are its own.
pub(super) struct Ask {
    pub(super) max: usize,
    pub(super) visibility: Duration,
    /// So many of them stay visible, as if another server of the queue still held them.
    pub(super) duplicates: usize,
}

/// Receiving: drops what is too old, moves what was received too often, and picks up to `ask.max` of the rest.
pub(super) fn receive(
    state: &State,
    name: &str,
    ask: &Ask,
    now: Timestamp,
    mut nonce: impl FnMut() -> String,
) -> Result<(Vec<Change>, Vec<Receipt>), Error> {
    let from = queue(state, name)?;
    let expired: std::collections::BTreeSet<_> = from.expired(now).collect();
    let drop = |serial: &Serial| Change::Deleted { queue: name.to_owned(), serial: *serial };
    let mut changes: Vec<_> = expired.iter().map(drop).collect();
    if from.in_flight_reaches(MAX_IN_FLIGHT, now) {
        return Err(Error::OverLimit);
    }
    let mut picked = Vec::new();
    for (serial, message) in from.next(now, ask.max).filter(|(serial, _)| !expired.contains(serial)) {
        if picked.len() == ask.max {
            break;
        }
        let redrive = from.settings.redrive.as_ref();
        if let Some(redrive) = redrive.filter(|redrive| message.receives() >= redrive.max_receives) {
            let target = redrive.target.clone();
            changes.push(Change::Redriven { queue: name.to_owned(), serial, target, at: now });
            continue;
        }
        let hidden = if picked.len() < ask.duplicates { Duration::ZERO } else { ask.visibility };
        let receipt = Receipt { queue: name.to_owned(), serial, nonce: nonce() };
        changes.push(Change::Received {
            queue: name.to_owned(),
            serial,
            nonce: receipt.nonce.clone(),
            at: now,
            visible_at: after(now, hidden),
        });
        picked.push(receipt);
    }
    Ok((changes, picked))
}

/// Deleting by receipt. As documented, a receipt that is not the newest of its message deletes nothing and is no error,
/// and neither is one of a message that is gone.
pub(super) fn delete(state: &State, name: &str, receipt: &str) -> Result<Option<Change>, Error> {
    let from = queue(state, name)?;
    let receipt = Receipt::parse(receipt, name)?;
    let newest = from.get(receipt.serial).is_some_and(|message| is_newest(message, &receipt));
    Ok(newest.then(|| Change::Deleted { queue: name.to_owned(), serial: receipt.serial }))
}

/// Giving a message in flight another visibility timeout, counted from now.
pub(super) fn hide(
    state: &State,
    name: &str,
    receipt: &str,
    timeout: i64,
    now: Timestamp,
) -> Result<Change, Error> {
    let from = queue(state, name)?;
    let hidden = seconds("VisibilityTimeout", timeout, MAX_HIDDEN_SECONDS)?;
    let parsed = Receipt::parse(receipt, name)?;
    let message = from.get(parsed.serial).filter(|message| is_newest(message, &parsed)).ok_or_else(|| {
        Error::Parameter(format!(
            "Value {receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not \
             available for visibility timeout change."
        ))
    })?;
    if !message.in_flight(now) {
        return Err(Error::NotInFlight);
    }
    let received = message.delivery.as_ref().map_or(now, |delivery| delivery.last_at);
    if now.duration_since(received).as_secs() + timeout > MAX_HIDDEN_SECONDS {
        return Err(Error::Parameter(format!(
            "Value {timeout} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the \
             message is beyond the limit [{MAX_HIDDEN_SECONDS} seconds]."
        )));
    }
    Ok(Change::Hidden { queue: name.to_owned(), serial: parsed.serial, visible_at: after(now, hidden) })
}

fn is_newest(message: &Message, receipt: &Receipt) -> bool {
    message.delivery.as_ref().and_then(|delivery| delivery.nonce.as_ref()) == Some(&receipt.nonce)
}

/// A number of seconds from 0 to `most`.
pub(super) fn seconds(name: &str, value: i64, most: i64) -> Result<Duration, Error> {
    u64::try_from(value).ok().filter(|_| value <= most).map(Duration::from_secs).ok_or_else(|| {
        Error::Parameter(format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be between 0 and {most}, if provided."
        ))
    })
}

fn after(now: Timestamp, span: Duration) -> Timestamp {
    now.saturating_add(span).unwrap_or(Timestamp::MAX)
}
