//! A clock that runs by itself and can be moved forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

/// A handle to a clock; clones show the same time.
///
/// It runs with the machine's clock plus an offset, which is zero until somebody calls [`Clock::advance`].
#[derive(Clone, Debug)]
pub struct Clock {
    offset_micros: Arc<AtomicI64>,
    moved: watch::Sender<()>,
}

impl Clock {
    /// A clock that shows the machine's time.
    #[must_use]
    pub fn system() -> Self {
        Self { offset_micros: Arc::default(), moved: watch::Sender::new(()) }
    }

    /// The time now.
    ///
    /// # Panics
    /// When the clock was advanced past the year 9999.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where the machine's time is read")]
    pub fn now(&self) -> Timestamp {
        let offset = jiff::SignedDuration::from_micros(self.offset_micros.load(Ordering::Acquire));
        Timestamp::now().checked_add(offset).expect("a clock is never moved past the year 9999")
    }

    /// Moves the clock forward and wakes whoever sleeps by it, so that what has become due happens now.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.offset_micros.fetch_add(micros, Ordering::AcqRel);
        self.moved.send_replace(());
    }

    /// Returns once the clock shows `at` or later; at once when it already does.
    pub async fn sleep_until(&self, at: Timestamp) {
        let mut moved = self.moved.subscribe();
        loop {
            let left = at.duration_since(self.now());
            let Ok(left) = Duration::try_from(left) else { return };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = moved.changed() => {}
            }
        }
    }

    /// Returns once the clock has gone on by `span`.
    pub async fn sleep(&self, span: Duration) {
        let span = jiff::SignedDuration::try_from(span).unwrap_or(jiff::SignedDuration::MAX);
        let at = self.now().saturating_add(span).unwrap_or(Timestamp::MAX);
        self.sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_moved_past_its_time() {
        let clock = Clock::system();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_hours(24)).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_hours(25));
        sleeper.await.expect("the sleeper does not panic");
    }

    #[tokio::test]
    async fn a_time_that_has_passed_is_not_waited_for() {
        let clock = Clock::system();
        clock.sleep_until(Timestamp::UNIX_EPOCH).await;
    }
}
