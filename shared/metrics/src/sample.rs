//! Sizes of many things, kept as a few that stand for all.
//!
//! A report carries at most a hundred values. Where more come, every second one is let go, and of those that follow as many are passed
//! over: what is kept is spread evenly over the time. Invariant: the largest value is always among them.

/// As many values as a report may carry.
pub(crate) const MOST: usize = 100;

/// Some of the values that came.
#[derive(Debug)]
pub(crate) struct Sample {
    kept: Vec<u64>,
    /// One in so many is kept.
    one_in: u64,
    seen: u64,
    largest: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Self { kept: Vec::new(), one_in: 1, seen: 0, largest: 0 }
    }
}

impl Sample {
    pub(crate) fn take(&mut self, value: u64) {
        self.largest = self.largest.max(value);
        if self.seen.is_multiple_of(self.one_in) {
            if self.kept.len() == MOST {
                let mut at = 0;
                self.kept.retain(|_| {
                    at += 1;
                    at % 2 == 1
                });
                self.one_in *= 2;
            }
            if self.seen.is_multiple_of(self.one_in) {
                self.kept.push(value);
            }
        }
        self.seen += 1;
    }

    /// Those that stand for all, and nothing is left of them.
    pub(crate) fn drain(&mut self) -> Vec<u64> {
        let Self { mut kept, largest, .. } = std::mem::take(self);
        if !kept.contains(&largest)
            && let Some(last) = kept.last_mut()
        {
            *last = largest;
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_are_kept_as_a_hundred_at_most_spread_over_all_of_them_with_the_largest() {
        for count in [0_u64, 1, 100, 101, 5_000, 100_000] {
            let mut sample = Sample::default();
            for value in 0..count {
                sample.take(value);
            }
            let kept = sample.drain();
            assert!(
                kept.len() <= MOST && kept.len() as u64 >= count.min(MOST as u64 / 2),
                "{count}: {kept:?}"
            );
            assert_eq!(kept.iter().max().copied(), count.checked_sub(1));
            let below = kept.iter().filter(|&&value| value < count / 2).count();
            assert!(kept.len().abs_diff(2 * below) <= 2, "{count}: {kept:?}");
            assert!(sample.drain().is_empty());
        }
    }
}
