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
}

const fn line(
    name: &'static str,
    dollars_per_thousand: u64,
    median: u64,
    longest: u64,
    fields: usize,
) -> Processor {
    Processor {
        name,
        micro_dollars: dollars_per_thousand * 1_000,
        median: Duration::from_secs(median),
        longest: Duration::from_secs(longest),
        fields,
    }
}

/// Every documented processor, cheapest first.
pub const PROCESSORS: [Processor; 9] = [
    line("lite", 5, 45, 120, 2),
    line("base", 10, 50, 180, 5),
    line("core", 25, 90, 300, 10),
    line("core2x", 50, 210, 600, 10),
    line("pro", 100, 210, 600, 20),
    line("ultra", 300, 240, 1_500, 20),
    line("ultra2x", 600, 360, 3_000, 25),
    line("ultra4x", 1_200, 480, 5_400, 25),
    line("ultra8x", 2_400, 390, 7_200, 25),
];

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
    fn prices_rise_with_the_table() {
        assert!(PROCESSORS.is_sorted_by_key(|processor| processor.micro_dollars));
    }
}
