//! The upstream's quota of created runs: one bucket for each owner's key, shared by all runners.
//!
//! A virtual schedule: each run takes a slot of 60 s divided by the quota, and slots may be taken up to a minute ahead. Its one
//! number is moved by a conditional write, so two runners never take the same slot.

use std::time::Duration;

use domain::OwnerId;
use jiff::{SignedDuration, Timestamp};

use crate::attributes::{Reader, expiry, number, text};
use crate::keys::{self, PK, SK};
use crate::outbox::unless_condition_failed;
use crate::{Result, Store};

const SORT: &str = "QUOTA";
const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// What came of asking for slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// They are the asker's.
    Granted,
    /// Too many at once: ask again after this.
    Wait(Duration),
}

impl Store {
    /// Asks for `count` slots of this owner's quota of `per_minute`. What is granted is used up, whether or not it is used.
    ///
    /// `last` is what the asker found the last time, and is left at what it found now: while nobody else asks, that spares reading.
    pub async fn take_quota(
        &self,
        owner: &OwnerId,
        count: u32,
        per_minute: u32,
        now: Timestamp,
        last: &mut Option<i64>,
    ) -> Result<Quota> {
        loop {
            let seen = match last.take() {
                Some(last) => Some(last),
                None => self.quota_taken_to(owner).await?,
            };
            let (taken_to, wait) = take(seen, count, per_minute, now);
            if let Some(wait) = wait {
                return Ok(Quota::Wait(wait));
            }
            let mut update = self
                .client
                .update_item()
                .table_name(&self.tables.units)
                .key(PK, text(keys::owner(owner.as_str())))
                .key(SK, text(SORT))
                .update_expression("SET taken_to = :to, expires_at = :expires")
                .expression_attribute_values(":to", number(taken_to))
                .expression_attribute_values(
                    ":expires",
                    expiry(now.saturating_add(WINDOW * 60).unwrap_or(now)),
                );
            update = match seen {
                Some(seen) => update
                    .condition_expression("taken_to = :seen")
                    .expression_attribute_values(":seen", number(seen)),
                None => update.condition_expression("attribute_not_exists(pk)"),
            };
            if unless_condition_failed(update.send().await)? {
                *last = Some(taken_to);
                return Ok(Quota::Granted);
            }
        }
    }

    async fn quota_taken_to(&self, owner: &OwnerId) -> Result<Option<i64>> {
        let found = self
            .client
            .get_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::owner(owner.as_str())))
            .key(SK, text(SORT))
            .consistent_read(true)
            .send()
            .await?;
        found.item.as_ref().map(|item| Reader::new(item).number::<i64>("taken_to")).transpose()
    }
}

/// Where the schedule stands after `count` more slots, in microseconds since 1970, or how long to wait for them.
fn take(seen: Option<i64>, count: u32, per_minute: u32, now: Timestamp) -> (i64, Option<Duration>) {
    let now = now.as_microsecond();
    let window = i64::try_from(WINDOW.as_micros()).unwrap_or(i64::MAX);
    let slot = window / i64::from(per_minute.max(1));
    let taken_to = seen.unwrap_or(now).max(now) + slot * i64::from(count);
    let over = taken_to - (now + window);
    let wait = (over > 0).then(|| Duration::from_micros(over.unsigned_abs()));
    (taken_to, wait)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_minutes_quota_is_had_at_once_and_the_next_slot_later() {
        let now = Timestamp::UNIX_EPOCH;
        let (taken_to, wait) = take(None, 2_000, 2_000, now);
        assert_eq!(wait, None);
        assert_eq!(take(Some(taken_to), 1, 2_000, now).1, Some(Duration::from_millis(30)));
        let later = now + SignedDuration::from_millis(30);
        assert_eq!(take(Some(taken_to), 1, 2_000, later).1, None);
    }

    #[test]
    fn an_idle_bucket_does_not_save_up_more_than_a_minute() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(5);
        let (_, wait) = take(Some(0), 2_001, 2_000, now);
        assert_eq!(wait, Some(Duration::from_millis(30)));
    }

    proptest! {
        /// Askers that come when they like, and take what they are granted.
        #[test]
        fn no_more_is_granted_in_any_time_than_the_quota_and_a_minute_ahead(
            per_minute in prop_oneof![1_u32..20, 1_u32..5_000],
            asks in prop::collection::vec((prop_oneof![0_i64..2_000, 0_i64..200_000], 1_u32..5_000), 1..80),
        ) {
            let slot = 60_000_000 / i64::from(per_minute);
            let (mut now, mut seen, mut grants) = (Timestamp::UNIX_EPOCH, None, Vec::new());
            for (later, count) in asks {
                now += SignedDuration::from_millis(later);
                let count = 1 + count % per_minute;
                let (taken_to, wait) = take(seen, count, per_minute, now);
                let Some(wait) = wait else {
                    seen = Some(taken_to);
                    grants.push((now, i64::from(count)));
                    continue;
                };
                let then = now + SignedDuration::try_from(wait).expect("a minute at most");
                prop_assert_eq!(take(seen, count, per_minute, then).1, None, "who waits as told is granted");
                let sooner = then - SignedDuration::from_micros(1);
                prop_assert!(take(seen, count, per_minute, sooner).1.is_some());
            }
            for (first, (since, _)) in grants.iter().enumerate() {
                let mut granted = 0;
                for (at, count) in &grants[first..] {
                    granted += count;
                    let passed = i64::try_from(at.duration_since(*since).as_micros()).expect("in range");
                    prop_assert!(granted * slot <= passed + 60_000_000);
                }
            }
        }
    }
}
