//! What work would cost and how long it would take, before it is bought.
//!
//! Prices are for completed runs; rows that come from the cache cost nothing. Invariant: money is counted in whole millionths
//! of a dollar and becomes a decimal only where it is shown.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::limits::RUNS_PER_MINUTE;
use crate::processor::{self, PROCESSORS};

/// An amount of money, in millionths of a dollar; shown as dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(pub u64);

impl Cost {
    /// The amount in dollars, as exactly as a double can.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact up to nine billion dollars")]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl std::fmt::Display for Cost {
    /// Dollars with as many decimals as are needed, two at least.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = format!("{:06}", self.0 % 1_000_000);
        let kept = decimals.trim_end_matches('0').len().max(2);
        write!(f, "${}.{}", self.0 / 1_000_000, &decimals[..kept])
    }
}

/// What work would cost and how long it would take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// The rows; none while the list is not read.
    pub rows: Option<u32>,
    /// How many of them would be taken from the cache, as far as was looked.
    pub cached_rows: u32,
    /// The processor, or the one that would probably be chosen.
    pub processor: String,
    /// Why this processor.
    pub processor_reason: String,
    /// What a completed run costs; none for a processor whose price is not known.
    pub price_per_run_usd: Option<Cost>,
    /// What it costs when every row is bought once and completes.
    pub cost_usd: Option<Cost>,
    /// What it costs at most: every automatic retry bought too, though failed runs are free.
    pub cost_at_most_usd: Option<Cost>,
    /// When most of it is probably done, in seconds.
    pub expected_seconds: Option<u64>,
}

/// The estimate for `rows` rows of which `cached` need not be bought, with this processor, each bought again up to `retry_failed` times.
#[must_use]
pub fn estimate(
    rows: Option<u32>,
    cached: u32,
    choice: crate::choice::Choice,
    retry_failed: u32,
) -> Estimate {
    let known = processor::find(&choice.processor);
    let bought = rows.map(|rows| rows.saturating_sub(cached));
    let cost = known.zip(bought).map(|(known, bought)| known.micro_dollars * u64::from(bought));
    let expected = known.zip(bought).map(|(known, bought)| time(bought, known.median));
    Estimate {
        rows,
        cached_rows: cached,
        processor: choice.processor,
        processor_reason: choice.reason,
        price_per_run_usd: known.map(|known| Cost(known.micro_dollars)),
        cost_usd: cost.map(Cost),
        cost_at_most_usd: cost.map(|cost| Cost(cost * u64::from(retry_failed + 1))),
        expected_seconds: expected.map(|expected| expected.as_secs()),
    }
}

/// Why work with this budget makes no sense: even the first purchase of each row exceeds it, or its price cannot be known.
///
/// `processor` is the one that was asked for; without one, the cheapest decides. `rows` are those that surely must be bought.
#[must_use]
pub fn over_budget(rows: u32, processor: Option<&str>, max_cost: u64) -> Option<String> {
    let cheapest = &PROCESSORS[0];
    let (name, price) = match processor {
        None => (cheapest.name, cheapest.micro_dollars),
        Some(name) => match processor::find(name) {
            Some(known) => (name, known.micro_dollars),
            None => return Some(format!("the price of {name} is not known, so no maximum can be kept")),
        },
    };
    let cost = price * u64::from(rows);
    (cost > max_cost).then(|| {
        let (cost, max_cost) = (Cost(cost), Cost(max_cost));
        let with = if processor.is_none() { "even with" } else { "with" };
        format!("{rows} rows cost {cost} {with} {name}, which is more than {max_cost}")
    })
}

/// The upstream takes so many runs a minute; the last of them still has to run.
fn time(runs: u32, median: Duration) -> Duration {
    if runs == 0 {
        return Duration::ZERO;
    }
    Duration::from_mins(u64::from((runs - 1) / RUNS_PER_MINUTE)) + median
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::choice::Choice;

    fn of(rows: u32, cached: u32, processor: &str, retry_failed: u32) -> Estimate {
        estimate(Some(rows), cached, Choice::asked_for(processor), retry_failed)
    }

    #[test]
    fn a_thousand_core_rows_cost_25_dollars_and_cached_ones_nothing() {
        assert_eq!(of(1_000, 0, "core", 0).cost_usd, Some(Cost(25_000_000)));
        assert_eq!(of(1_000, 400, "core-fast", 0).cost_usd, Some(Cost(15_000_000)));
        assert_eq!(of(10, 10, "core", 3).cost_at_most_usd, Some(Cost(0)));
        assert_eq!(of(1_000, 0, "core", 2).cost_at_most_usd, Some(Cost(75_000_000)));
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        assert_eq!(of(5, 0, "nova", 0).cost_usd, None);
        let unread = estimate(None, 0, Choice::asked_for("core"), 0);
        assert_eq!((unread.cost_usd, unread.expected_seconds), (None, None));
        assert_eq!(unread.price_per_run_usd, Some(Cost(25_000)));
    }

    #[test]
    fn time_counts_the_minutes_of_the_quota() {
        let seconds = |rows| of(rows, 0, "core", 0).expected_seconds;
        assert_eq!((seconds(0), seconds(1), seconds(2_000)), (Some(0), Some(90), Some(90)));
        assert_eq!(seconds(2_001), Some(150));
    }

    #[test]
    fn a_budget_is_refused_only_when_it_is_surely_too_small() {
        assert_eq!(over_budget(400, Some("core"), 10_000_000), None);
        let message = over_budget(401, Some("core"), 10_000_000).expect("too small");
        assert_eq!(message, "401 rows cost $10.025 with core, which is more than $10.00");
        assert_eq!(over_budget(2_000, None, 10_000_000), None);
        assert!(over_budget(2_001, None, 10_000_000).is_some());
        assert!(over_budget(1, Some("nova"), 10_000_000).is_some());
    }

    proptest! {
        #[test]
        fn a_cost_is_told_exactly(cost in prop_oneof![any::<u64>(), (0_u64..100).prop_map(|tenths| tenths * 100_000)]) {
            let told = Cost(cost).to_string();
            let (dollars, decimals) = told[1..].split_once('.').expect("it has decimals");
            prop_assert!((2..=6).contains(&decimals.len()));
            let micros: u64 = format!("{decimals:0<6}").parse().expect("digits");
            prop_assert_eq!(dollars.parse::<u64>().expect("digits") * 1_000_000 + micros, cost);
        }

        /// What is refused for its budget is exactly what the estimate says costs more.
        #[test]
        fn a_budget_is_kept_by_what_the_estimate_says(rows in 0_u32..20_000, max_cost in 0_u64..500_000_000, processor in prop::sample::select(PROCESSORS.to_vec())) {
            let cost = of(rows, 0, processor.name, 0).cost_usd.expect("a known price");
            prop_assert_eq!(over_budget(rows, Some(processor.name), max_cost).is_some(), cost > Cost(max_cost));
            let unknown = over_budget(rows, None, max_cost).is_some();
            prop_assert!(!unknown || cost > Cost(max_cost), "without a processor the cheapest decides");
        }
    }
}
