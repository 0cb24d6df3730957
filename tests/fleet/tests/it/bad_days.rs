//! A runner dies, an announcement is wrong: what was to be driven is driven, later.

use std::time::Duration;

use fleet::assumed::{LEASE, SWEEP};
use fleet::{Lengths, Policy, Scenario, simulate};

use crate::hours;

#[test]
fn what_a_dead_runner_drove_goes_on_within_its_lease_and_a_minute() {
    let alive = hours(Policy::Adoption, 10.0, Lengths::two_minutes(), 2);
    let dead = Scenario { kills: vec![Duration::from_hours(1)], ..alive.clone() };
    let (alive, dead) = (simulate(&alive), simulate(&dead));
    assert!(alive.latest < Duration::from_secs(5), "{:?}", alive.latest);
    assert_eq!(dead.ended_once, dead.arrived);
    assert!(dead.latest > LEASE / 2, "nobody was killed: {:?}", dead.latest);
    assert!(dead.latest < LEASE + SWEEP + Duration::from_secs(30), "{:?}", dead.latest);
}

#[test]
fn an_announcement_that_is_wrong_costs_a_delay_and_nothing_else() {
    // So rarely that mostly nobody runs, while somebody says all the time that there is room.
    let truth = hours(Policy::Adoption, 0.1, Lengths::two_minutes(), 24);
    let lies = (0..4 * 24 * 60).map(|lie| (Duration::from_secs(lie * 15), 1_000)).collect();
    let misled = simulate(&Scenario { lies, ..truth.clone() });
    let truth = simulate(&truth);
    assert!(truth.wait(1.0) < Duration::from_secs(3), "{:?}", truth.wait(1.0));
    assert_eq!((misled.ended_once, truth.ended_once), (misled.arrived, truth.arrived));
    assert!(misled.tally.moved_back > 20, "{:?}", misled.tally);
    let latest = misled.wait(1.0);
    // Stale after 15 s, found by the next sweep, and gathered into two batches.
    let most = SWEEP + Duration::from_secs(15 + 5);
    assert!(latest > Duration::from_secs(15) && latest < most, "{latest:?}");
}
