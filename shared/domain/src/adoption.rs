//! Who drives what comes: the runner that was started for it, or one that runs already and has room.
//!
//! Owns the decisions: what a runner announces, whose slots a newcomer takes, who hands over early, what is moved back. Announcements
//! are hints: each may be late, wrong or of a dead runner. Invariant: a message that was moved back stays where it arrives.

use std::cmp::Reverse;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The slice for which [`Pace::default`] is meant.
const SLICE: Duration = Duration::from_secs(570);
/// A runner is left with few units when it drives at most its capacity divided by this.
const FEW: u32 = 10;

/// Free places that a running runner has announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slots {
    /// The invocation that announces them.
    pub runner: String,
    /// How many units it would take.
    pub free: u32,
    /// How many it drives.
    pub driving: u32,
    /// When the announcement is over: whoever takes a slot must have sent its message by then.
    pub until: Timestamp,
}

/// The times of adoption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between two announcements of a runner.
    pub every: Duration,
    /// How long an announcement holds at most.
    pub valid: Duration,
    /// How long before its end a runner takes nothing up any more.
    pub last: Duration,
    /// How long a runner reads on when its last announcement is over, for those who sent at its last moment.
    pub linger: Duration,
    /// Who waits to be adopted for this long is moved back.
    pub stale: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(10),
            valid: Duration::from_secs(20),
            last: Duration::from_mins(1),
            linger: Duration::from_secs(10),
            stale: Duration::from_secs(15),
        }
    }
}

impl Pace {
    /// The usual times, shortened in proportion for slices shorter than usual; never to less than a fortieth, which is a quarter of a
    /// second between two announcements.
    #[must_use]
    pub fn for_slice(slice: Duration) -> Self {
        let usual = Self::default();
        let share = (slice.as_secs_f64() / SLICE.as_secs_f64()).min(1.0);
        let shortened = |usual: Duration| usual.mul_f64(share.max(1.0 / 40.0));
        Self {
            every: shortened(usual.every),
            valid: shortened(usual.valid),
            // Before a short end there is time enough all the same.
            last: usual.last.mul_f64(share),
            linger: shortened(usual.linger),
            stale: shortened(usual.stale),
        }
    }

    /// What must be left of an announcement for a sender who takes a slot of it now.
    fn to_send(self) -> Duration {
        self.valid / 10
    }
}

/// When an invocation that begins now hands everything over: its slice is shortened by up to a fifth, or fragments that began
/// together would end together for ever. `chance` is from 0 to 1.
#[must_use]
pub fn ends_at(now: Timestamp, slice: Duration, deadline: Timestamp, chance: f64) -> Timestamp {
    later(now, slice.mul_f64(1.0 - 0.2 * chance)).min(deadline)
}

/// What a runner announces now; none when it is full, or too near its end.
#[must_use]
pub fn announcement(
    runner: &str,
    driving: u32,
    capacity: u32,
    ends_at: Timestamp,
    pace: Pace,
    now: Timestamp,
) -> Option<Slots> {
    let until = later(now, pace.valid).min(earlier(ends_at, pace.last));
    let free = capacity.saturating_sub(driving);
    (free > 0 && until > now).then(|| Slots { runner: runner.to_owned(), free, driving, until })
}

/// Whose slots a newcomer takes for all of its `wanted` units, and how many of each: those of the fullest runners, so that the others run
/// out of work. None when there are too few, and the newcomer stays.
#[must_use]
pub fn take(
    mut announced: Vec<Slots>,
    wanted: u32,
    pace: Pace,
    now: Timestamp,
) -> Option<Vec<(String, u32)>> {
    let by = later(now, pace.to_send());
    announced.retain(|slots| slots.until > by && slots.free > 0);
    announced.sort_by(|a, b| (Reverse(a.driving), &a.runner).cmp(&(Reverse(b.driving), &b.runner)));
    if wanted == 0 {
        return Some(Vec::new());
    }
    let mut missing = wanted;
    let mut taken = Vec::new();
    for slots in announced {
        let count = slots.free.min(missing);
        missing -= count;
        taken.push((slots.runner, count));
        if missing == 0 {
            return Some(taken);
        }
    }
    None
}

/// How long a newcomer that found too few slots waits before it looks once more, by the hops of its units; none if it stays at once.
///
/// What is handed over together arrives in several batches, and each of their invocations would find nothing announced and stay. `chance`
/// is from 0 to 1: whoever is first announces, and the others find it.
#[must_use]
pub fn looks_again_after(mut hops: impl Iterator<Item = u32>, pace: Pace, chance: f64) -> Option<Duration> {
    hops.all(|hop| hop > 0).then(|| pace.valid.mul_f64(chance / 40.0))
}

/// Whether a runner has so few units that it asks whether another one has room for them.
#[must_use]
pub const fn is_left_with_few(driving: u32, capacity: u32) -> bool {
    driving > 0 && driving.saturating_mul(FEW) <= capacity
}

/// Whether nothing is announced any more by a runner that ends then.
#[must_use]
pub fn is_late(ends_at: Timestamp, pace: Pace, now: Timestamp) -> bool {
    now >= earlier(ends_at, pace.last)
}

/// Whether a runner that is left with few units hands them over before its time: a fuller one has room for all of them. Of two that are
/// equally full one leaves, never both.
#[must_use]
pub fn leaves_early(
    runner: &str,
    driving: u32,
    capacity: u32,
    announced: &[Slots],
    pace: Pace,
    now: Timestamp,
) -> bool {
    let by = later(now, pace.to_send());
    let is_fuller = |other: &Slots| (other.driving, other.runner.as_str()) > (driving, runner);
    let has_room = |other: &Slots| other.until > by && other.free >= driving;
    is_left_with_few(driving, capacity)
        && announced.iter().any(|other| other.runner != runner && is_fuller(other) && has_room(other))
}

/// Whether a message that was sent then has waited too long for a runner to adopt it.
#[must_use]
pub fn is_stale(sent_at: Timestamp, pace: Pace, now: Timestamp) -> bool {
    now >= later(sent_at, pace.stale)
}

/// Until when a runner reads what was sent to it, after its last announcement.
#[must_use]
pub fn reads_until(last_announced_until: Timestamp, pace: Pace) -> Timestamp {
    later(last_announced_until, pace.linger)
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(signed(by)).unwrap_or(Timestamp::MAX)
}

fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_sub(signed(by)).unwrap_or(Timestamp::MIN)
}

fn signed(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn slots(runner: &str, driving: u32, free: u32, until: i64) -> Slots {
        Slots { runner: runner.to_owned(), free, driving, until: at(until) }
    }

    #[test]
    fn a_runner_announces_what_it_has_room_for_until_a_minute_before_its_end() {
        let announced = |driving, now| announcement("r", driving, 500, at(570), Pace::default(), at(now));
        assert_eq!(announced(100, 0), Some(slots("r", 100, 400, 20)));
        assert_eq!(announced(100, 500), Some(slots("r", 100, 400, 510)));
        assert_eq!(announced(100, 510), None, "its end is near");
        assert_eq!(announced(500, 0), None, "it is full");
        assert_eq!(announced(510, 0), None, "a batch made it more than full");
    }

    #[test]
    fn a_newcomer_takes_the_slots_of_the_fullest() {
        let taken = |wanted| {
            let announced = vec![slots("a", 10, 490, 20), slots("b", 300, 200, 20), slots("c", 450, 50, 20)];
            take(announced, wanted, Pace::default(), at(0))
        };
        assert_eq!(taken(1), Some(vec![("c".to_owned(), 1)]));
        assert_eq!(taken(60), Some(vec![("c".to_owned(), 50), ("b".to_owned(), 10)]));
        assert_eq!(taken(741), None, "not all of them would have a place");
    }

    #[test]
    fn an_announcement_that_is_nearly_over_is_no_place_to_send_to() {
        let taken = |until| take(vec![slots("a", 10, 490, until)], 1, Pace::default(), at(0)).is_some();
        assert!(taken(3));
        assert!(!taken(2));
        assert!(!taken(-1));
    }

    #[test]
    fn of_two_runners_with_few_units_the_emptier_leaves_and_never_both() {
        let leaves =
            |me: &str, driving, other| leaves_early(me, driving, 500, &[other], Pace::default(), at(0));
        assert!(leaves("a", 3, slots("b", 4, 496, 20)));
        assert!(!leaves("b", 4, slots("a", 3, 497, 20)));
        assert!(leaves("a", 3, slots("b", 3, 497, 20)) != leaves("b", 3, slots("a", 3, 497, 20)));
        assert!(!leaves("a", 3, slots("b", 498, 2, 20)), "there is no room for all of them");
        assert!(!leaves("a", 51, slots("b", 300, 200, 20)), "51 are not few");
        assert!(!leaves("a", 3, slots("a", 300, 200, 20)), "its own announcement");
        assert!(!leaves("a", 0, slots("b", 4, 496, 20)), "it has nothing to hand over");
    }

    #[test]
    fn only_what_was_handed_over_waits_for_a_second_look() {
        let after = |hops: &[u32]| looks_again_after(hops.iter().copied(), Pace::default(), 0.5);
        assert_eq!(after(&[1, 7]), Some(Duration::from_millis(250)));
        assert_eq!(after(&[1, 0]), None);
    }

    #[test]
    fn short_slices_have_short_times() {
        let pace = Pace::for_slice(Duration::from_secs(57));
        assert_eq!((pace.every, pace.last), (Duration::from_secs(1), Duration::from_secs(6)));
        assert_eq!(Pace::for_slice(Duration::from_hours(1)), Pace::default());
        assert_eq!(Pace::for_slice(Duration::from_secs(1)).every, Duration::from_millis(250));
    }

    /// Runners of one capacity, each with a name of its own and an announcement that may be over.
    fn any_runners(capacity: u32) -> impl Strategy<Value = Vec<Slots>> {
        prop::collection::vec((0..=capacity, 0_i64..30), 0..6).prop_map(move |runners| {
            let named = runners.into_iter().zip(["a", "b", "c", "d", "e", "f"]);
            named.map(|((driving, until), name)| slots(name, driving, capacity - driving, until)).collect()
        })
    }

    proptest! {
        #[test]
        fn a_newcomer_takes_a_place_for_each_of_its_units_or_none(runners in any_runners(20), wanted in 1_u32..80) {
            let room = |slots: &&Slots| slots.until > at(2);
            let taken = take(runners.clone(), wanted, Pace::default(), at(0));
            let free: u32 = runners.iter().filter(room).map(|slots| slots.free).sum();
            prop_assert_eq!(taken.is_some(), free >= wanted);
            let taken = taken.unwrap_or_default();
            let of = |slots: &Slots| -> Vec<u32> {
                taken.iter().filter(|(runner, _)| *runner == slots.runner).map(|(_, count)| *count).collect()
            };
            prop_assert!(taken.is_empty() || taken.iter().map(|(_, count)| count).sum::<u32>() == wanted);
            for slots in &runners {
                let mine = of(slots);
                prop_assert!(mine.len() <= 1 && mine.iter().all(|count| (1..=slots.free).contains(count)));
                prop_assert!(mine.is_empty() || room(&slots));
                let mut emptier = runners.iter().filter(|other| other.driving < slots.driving);
                let filled = mine == [slots.free] || slots.free == 0 || !room(&slots);
                prop_assert!(filled || emptier.all(|other| of(other).is_empty()), "the fullest first");
            }
        }

        #[test]
        fn of_runners_that_see_the_same_not_all_leave(runners in any_runners(20)) {
            let leaves = |slots: &&Slots| {
                leaves_early(&slots.runner, slots.driving, 20, &runners, Pace::default(), at(0))
            };
            let driving = runners.iter().filter(|slots| slots.driving > 0);
            prop_assert!(driving.clone().next().is_none() || driving.clone().filter(leaves).count() < driving.count());
        }

        #[test]
        fn what_is_announced_is_room_and_over_before_the_end_is_near(driving in 0_u32..30, now in 0_i64..600) {
            let pace = Pace::default();
            if let Some(slots) = announcement("r", driving, 20, at(570), pace, at(now)) {
                prop_assert_eq!(slots.driving + slots.free, 20);
                prop_assert!(slots.until > at(now) && slots.until <= at(now) + signed(pace.valid));
                prop_assert!(!is_late(at(570), pace, slots.until - SignedDuration::from_nanos(1)));
            } else {
                prop_assert!(driving >= 20 || is_late(at(570), pace, at(now)));
            }
        }
    }
}
