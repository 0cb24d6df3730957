//! What is counted while the functions work, and how CloudWatch is told of it.
//!
//! [`Metric`] names everything that is counted; a [`Metrics`] counts, at the price of an atomic; [`report`] writes what was counted as
//! lines of the log. Who counts does not know whether anybody reports: the local program does not.
//! Invariant: a metric is a number; no key, id, owner or address can become one.

pub mod emf;
mod metric;
pub mod report;
mod sample;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use metric::{Metric, Shape, Unit};
pub use report::Reporter;
use sample::Sample;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Multitask";

/// Counts; clones count together.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Counts>);

struct Counts {
    /// By [`Metric`]; of a gauge one more than its value, so that zero is one that nobody set.
    numbers: [AtomicU64; Metric::ALL.len()],
    samples: Mutex<Vec<Sample>>,
}

impl Default for Counts {
    fn default() -> Self {
        let samples = Metric::ALL.iter().map(|_| Sample::default()).collect();
        Self { numbers: [const { AtomicU64::new(0) }; Metric::ALL.len()], samples: Mutex::new(samples) }
    }
}

impl Metrics {
    /// Counts one.
    pub fn count(&self, metric: Metric) {
        self.add(metric, 1);
    }

    /// Counts so many.
    pub fn add(&self, metric: Metric, more: u64) {
        debug_assert_eq!(metric.shape(), Shape::Counter, "{metric:?}");
        self.number(metric).fetch_add(more, Ordering::Relaxed);
    }

    /// Notes how something stands, in the place of what was noted before.
    pub fn set(&self, metric: Metric, value: u64) {
        debug_assert_eq!(metric.shape(), Shape::Gauge, "{metric:?}");
        self.number(metric).store(value.saturating_add(1), Ordering::Relaxed);
    }

    /// Notes how something stands, unless more was noted since the last report.
    pub fn raise(&self, metric: Metric, value: u64) {
        debug_assert_eq!(metric.shape(), Shape::Gauge, "{metric:?}");
        self.number(metric).fetch_max(value.saturating_add(1), Ordering::Relaxed);
    }

    /// Notes the size of one of many.
    pub fn observe(&self, metric: Metric, value: u64) {
        debug_assert_eq!(metric.shape(), Shape::Sample, "{metric:?}");
        self.samples()[metric as usize].take(value);
    }

    /// What was counted since the last report, or how something stood last: zero if nobody said.
    #[must_use]
    pub fn now(&self, metric: Metric) -> u64 {
        let number = self.number(metric).load(Ordering::Relaxed);
        if metric.shape() == Shape::Gauge { number.saturating_sub(1) } else { number }
    }

    /// Everything that was counted since this was called last; what nobody counted is not among it.
    #[must_use]
    pub fn take(&self) -> Vec<(Metric, Vec<u64>)> {
        let mut samples = self.samples();
        let taken = Metric::ALL.iter().map(|&metric| {
            let values = match metric.shape() {
                Shape::Sample => samples[metric as usize].drain(),
                Shape::Counter => nonzero(self.number(metric)).into_iter().collect(),
                Shape::Gauge => nonzero(self.number(metric)).map(|set| set - 1).into_iter().collect(),
            };
            (metric, values)
        });
        taken.filter(|(_, values)| !values.is_empty()).collect()
    }

    /// Whether anything was counted that is worth a line by itself: requests that only read can wait for the next one.
    fn is_worth_a_line(&self) -> bool {
        let mut numbers = Metric::ALL.iter().filter(|metric| !metric.can_wait());
        numbers.any(|&metric| self.number(metric).load(Ordering::Relaxed) > 0)
    }

    fn number(&self, metric: Metric) -> &AtomicU64 {
        &self.0.numbers[metric as usize]
    }

    fn samples(&self) -> MutexGuard<'_, Vec<Sample>> {
        self.0.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn nonzero(number: &AtomicU64) -> Option<u64> {
    Some(number.swap(0, Ordering::Relaxed)).filter(|&number| number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_not_taken_again_and_what_nobody_counted_is_not_there() {
        let metrics = Metrics::default();
        metrics.clone().add(Metric::UnitsClaimed, 3);
        metrics.set(Metric::StreamsWaiting, 0);
        metrics.raise(Metric::Hops, 4);
        metrics.raise(Metric::Hops, 2);
        metrics.observe(Metric::FlushRuns, 7);
        let mut expected = [
            (Metric::UnitsClaimed, vec![3]),
            (Metric::StreamsWaiting, vec![0]),
            (Metric::Hops, vec![4]),
            (Metric::FlushRuns, vec![7]),
        ];
        expected.sort_by_key(|(metric, _)| *metric as usize);
        assert_eq!(metrics.take(), expected);
        assert_eq!(metrics.take(), []);
    }
}
