//! Looks at the fleet every few seconds: how many run, and how full they are.
//!
//! Fill is the share of all units that is driven by the fewest runners that could hold all of them: by the fullest one while one has room.

use std::time::Duration;

/// Between two looks.
pub(crate) const EVERY: Duration = Duration::from_secs(5);

/// Sums over all looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watch {
    units: u64,
    in_the_fewest: u64,
    runners: u64,
    /// The most runners at once.
    pub most_runners: u64,
    /// The most units driven at once.
    pub most_units: u64,
}

impl Watch {
    /// Takes in how many units each runner drives.
    pub(crate) fn look(&mut self, mut driving: Vec<u64>, capacity: u64) {
        driving.sort_unstable_by(|a, b| b.cmp(a));
        let units: u64 = driving.iter().sum();
        let fewest = usize::try_from(units.div_ceil(capacity)).unwrap_or(usize::MAX);
        self.units += units;
        self.in_the_fewest += driving.iter().take(fewest).sum::<u64>();
        self.runners += driving.len() as u64;
        self.most_runners = self.most_runners.max(driving.len() as u64);
        self.most_units = self.most_units.max(units);
    }

    /// The share of units that the fewest runners drove.
    #[must_use]
    pub fn fill(&self) -> f64 {
        ratio(self.in_the_fewest, self.units)
    }

    /// Units that a runner drove, in the mean.
    #[must_use]
    pub fn units_a_runner(&self) -> f64 {
        ratio(self.units, self.runners)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(crate) fn ratio(of: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { of as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_is_the_share_of_the_fewest_that_could_hold_all() {
        let looked = |driving: &[u64]| {
            let mut watch = Watch::default();
            watch.look(driving.to_vec(), 10);
            (watch.fill(), watch.units_a_runner())
        };
        assert_eq!(looked(&[1, 8, 1]), (0.8, 10.0 / 3.0));
        assert_eq!(looked(&[10, 9, 1]), (0.95, 20.0 / 3.0));
        assert_eq!(looked(&[]), (0.0, 0.0));
    }
}
