//! `GET /{id}/deliveries`: what was told to whom, attempt by attempt. For the unit's owner only.

use domain::delivery::{Attempted, Delivery, State};
use jiff::Timestamp;
use serde::Serialize;

/// The log of a unit's deliveries.
#[derive(Debug, Serialize)]
pub(crate) struct Log<'a> {
    deliveries: Vec<Entry<'a>>,
}

/// A delivery without its body and secrets.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    hook: &'a str,
    moment: &'a str,
    round: u32,
    url: &'a str,
    created_at: Timestamp,
    state: &'static str,
    next_attempt_at: Option<Timestamp>,
    attempts: &'a [Attempted],
}

impl<'a> Log<'a> {
    pub(crate) fn new(deliveries: &'a [Delivery]) -> Self {
        Self { deliveries: deliveries.iter().map(Entry::new).collect() }
    }
}

impl<'a> Entry<'a> {
    fn new(delivery: &'a Delivery) -> Self {
        let (state, next_attempt_at) = match delivery.state {
            State::Pending { due_at, .. } => ("pending", Some(due_at)),
            State::Delivered => ("delivered", None),
            State::Exhausted => ("exhausted", None),
            State::Gone => ("gone", None),
            State::Disabled => ("disabled", None),
            State::Refused => ("refused", None),
        };
        Self {
            hook: &delivery.hook,
            moment: &delivery.moment,
            round: delivery.round,
            url: &delivery.url,
            created_at: delivery.created_at,
            state,
            next_attempt_at,
            attempts: &delivery.attempts,
        }
    }
}
