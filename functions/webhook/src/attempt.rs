//! One attempt: taken, signed, posted, recorded, followed by the next.
//!
//! The attempt's number is taken once in the table, so a message that comes twice finds it taken. A crash after the post and before the record
//! repeats the post: at least once, with the same webhook id, by which a receiver knows a repetition.

use domain::UnitId;
use domain::delivery::{Attempted, Delivery, Outcome, State, after_attempt};
use domain::message::Attempt;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use metrics::{Metric, Metrics};
use store::{Endpoint, Taken};
use tracing::{info, warn};
use web::outbound::Failure;

use crate::secrets::NoSecret;
use crate::{Webhook, endpoint};

/// Hexadecimal digits of a webhook id: 128 bits, as many as a unit's id has.
const ID_DIGITS: usize = 32;

/// What a receiver knows a delivery by: a hash of its unit and key, so every attempt, repetition and redelivery carries the same.
#[must_use]
pub fn webhook_id(unit: &UnitId, key: &str) -> String {
    let digest = vault::digest(format!("{unit}/{key}").as_bytes());
    format!("msg_{}", &digest[..ID_DIGITS])
}

/// The attempt could not be made or recorded: its message has to come again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Queue(#[from] queue::Error),
}

impl Webhook {
    /// Makes an attempt, unless it is somebody else's or long made.
    pub(crate) async fn attempt(&self, message: &Attempt) -> Result<(), Error> {
        let began = self.clock.now();
        let again_at = later(began, self.settings.timeout + self.settings.margin);
        let number = message.attempt;
        let taken =
            self.store.take_attempt(&message.unit, &message.delivery, number, again_at, began).await?;
        let Taken::Yes(seen) = taken else {
            info!("The attempt is taken already, or the delivery is over.");
            return Ok(());
        };
        let endpoint_hash = vault::digest(seen.url.as_bytes());
        let known = self.store.endpoint(&seen.owner, &endpoint_hash).await?;
        // Who asks for a redelivery wants the endpoint to be tried again, whatever it did before.
        let before = if seen.begins_anew() { Endpoint::default() } else { known };

        let (outcome, after, state) = if before.disabled_at.is_some() {
            (endpoint::disabled(), before, State::Disabled)
        } else {
            info!("The delivery is attempted.");
            let (outcome, is_the_endpoints) = self.post(&seen, began).await?;
            let now = self.clock.now();
            let after = if is_the_endpoints { endpoint::after(before, &outcome, now) } else { before };
            let (taken, chance) = (seen.taken() + 1, self.entropy.fraction());
            let state = after_attempt(&outcome, number, taken, after.failing_since, now, chance);
            (outcome, after, state)
        };
        let now = self.clock.now();
        if after != known {
            let forgotten_at = later(now, domain::limits::CHILD_RETENTION);
            self.store.put_endpoint(&seen.owner, &endpoint_hash, after, forgotten_at).await?;
        }
        log(&outcome, &state);
        count(&self.metrics, &state);
        let mut made = Delivery { state, ..(*seen).clone() };
        let milliseconds = u64::try_from(now.duration_since(began).as_millis()).unwrap_or(0);
        self.metrics.observe(Metric::AttemptTime, milliseconds);
        made.attempts.push(Attempted { attempt: number, at: began, milliseconds, outcome });
        if !self.store.save_delivery(&seen, &made).await? {
            info!("The delivery was removed or started again meanwhile, and goes on from there.");
            return Ok(());
        }
        if let State::Pending { attempt, due_at } = state {
            self.queue.send_attempt(&Attempt { attempt, ..message.clone() }, due_at, now).await?;
        }
        Ok(())
    }

    /// Signs and posts; says what came of it, and whether that was the endpoint's doing.
    async fn post(&self, delivery: &Delivery, now: Timestamp) -> Result<(Outcome, bool), store::Error> {
        let secrets = match self.secrets(delivery, now).await {
            Ok(secrets) => secrets,
            Err(NoSecret::Store(error)) => return Err(error),
            Err(reason @ NoSecret::Unusable) => {
                return Ok((Outcome::Failed { reason: reason.to_string() }, false));
            }
        };
        let id = webhook_id(&delivery.unit, &delivery.key());
        let body = delivery.body.clone();
        let signatures = vault::webhook::sign(&secrets, &id, now.as_second(), body.as_bytes());
        let headers = headers(&id, now, &signatures);
        Ok(match self.outbound.post(&delivery.url, headers, body, self.settings.timeout).await {
            Ok(answer) => {
                let status = answer.status;
                let wait = answer.retry_after.map(|retry_after| retry_after.wait(self.clock.now()));
                (Outcome::Answered { status, retry_after_seconds: wait.map(|wait| wait.as_secs()) }, true)
            }
            Err(Failure::Refused(refusal)) => (Outcome::Refused { reason: refusal.to_string() }, false),
            Err(failure) => (Outcome::Failed { reason: failure.to_string() }, true),
        })
    }
}

fn headers(id: &str, now: Timestamp, signatures: &str) -> HeaderMap {
    let value = |text: &str| HeaderValue::from_str(text).expect("ids, numbers and base64 are visible ASCII");
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (HeaderName::from_static("webhook-id"), value(id)),
        (HeaderName::from_static("webhook-timestamp"), value(&now.as_second().to_string())),
        (HeaderName::from_static("webhook-signature"), value(signatures)),
    ])
}

fn log(outcome: &Outcome, state: &State) {
    let status = if let Outcome::Answered { status, .. } = outcome { Some(*status) } else { None };
    match state {
        State::Delivered => info!(answer.status = status, "The delivery arrived."),
        State::Pending { .. } => info!(answer.status = status, "The attempt failed; another follows."),
        State::Exhausted | State::Gone | State::Disabled | State::Refused => {
            warn!(answer.status = status, ?state, "The delivery is given up.");
        }
    }
}

fn count(metrics: &Metrics, state: &State) {
    metrics.count(Metric::Attempts);
    metrics.count(match state {
        State::Delivered => Metric::DeliveriesMade,
        State::Pending { .. } => Metric::AttemptsFailed,
        State::Exhausted | State::Gone | State::Disabled | State::Refused => Metric::DeliveriesGivenUp,
    });
}

fn later(now: Timestamp, span: std::time::Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    now.saturating_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_id_is_the_same_for_the_same_delivery_and_no_other() {
        let unit = |byte| UnitId::from_bits([byte; 16]);
        let id = webhook_id(&unit(1), "D#webhook#completed#0");
        assert_eq!(id, webhook_id(&unit(1), "D#webhook#completed#0"));
        assert_ne!(id, webhook_id(&unit(2), "D#webhook#completed#0"));
        assert_ne!(id, webhook_id(&unit(1), "D#webhook#completed#1"));
        assert_eq!((&id[..4], id.len()), ("msg_", 36));
    }
}
