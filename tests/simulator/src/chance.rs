//! Chance that can be repeated: dice seeded by a text instead of by the machine.
//!
//! Everything that looks random about a run (how long it takes, what it finds) is thrown with dice seeded by the
//! run's id or its input. Invariant: the same seed always gives the same throws, across restarts too.

use ring::digest::{SHA256, digest};

/// A repeatable series of throws.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice seeded by `parts`, which are kept apart: `["ab", "c"]` and `["a", "bc"]` differ.
    pub(crate) fn of(parts: &[&str]) -> Self {
        let mut text = Vec::new();
        for part in parts {
            text.extend_from_slice(&part.len().to_le_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        let hash = digest(&SHA256, &text);
        let mut word = [0; 8];
        word.copy_from_slice(&hash.as_ref()[..8]);
        Self(u64::from_le_bytes(word))
    }

    /// The next 64 bits (`SplitMix64`).
    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.word() % bound).unwrap_or(0)
    }

    /// A number in `from..=to`.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = u64::try_from(to.saturating_sub(from)).unwrap_or(0).saturating_add(1);
        from.saturating_add_unsigned(self.word() % span)
    }

    /// A number in `0.0..1.0`.
    #[expect(clippy::cast_precision_loss, reason = "the 53 bits that are kept fit a double exactly")]
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// `count` characters of `alphabet`.
    pub(crate) fn letters(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count).map(|_| char::from(*self.pick(alphabet))).collect()
    }

    /// A dashed identifier in the form of a UUID.
    pub(crate) fn reference(&mut self) -> String {
        let hex = self.letters(b"0123456789abcdef", 32);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_repeats_and_seeds_are_kept_apart() {
        let throw = |parts: &[&str]| Dice::of(parts).word();
        assert_eq!(throw(&["ab", "c"]), throw(&["ab", "c"]));
        assert_ne!(throw(&["ab", "c"]), throw(&["a", "bc"]));
    }

    #[test]
    fn throws_stay_within_their_bounds() {
        let mut dice = Dice::of(&["bounds"]);
        for _ in 0..1_000 {
            assert!(dice.below(3) < 3);
            assert!((-2..=2).contains(&dice.between(-2, 2)));
            assert!((0.0..1.0).contains(&dice.fraction()));
        }
        assert_eq!(dice.below(0), 0);
    }
}
