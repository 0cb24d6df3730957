//! What comes: when runs arrive, and how long each takes.
//!
//! Arrivals are a Poisson process. Lengths are lognormal, as times of work usually are: of a stated mean, or around a processor's
//! documented median and between its documented shortest and longest time.

use std::f64::consts::TAU;
use std::time::Duration;

use ambient::Entropy;
use domain::processor::Processor;

/// How long runs take.
#[derive(Debug, Clone, PartialEq)]
pub enum Lengths {
    /// All the same.
    Fixed(Duration),
    /// Lognormal of that mean; `sigma` is the deviation of the logarithm.
    Mean {
        /// The mean.
        mean: Duration,
        /// How far they spread.
        sigma: f64,
    },
    /// Of one of these processors, each as often as the others.
    Processors(Vec<&'static Processor>),
}

/// One run in about a thousand takes a processor's longest documented time: so far are the longest from the median, in deviations.
const LONGEST_DEVIATIONS: f64 = 3.0;

impl Lengths {
    /// Two minutes in the mean, widely spread.
    #[must_use]
    pub const fn two_minutes() -> Self {
        Self::Mean { mean: Duration::from_mins(2), sigma: 0.8 }
    }

    /// Fifteen minutes in the mean.
    #[must_use]
    pub const fn fifteen_minutes() -> Self {
        Self::Mean { mean: Duration::from_mins(15), sigma: 0.5 }
    }

    /// The length of one run.
    pub(crate) fn draw(&self, entropy: &Entropy) -> Duration {
        match self {
            Self::Fixed(length) => *length,
            Self::Mean { mean, sigma } => {
                let middle = mean.as_secs_f64().ln() - sigma * sigma / 2.0;
                Duration::from_secs_f64((middle + sigma * normal(entropy)).exp())
            }
            Self::Processors(processors) => {
                let Some(processor) = pick(processors, entropy) else { return Duration::ZERO };
                let spread = processor.longest.as_secs_f64() / processor.median.as_secs_f64();
                let factor = (normal(entropy) * spread.ln() / LONGEST_DEVIATIONS).exp();
                processor.median.mul_f64(factor).clamp(processor.shortest, processor.longest)
            }
        }
    }
}

/// Until the next of arrivals that come this often in the mean.
pub(crate) fn until_next(per_minute: f64, entropy: &Entropy) -> Duration {
    Duration::from_secs_f64(-(1.0 - entropy.fraction()).ln() * 60.0 / per_minute)
}

/// One of them, each as often as the others.
pub(crate) fn pick<'a, T>(among: &'a [T], entropy: &Entropy) -> Option<&'a T> {
    among.get(below(among.len(), entropy))
}

/// A number below `count`, which is far below 2^32.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a fraction of a small count"
)]
pub(crate) fn below(count: usize, entropy: &Entropy) -> usize {
    (entropy.fraction() * count as f64) as usize
}

/// A normal deviate, by Box and Muller.
fn normal(entropy: &Entropy) -> f64 {
    (-2.0 * (1.0 - entropy.fraction()).ln()).sqrt() * (TAU * entropy.fraction()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(lengths: &Lengths) -> Vec<f64> {
        let entropy = Entropy::seeded(7);
        (0..20_000).map(|_| lengths.draw(&entropy).as_secs_f64()).collect()
    }

    #[test]
    fn lengths_have_the_mean_that_was_asked_for() {
        let mean = drawn(&Lengths::fifteen_minutes()).iter().sum::<f64>() / 20_000.0;
        assert!((880.0..920.0).contains(&mean), "{mean}");
    }

    #[test]
    fn half_of_a_processors_runs_end_within_its_median_and_none_is_longer_than_documented() {
        let pro = domain::processor::find("pro").expect("documented");
        let lengths = drawn(&Lengths::Processors(vec![pro]));
        let early = lengths.iter().filter(|&&length| length <= pro.median.as_secs_f64()).count();
        assert!((9_500..10_500).contains(&early), "{early}");
        assert!(lengths.iter().all(|&length| (120.0..=600.0).contains(&length)));
    }

    #[test]
    fn arrivals_come_as_often_as_was_asked_for() {
        let entropy = Entropy::seeded(7);
        let seconds: f64 = (0..20_000).map(|_| until_next(10.0, &entropy).as_secs_f64()).sum();
        assert!((5.8..6.2).contains(&(seconds / 20_000.0)));
    }
}
