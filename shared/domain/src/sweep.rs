//! When the sweep looks again at what is unfinished.
//!
//! The sweep sends again what is due; what merely waits in a backlog would get message upon message. Invariant: the longer something has
//! waited, the longer it is left alone, within bounds.

use jiff::{SignedDuration, Timestamp};

/// The shortest and the longest time until something is looked at again.
pub const AGAIN: (SignedDuration, SignedDuration) =
    (SignedDuration::from_mins(1), SignedDuration::from_hours(1));

/// When to look again at what has been waiting `since` then, or is to wait until then: after twice as long as that, within bounds.
#[must_use]
pub fn next_look(since: Timestamp, now: Timestamp) -> Timestamp {
    let waited = now.duration_since(since);
    let wait = waited.saturating_mul(2).clamp(AGAIN.0, AGAIN.1);
    now.max(since).saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_waits_is_looked_at_less_and_less_often() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let look =
            |waited: u64| next_look(now - Duration::from_secs(waited), now).duration_since(now).as_secs();
        assert_eq!((look(0), look(120), look(86_400)), (60, 240, 3_600));
    }

    #[test]
    fn what_is_not_due_yet_is_looked_at_after_it_is() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let later = now + Duration::from_mins(10);
        assert_eq!(next_look(later, now).duration_since(now).as_secs(), 660);
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    proptest! {
        #[test]
        fn the_next_look_is_a_minute_to_an_hour_after_what_it_waits_for(since in 0_i64..4_000_000_000, now in 0_i64..4_000_000_000) {
            let (since, now) = (at(since), at(now));
            let wait = next_look(since, now).duration_since(now.max(since));
            prop_assert!(AGAIN.0 <= wait && wait <= AGAIN.1);
        }

        #[test]
        fn looks_get_no_closer_while_something_waits(since in 0_i64..1_000_000, waited in 0_i64..1_000_000, more in 0_i64..1_000_000) {
            let wait = |waited: i64| {
                let now = at(since + waited);
                next_look(at(since), now).duration_since(now)
            };
            prop_assert!(wait(waited) <= wait(waited + more));
        }

        /// What a backlog gets more because of the sweep: a few messages in the first hour, then one an hour.
        #[test]
        fn a_day_in_a_backlog_brings_few_messages(first in 0_i64..120) {
            let (since, mut now, mut looks) = (at(0), at(first), 0);
            while now < at(86_400) {
                now = next_look(since, now);
                looks += 1;
            }
            prop_assert!(looks <= 24 + 8, "{looks}");
        }
    }
}
