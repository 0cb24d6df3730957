//! The upstream's processors: what a run costs and how long it may take.
//!
//! Figures: the price list and the processor table of the Parallel documentation of October 2026. Prices are
//! for completed runs; failed ones are free. A processor that is not listed is passed through, at an unknown price.

use std::time::Duration;

/// One line of the upstream's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processor {
    /// Its name on the wire, without `-fast`.
    pub name: &'static str,
    /// What a completed run costs, in millionths of a dollar.
    pub micro_dollars: u64,
    /// The time within which half of all runs end, while running.
    pub median: Duration,
    /// The longest documented time of a run, while running.
    pub longest: Duration,
    /// How many output fields it is said to be good for.
    pub fields: usize,
    /// The shortest documented time of a run, while running.
    pub shortest: Duration,
    /// From when to when a run of its `-fast` form ends, by the last documentation that had one.
    pub fast: (Duration, Duration),
}

/// What deep research takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeepResearch {
    /// The smallest processor that does it.
    pub least: &'static str,
    /// The one that does it where none is named.
    pub usual: &'static str,
}

const fn line(
    name: &'static str,
    dollars_per_thousand: u64,
    median: u64,
    (shortest, longest): (u64, u64),
    fast: (u64, u64),
    fields: usize,
) -> Processor {
    Processor {
        name,
        micro_dollars: dollars_per_thousand * 1_000,
        median: Duration::from_secs(median),
        longest: Duration::from_secs(longest),
        fields,
        shortest: Duration::from_secs(shortest),
        fast: (Duration::from_secs(fast.0), Duration::from_secs(fast.1)),
    }
}

/// Every documented processor, cheapest first.
pub const PROCESSORS: [Processor; 9] = [
    line("lite", 5, 45, (10, 120), (10, 20), 2),
    line("base", 10, 50, (15, 180), (15, 50), 5),
    line("core", 25, 90, (60, 300), (15, 100), 10),
    line("core2x", 50, 210, (60, 600), (15, 180), 10),
    line("pro", 100, 210, (120, 600), (30, 300), 20),
    line("ultra", 300, 240, (180, 1_500), (60, 600), 20),
    line("ultra2x", 600, 360, (300, 3_000), (60, 1_200), 25),
    line("ultra4x", 1_200, 480, (300, 5_400), (60, 2_400), 25),
    line("ultra8x", 2_400, 390, (300, 7_200), (60, 3_600), 25),
];

/// Deep research, by the upstream's documentation.
pub const DEEP_RESEARCH: DeepResearch = DeepResearch { least: "pro", usual: "ultra" };

/// The processor used when nobody chose one and the upstream recommends none.
pub const FALLBACK: &str = "core";

/// The longest documented time of any run.
pub const LONGEST_RUN: Duration = Duration::from_hours(2);

/// How long a run may wait in the upstream's queue before it counts as late.
pub const QUEUEING: Duration = Duration::from_mins(30);

/// The documented processor of that name, its `-fast` form included.
#[must_use]
pub fn find(name: &str) -> Option<&'static Processor> {
    let name = name.strip_suffix("-fast").unwrap_or(name);
    PROCESSORS.iter().find(|processor| processor.name == name)
}

/// Whether a processor is `least` or larger; one that is not documented may be.
#[must_use]
pub fn is_at_least(name: &str, least: &str) -> bool {
    find(name).zip(find(least)).is_none_or(|(given, least)| given.micro_dollars >= least.micro_dollars)
}

/// How long after its creation upstream a run counts as late: queueing, then twice the longest documented time.
#[must_use]
pub fn patience(name: &str) -> Duration {
    QUEUEING + 2 * find(name).map_or(LONGEST_RUN, |processor| processor.longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_core_runs_cost_25_dollars() {
        assert_eq!(find("core").map(|core| core.micro_dollars * 1_000), Some(25_000_000));
        assert_eq!(find("core-fast"), find("core"));
        assert_eq!(find("fastest"), None);
    }

    #[test]
    fn larger_is_what_costs_more_and_nothing_is_known_of_the_unknown() {
        assert!(is_at_least("pro", "pro") && is_at_least("ultra-fast", "pro") && is_at_least("nova", "pro"));
        assert!(!is_at_least("core2x", "pro") && !is_at_least("lite-fast", "core"));
    }

    #[test]
    fn the_times_of_each_line_are_in_their_order() {
        for line in PROCESSORS {
            assert!(line.shortest <= line.median && line.median <= line.longest, "{}", line.name);
            assert!(line.fast.0 < line.fast.1 && line.fast.1 <= line.longest, "{}", line.name);
        }
    }

    #[test]
    fn prices_rise_with_the_table() {
        assert!(PROCESSORS.is_sorted_by_key(|processor| processor.micro_dollars));
    }
}
