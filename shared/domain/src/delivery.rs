//! Deliveries: what is told to the outside, by webhook, and when it is tried again.
//!
//! A delivery is written in the transaction of the change that caused it, under a key that makes it unique:
//! one per unit, hook, moment and round. Its webhook id is a hash of unit and key, never random, so every attempt and every
//! repetition carries the same. Invariant: [`after_attempt`] alone decides what follows an attempt.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::{OwnerId, UnitId};

/// Waits before attempts 2 to 11: an attempt at once, then over three days.
pub const LADDER: [Duration; 10] = [
    Duration::from_secs(5),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// How long an endpoint may fail everything before it is disabled.
pub const DISABLE_AFTER: Duration = Duration::from_hours(24 * 5);

/// How many attempts a delivery remembers when it is started again: it is one item of the table, however often that is asked for.
pub const REMEMBERED: usize = 100;

/// What a receiver may ask for by `Retry-After` at most.
pub const LONGEST_WISH: Duration = Duration::from_hours(24);

/// A delivery as its item in the outbox tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The unit that it tells of.
    pub unit: UnitId,
    /// Whose it is.
    pub owner: OwnerId,
    /// Which of the unit's hooks; `webhook` for `webhook_url`.
    pub hook: String,
    /// Which moment of the unit's life.
    pub moment: String,
    /// Which round of the unit.
    pub round: u32,
    /// The receiver.
    pub url: String,
    /// The unit's own signing secret, sealed; the owner's signs when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_secret: Option<String>,
    /// What is sent, byte for byte, at every attempt.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: State,
    /// The attempts so far, oldest first.
    #[serde(default)]
    pub attempts: Vec<Attempted>,
    /// How many of the attempts belong to earlier courses: a redelivery starts the ladder anew.
    #[serde(default)]
    pub earlier: u32,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Attempt number `attempt` is due at `due_at`.
    Pending {
        /// The number of the next attempt, from 1.
        attempt: u32,
        /// When it is due.
        due_at: Timestamp,
    },
    /// The receiver took it.
    Delivered,
    /// The ladder is at its end.
    Exhausted,
    /// The receiver said that it wants no more.
    Gone,
    /// The endpoint was disabled after failing everything for days.
    Disabled,
    /// The receiver's address may not be called, or its URL makes no sense.
    Refused,
}

/// One attempt, as it is recorded and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempted {
    /// Its number, from 1.
    pub attempt: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The receiver answered with this status.
    Answered {
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, in seconds, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<u64>,
    },
    /// No answer: why, for people, without addresses.
    Failed {
        /// Why.
        reason: String,
    },
    /// The receiver's address may not be called: why, for people.
    Refused {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// Whether the receiver took the delivery.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Answered { status: 200..=299, .. })
    }
}

impl Delivery {
    /// Its sort key in the outbox.
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.hook, &self.moment, self.round)
    }
}

/// The sort key of a delivery.
#[must_use]
pub fn key(hook: &str, moment: &str, round: u32) -> String {
    format!("D#{hook}#{moment}#{round}")
}

impl Delivery {
    /// How many attempts of the present course are recorded: what [`after_attempt`] takes as `taken` once the latest one is recorded too.
    #[must_use]
    pub fn taken(&self) -> u32 {
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX).saturating_sub(self.earlier)
    }

    /// Whether the next attempt is the first since somebody asked for a redelivery, which also enables the endpoint again.
    #[must_use]
    pub fn begins_anew(&self) -> bool {
        self.earlier > 0 && self.taken() == 0
    }
}

/// The same delivery started again, whatever came of it before: the next attempt is due now, and the ladder is climbed from its foot.
///
/// The number goes on, so messages of the earlier course that still are on their way find it passed and are dropped. A redelivery of one that is
/// pending keeps its number: its next attempt only comes sooner. Of the attempts so far the last [`REMEMBERED`] stay. Who redelivers saves this over
/// what it read (`Store::save_delivery`), then sends the attempt that the state names, at `now`.
#[must_use]
pub fn redelivered(delivery: &Delivery, now: Timestamp) -> Delivery {
    let attempt = match delivery.state {
        State::Pending { attempt, .. } => attempt,
        State::Delivered | State::Exhausted | State::Gone | State::Disabled | State::Refused => {
            delivery.attempts.last().map_or(0, |last| last.attempt) + 1
        }
    };
    let attempts = delivery.attempts[delivery.attempts.len().saturating_sub(REMEMBERED)..].to_vec();
    Delivery {
        state: State::Pending { attempt, due_at: now },
        earlier: u32::try_from(attempts.len()).unwrap_or(u32::MAX),
        attempts,
        ..delivery.clone()
    }
}

/// What follows an attempt.
///
/// `taken` attempts of the present course have been made, this one included; `failing_since` is when everything sent to this endpoint began to fail;
/// `chance` in `0.0..1.0` spreads the waits by up to a tenth of their length.
#[must_use]
pub fn after_attempt(
    outcome: &Outcome,
    number: u32,
    taken: u32,
    failing_since: Option<Timestamp>,
    now: Timestamp,
    chance: f64,
) -> State {
    match outcome {
        Outcome::Answered { status: 200..=299, .. } => return State::Delivered,
        Outcome::Answered { status: 410, .. } => return State::Gone,
        Outcome::Refused { .. } => return State::Refused,
        Outcome::Answered { .. } | Outcome::Failed { .. } => {}
    }
    if failing_since.is_some_and(|since| now.duration_since(since) >= signed(DISABLE_AFTER)) {
        return State::Disabled;
    }
    let Some(wait) = taken.checked_sub(1).and_then(|rung| LADDER.get(rung as usize)) else {
        return State::Exhausted;
    };
    let wished = match outcome {
        Outcome::Answered { retry_after_seconds: Some(seconds), .. } => Duration::from_secs(*seconds),
        _ => Duration::ZERO,
    };
    let wait = (*wait).max(wished.min(LONGEST_WISH)).mul_f64(1.0 + chance / 10.0);
    State::Pending { attempt: number + 1, due_at: now.saturating_add(signed(wait)).unwrap_or(Timestamp::MAX) }
}

fn signed(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn answered(status: u16) -> Outcome {
        Outcome::Answered { status, retry_after_seconds: None }
    }

    fn wait_after(outcome: &Outcome, taken: u32, chance: f64) -> Option<i64> {
        match after_attempt(outcome, taken, taken, None, NOW, chance) {
            State::Pending { due_at, .. } => Some(due_at.duration_since(NOW).as_secs()),
            _ => None,
        }
    }

    #[test]
    fn eleven_attempts_climb_the_ladder_and_then_it_ends() {
        let waits: Vec<_> = (1..=11).map(|taken| wait_after(&answered(500), taken, 0.0)).collect();
        let hours = |count: i64| Some(count * 3_600);
        assert_eq!(waits[..4], [Some(5), Some(60), Some(300), Some(1_800)]);
        assert_eq!(waits[4..], [hours(2), hours(5), hours(10), hours(14), hours(20), hours(24), None]);
    }

    #[test]
    fn success_410_and_a_refused_address_end_it() {
        let state = |outcome| after_attempt(&outcome, 1, 1, None, NOW, 0.0);
        assert_eq!(state(answered(204)), State::Delivered);
        assert_eq!(state(answered(410)), State::Gone);
        assert_eq!(state(Outcome::Refused { reason: "loopback".to_owned() }), State::Refused);
    }

    #[test]
    fn a_receiver_may_ask_for_later_but_not_for_sooner_or_never() {
        let asks = |seconds| Outcome::Answered { status: 503, retry_after_seconds: Some(seconds) };
        assert_eq!(wait_after(&asks(120), 1, 0.0), Some(120));
        assert_eq!(wait_after(&asks(1), 4, 0.0), Some(1_800));
        assert_eq!(wait_after(&asks(u64::MAX), 1, 0.0), Some(86_400));
    }

    #[test]
    fn jitter_lengthens_a_wait_by_at_most_a_tenth() {
        assert_eq!(wait_after(&answered(500), 3, 0.5), Some(315));
    }

    fn delivery(state: State, attempts: u32) -> Delivery {
        let attempted = |attempt| Attempted { attempt, at: NOW, milliseconds: 5, outcome: answered(500) };
        Delivery {
            unit: UnitId::from_bits([0; 16]),
            owner: OwnerId::new("owner"),
            hook: "webhook".to_owned(),
            moment: "completed".to_owned(),
            round: 0,
            url: "https://receiver.test".to_owned(),
            sealed_secret: None,
            body: "{}".to_owned(),
            created_at: NOW,
            state,
            attempts: (1..=attempts).map(attempted).collect(),
            earlier: 0,
        }
    }

    #[test]
    fn a_redelivery_climbs_from_the_foot_with_numbers_that_go_on() {
        let now = NOW + signed(DISABLE_AFTER);
        let mut again = redelivered(&delivery(State::Exhausted, 11), now);
        assert_eq!(again.state, State::Pending { attempt: 12, due_at: now });
        assert_eq!((again.earlier, again.taken(), again.begins_anew()), (11, 0, true));
        again.attempts.push(Attempted { attempt: 12, at: now, milliseconds: 5, outcome: answered(500) });
        assert_eq!((again.taken(), again.begins_anew()), (1, false));
        let due_at = now + SignedDuration::from_secs(5);
        let after = after_attempt(&answered(500), 12, again.taken(), None, now, 0.0);
        assert_eq!(after, State::Pending { attempt: 13, due_at });
    }

    #[test]
    fn a_redelivery_of_what_is_pending_only_comes_sooner() {
        let pending = delivery(State::Pending { attempt: 4, due_at: Timestamp::MAX }, 3);
        assert_eq!(redelivered(&pending, NOW).state, State::Pending { attempt: 4, due_at: NOW });
        let unattempted = delivery(State::Disabled, 0);
        let again = redelivered(&unattempted, NOW);
        assert_eq!(again.state, State::Pending { attempt: 1, due_at: NOW });
    }

    #[test]
    fn a_delivery_started_again_and_again_does_not_grow_for_ever() {
        let again = redelivered(&delivery(State::Exhausted, 150), NOW);
        assert_eq!((again.attempts.len(), again.attempts[0].attempt), (REMEMBERED, 51));
        assert_eq!((again.state, again.taken()), (State::Pending { attempt: 151, due_at: NOW }, 0));
    }

    #[test]
    fn an_endpoint_that_failed_for_five_days_is_disabled() {
        let since = NOW.checked_sub(signed(DISABLE_AFTER)).expect("in range");
        assert_eq!(after_attempt(&answered(500), 3, 3, Some(since), NOW, 0.0), State::Disabled);
    }

    fn any_outcome() -> impl Strategy<Value = Outcome> {
        let answered = (100_u16..600, prop::option::of(any::<u64>()))
            .prop_map(|(status, retry_after_seconds)| Outcome::Answered { status, retry_after_seconds });
        let failed = Just(Outcome::Failed { reason: "no answer".to_owned() });
        prop_oneof![4 => answered, 1 => failed]
    }

    proptest! {
        /// Whatever receivers answer and whenever somebody asks for a redelivery.
        #[test]
        fn a_chain_has_numbers_that_go_on_and_an_end(outcomes in prop::collection::vec((any_outcome(), 0.0_f64..1.0, prop::bool::weighted(0.1)), 0..60)) {
            let mut delivery = delivery(State::Pending { attempt: 1, due_at: NOW }, 0);
            let (mut now, mut in_course) = (NOW, 0);
            for (outcome, chance, again) in outcomes {
                if again {
                    let before = delivery.attempts.last().map_or(0, |last| last.attempt);
                    delivery = redelivered(&delivery, now);
                    in_course = 0;
                    prop_assert_eq!(delivery.state, State::Pending { attempt: before + 1, due_at: now });
                    prop_assert_eq!(&redelivered(&delivery, now), &delivery, "asking twice is asking once");
                }
                let State::Pending { attempt, due_at } = delivery.state else { continue };
                now = now.max(due_at);
                in_course += 1;
                prop_assert!(delivery.attempts.last().is_none_or(|last| last.attempt + 1 == attempt));
                let state = after_attempt(&outcome, attempt, delivery.taken() + 1, None, now, chance);
                prop_assert_eq!(state == State::Delivered, outcome.is_success());
                let is_last = in_course == 1 + LADDER.len();
                prop_assert!(is_last || state != State::Exhausted, "a course has eleven attempts");
                prop_assert!(!is_last || !matches!(state, State::Pending { .. }), "and an end");
                if let State::Pending { attempt: next, due_at } = state {
                    let wait = due_at.duration_since(now);
                    prop_assert_eq!(next, attempt + 1);
                    prop_assert!(wait >= signed(LADDER[0]) && wait <= signed(LONGEST_WISH.mul_f64(1.1)), "{}", wait);
                }
                delivery.attempts.push(Attempted { attempt, at: now, milliseconds: 5, outcome });
                delivery.state = state;
            }
        }
    }
}
