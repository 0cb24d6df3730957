//! Poison: a unit that kills its runners, found out by claims that came to nothing.
//!
//! The queue's receive counts say nothing about it: each move makes a new message, and a killer takes those beside it along. Invariant: whoever
//! made any progress, or was handed over in order, starts to count anew.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::unit::Lease;

/// A claim that came to nothing this often makes the unit suspicious.
pub const SUSPICIOUS: u32 = 2;

/// Claims without progress after which a unit is given up.
pub const POISON: u32 = 5;

/// Whether a unit must be driven alone in its invocation, `fruitless` claims before the present one having come to nothing.
#[must_use]
pub const fn must_be_alone(fruitless: u32) -> bool {
    fruitless >= SUSPICIOUS
}

/// After when a unit was claimed by a message that crossed with one that claims it `now`: a claim that counts for nothing.
#[must_use]
pub fn crossed_after(length: Duration, now: Timestamp) -> Timestamp {
    now.saturating_sub(half(length)).unwrap_or(Timestamp::MIN)
}

fn half(length: Duration) -> SignedDuration {
    SignedDuration::try_from(length / 2).unwrap_or(SignedDuration::MAX)
}

/// Whether a unit that was claimed `now` has killed its runners again and again; `length` is that of a lease.
///
/// A dead runner's message comes back when its lease is up. Claims right after each other are messages that crossed, each fencing the one
/// before, and say nothing about the unit.
#[must_use]
pub fn is_poison(claimed: &Lease, length: Duration, now: Timestamp) -> bool {
    let apart = claimed.claimed_before.map(|before| now.duration_since(before));
    claimed.fruitless > POISON && apart.is_some_and(|apart| apart >= half(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_mins(2);

    fn claimed(fruitless: u32, seconds_before: Option<i64>) -> bool {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        let claimed_before = seconds_before.map(|seconds| now - SignedDuration::from_secs(seconds));
        is_poison(&Lease { fruitless, claimed_before, ..Lease::default() }, LENGTH, now)
    }

    #[test]
    fn the_sixth_claim_in_vain_is_the_last_unless_messages_crossed() {
        assert!(!claimed(5, Some(120)));
        assert!(claimed(6, Some(120)));
        assert!(claimed(6, Some(60)));
        assert!(!claimed(60, Some(59)), "each of these fenced the one before");
        assert!(!claimed(60, None), "nobody claimed it before");
    }

    #[test]
    fn a_unit_is_driven_alone_before_it_is_given_up() {
        let alone = (0..=POISON).filter(|&fruitless| must_be_alone(fruitless));
        assert!(alone.eq(SUSPICIOUS..=POISON));
    }
}
