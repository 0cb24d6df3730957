//! The memory that answers and events take together, however many come at once.
//!
//! Whoever reads something reserves all that it may need before it needs it, so nobody waits for another who waits. What turns out to
//! be small is reserved in one share, what turns out to be large moves on to the other. Invariant: what is
//! reserved is given back when the [`Held`] of it is dropped.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is counted in, in bytes.
const UNIT: usize = 1_024;
/// Bytes up to which something is small.
pub(crate) const SMALL: usize = 64 * 1_024;
/// Bytes of all that is small.
const ALL_SMALL: usize = 32 * 1_024 * 1_024;
/// Large ones of the largest size at a time.
const LARGE: usize = 4;

/// What may be reserved.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    largest: usize,
}

/// Memory of an answer that is reserved, until this is dropped.
#[derive(Default)]
pub struct Held(Option<OwnedSemaphorePermit>);

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({} bytes)", self.0.as_ref().map_or(0, |held| held.num_permits() * UNIT))
    }
}

impl Clone for Held {
    /// A copy reserves nothing by itself.
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl Held {
    /// Keeps no more than so many bytes.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        if let Some(held) = self.0.as_mut() {
            let spare = held.num_permits().saturating_sub(bytes.div_ceil(UNIT));
            drop(held.split(spare));
        }
    }
}

impl Budget {
    /// A budget for things of at most so many bytes each.
    pub(crate) fn new(largest: usize) -> Self {
        let most = units(largest).saturating_mul(LARGE).min(Semaphore::MAX_PERMITS);
        Self {
            small: Arc::new(Semaphore::new(ALL_SMALL / UNIT)),
            large: Arc::new(Semaphore::new(most)),
            largest,
        }
    }

    /// Waits for what something small may need.
    pub(crate) async fn small(&self, bytes: usize) -> Held {
        Self::reserve(&self.small, bytes.min(SMALL)).await
    }

    /// Waits for what something large may need, the largest size where its own is not known.
    pub(crate) async fn large(&self, bytes: Option<usize>) -> Held {
        Self::reserve(&self.large, bytes.unwrap_or(self.largest).min(self.largest)).await
    }

    async fn reserve(of: &Arc<Semaphore>, bytes: usize) -> Held {
        let wanted = u32::try_from(units(bytes)).unwrap_or(u32::MAX);
        // Nobody closes it; if somebody did, nothing would be worth waiting for.
        Held(Arc::clone(of).acquire_many_owned(wanted).await.ok())
    }
}

fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT).max(1)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn large_things_wait_for_each_other_and_small_ones_for_none_of_them() {
        let budget = Budget::new(1_000_000);
        let mut held = Vec::new();
        for _ in 0..LARGE {
            held.push(budget.large(None).await);
        }
        assert!(budget.large(None).now_or_never().is_none());
        assert!(budget.small(SMALL).now_or_never().is_some());
        held[0].shrink(1_000);
        assert!(budget.large(Some(500_000)).now_or_never().is_some(), "what is not needed is given back");
        held.pop();
        assert!(budget.large(None).now_or_never().is_some());
    }

    #[tokio::test]
    async fn more_than_the_largest_is_never_reserved_so_nobody_waits_for_ever() {
        let budget = Budget::new(1_000);
        assert!(budget.large(Some(usize::MAX)).now_or_never().is_some());
        let mut small = budget.small(usize::MAX).now_or_never().expect("all is free");
        small.shrink(usize::MAX);
        assert_eq!(format!("{small:?}"), format!("Held({SMALL} bytes)"));
    }
}
