//! When what was counted is told: at the end of each piece of work, and once a minute while it lasts.
//!
//! Where nobody is to be told, work is only waited for. Invariant: what was counted before the work ended is told before its end is
//! known to anybody, because a function is frozen then.

use std::io::Write;
use std::time::Duration;

use ambient::Clock;

use crate::Metrics;
use crate::emf::{self, Labels};

/// How often a report is made while work goes on.
pub const EVERY: Duration = Duration::from_mins(1);

/// Tells of what was counted.
#[derive(Debug, Clone)]
pub struct Reporter {
    metrics: Metrics,
    labels: Option<Labels>,
    clock: Clock,
}

impl Reporter {
    /// Reports of these metrics under these labels; of nothing without them.
    #[must_use]
    pub const fn new(metrics: Metrics, labels: Option<Labels>, clock: Clock) -> Self {
        Self { metrics, labels, clock }
    }

    /// Waits for the work and reports meanwhile, to the standard output. `look` is called before each report that is made while the work
    /// goes on: it notes how things stand.
    pub async fn during<T>(&self, look: impl Fn() + Send, work: impl Future<Output = T> + Send) -> T {
        self.telling(look, work, print).await
    }

    async fn telling<T>(&self, look: impl Fn(), work: impl Future<Output = T>, tell: impl Fn(&str)) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => {
                    self.lines().iter().for_each(|line| tell(line));
                    return done;
                }
                () = self.clock.sleep(EVERY), if self.labels.is_some() => {
                    look();
                    self.lines().iter().for_each(|line| tell(line));
                }
            }
        }
    }

    fn lines(&self) -> Vec<String> {
        let Some(labels) = &self.labels else { return Vec::new() };
        if !self.metrics.is_worth_a_line() {
            return Vec::new();
        }
        emf::lines(labels, self.clock.now(), &self.metrics.take())
    }
}

/// In one piece, so that no line of the log comes in between. A log that cannot be written is no reason to fail.
fn print(line: &str) {
    let _ = std::io::stdout().lock().write_all(format!("{line}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::Metric;

    #[tokio::test]
    async fn work_that_lasts_is_told_of_once_a_minute_and_when_it_ends() {
        let (clock, metrics, told) = (Clock::system(), Metrics::default(), Mutex::new(Vec::new()));
        let labels = Labels { stack: "s".to_owned(), function: "runner" };
        let reporter = Reporter::new(metrics.clone(), Some(labels), clock.clone());
        let (again, mut looked) = tokio::sync::mpsc::unbounded_channel();
        let look = || {
            metrics.set(Metric::UnitsDriven, 2);
            again.send(()).expect("somebody listens");
        };
        let work = async {
            metrics.count(Metric::UnitsClaimed);
            for _ in 0..2 {
                // The sleeper begins after this was polled first.
                tokio::task::yield_now().await;
                clock.advance(EVERY);
                looked.recv().await.expect("a minute is over");
            }
            metrics.count(Metric::UnitsEnded);
            "done"
        };
        let tell = |line: &str| told.lock().expect("nobody panics").push(line.to_owned());
        assert_eq!(reporter.telling(look, work, tell).await, "done");
        let told = told.into_inner().expect("nobody panics");
        let has = |at: usize, name: &str| told[at].contains(&format!("\"{name}\":"));
        assert_eq!(told.len(), 3, "{told:#?}");
        assert!(has(0, "UnitsClaimed") && has(0, "UnitsDriven") && !has(0, "UnitsEnded"));
        assert!(!has(1, "UnitsClaimed") && has(1, "UnitsDriven"));
        assert!(has(2, "UnitsEnded") && !has(2, "UnitsDriven"));
    }

    #[tokio::test]
    async fn nothing_is_told_of_work_in_which_nothing_was_counted_or_that_nobody_is_to_hear_of() {
        let (clock, metrics) = (Clock::system(), Metrics::default());
        let labels = Labels { stack: "s".to_owned(), function: "api" };
        let tell = |line: &str| panic!("told {line}");
        let reporter = Reporter::new(metrics.clone(), Some(labels), clock.clone());
        reporter.telling(|| {}, async {}, tell).await;
        metrics.count(Metric::TableRequests);
        reporter.telling(|| {}, async {}, tell).await;
        assert_eq!(metrics.now(Metric::TableRequests), 1, "it waits for the next line");
        metrics.count(Metric::UnitsAccepted);
        Reporter::new(metrics.clone(), None, clock).telling(|| {}, async {}, tell).await;
        assert_eq!(metrics.now(Metric::UnitsAccepted), 1);
    }
}
