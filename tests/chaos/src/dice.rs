//! The dice of a round: everything random in its plan and its weather is drawn from the seed.
//!
//! Invariant: the same seed draws the same, so it makes the same plan. What happens by the plan is real time, and differs.

use ambient::Entropy;

/// Dice that one seed has loaded.
#[derive(Debug, Clone)]
pub struct Dice(Entropy);

impl Dice {
    /// The dice of this seed, for one purpose: other purposes draw from others, and do not disturb each other.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        let purpose = purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(Entropy::seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ purpose))
    }

    /// Whether something of this probability happens.
    #[must_use]
    pub fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && self.0.fraction() < probability
    }

    /// A number from `least` up to `most`.
    #[must_use]
    pub fn between(&self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.0.fraction()
    }

    /// A whole number from `least` to `most`, both included.
    #[must_use]
    pub fn whole(&self, least: u32, most: u32) -> u32 {
        let span = u64::from(most.saturating_sub(least)) + 1;
        let word = u64::from_le_bytes(self.0.bytes());
        least + u32::try_from(word % span).unwrap_or(0)
    }

    /// One of these, of which there is one at least.
    #[must_use]
    pub fn pick<T: Copy>(&self, of: &[T]) -> T {
        of[self.whole(0, u32::try_from(of.len()).unwrap_or(1) - 1) as usize]
    }
}
