//! Nothing is lost between the queues, and a scenario means one outcome.

use std::time::Duration;

use fleet::{Lengths, Policy, Scenario, simulate};

use crate::hours;

#[test]
fn every_run_ends_once_whoever_drives() {
    for policy in [Policy::OneStream, Policy::Batches, Policy::Adoption] {
        for (per_minute, lengths) in [
            (0.2, Lengths::two_minutes()),
            (10.0, Lengths::fifteen_minutes()),
            (100.0, Lengths::two_minutes()),
        ] {
            let outcome = simulate(&hours(policy, per_minute, lengths, 3));
            assert!(outcome.arrived > 20);
            assert_eq!(outcome.ended_once, outcome.arrived, "{policy:?}, {per_minute} a minute");
        }
    }
}

#[test]
fn every_run_ends_once_where_runners_are_small_few_and_killed() {
    for seed in 1..=20 {
        let kills = (1..=12).map(|kill| Duration::from_secs(kill * 631)).collect();
        let lies = (1..=30).map(|lie| (Duration::from_secs(lie * 240), 50)).collect();
        let outcome = simulate(&Scenario {
            seed,
            units_per_runner: 20,
            concurrency: 6,
            kills,
            lies,
            ..hours(Policy::Adoption, 6.0, Lengths::fifteen_minutes(), 2)
        });
        assert_eq!(outcome.ended_once, outcome.arrived, "seed {seed}");
        assert!(outcome.watch.most_runners <= 6, "seed {seed}");
    }
}

#[test]
fn a_seed_means_one_outcome() {
    let scenario = hours(Policy::Adoption, 20.0, Lengths::two_minutes(), 2);
    assert_eq!(simulate(&scenario), simulate(&scenario));
    let other = Scenario { seed: 2, ..scenario.clone() };
    assert_ne!(simulate(&scenario), simulate(&other));
}
