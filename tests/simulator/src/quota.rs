//! The rolling quota: how many runs a key may create within 60 seconds.
//!
//! Counts created runs, not requests; a request that does not fit as a whole is refused as a whole and counts nothing.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use crate::owner::Owner;
use crate::run::after;

const WINDOW: i64 = 60_000_000;

/// What each key has created within the window.
#[derive(Debug, Default)]
pub(crate) struct Quota(HashMap<Owner, VecDeque<(Timestamp, usize)>>);

impl Quota {
    /// Books `count` runs of `owner` at `now` if they fit under `limit`; tells whether they did.
    pub(crate) fn book(&mut self, owner: &Owner, count: usize, limit: usize, now: Timestamp) -> bool {
        let booked = self.0.entry(owner.clone()).or_default();
        while booked.front().is_some_and(|(at, _)| after(*at, WINDOW) <= now) {
            booked.pop_front();
        }
        let used: usize = booked.iter().map(|(_, count)| count).sum();
        let fits = used.saturating_add(count) <= limit;
        if fits {
            booked.push_back((now, count));
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_count_for_a_rolling_minute_and_refused_ones_never() {
        let mut quota = Quota::default();
        let (one, two) = (Owner::of_key("1"), Owner::of_key("2"));
        let mut book = |owner, count, second| {
            quota.book(owner, count, 2_000, after(Timestamp::UNIX_EPOCH, second * 1_000_000_i64))
        };
        assert!(book(&one, 1_000, 0));
        assert!(book(&one, 1_000, 30));
        assert!(!book(&one, 1, 59));
        assert!(book(&two, 2_000, 59), "each key has its own");
        assert!(!book(&one, 1_001, 60), "half of the window has rolled away");
        assert!(book(&one, 1_000, 60));
        assert!(!book(&one, 2_001, 500), "more than fits at all");
    }
}
