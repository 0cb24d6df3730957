//! What the world gives without being asked: the time, and randomness.
//!
//! The only crate that reads the machine's clock or its random source; everything else takes a
//! [`Clock`] or an [`Entropy`] as a value. So a test moves time by saying so, and repeats chance by a seed.
//! Invariant: a [`Clock`]'s time never runs backwards by [`Clock::advance`].

mod clock;
mod entropy;

pub use clock::Clock;
pub use entropy::Entropy;
