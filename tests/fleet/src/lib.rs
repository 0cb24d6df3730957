//! A fleet of runners, simulated: what a million runs cost by who drives them, and with which settings.
//!
//! Event by event and by chance from a seed: arrivals, the mapping's batches, announcements, adoption, hand-overs, deaths. What a runner
//! decides is decided by `domain::adoption`, the running code's own functions, called and never copied; what it costs is counted request by
//! request. Invariant: a scenario means one outcome.

mod agenda;
mod announced;
pub mod assumed;
mod ledger;
mod load;
mod mapping;
pub mod operate;
mod outcome;
pub mod prices;
pub mod rest;
mod scenario;
pub mod tables;
mod tally;
mod watch;
mod world;

pub use load::Lengths;
pub use outcome::{Dollars, Outcome};
pub use scenario::{Policy, Scenario};
pub use tally::Tally;
pub use watch::Watch;

/// Lets a scenario happen.
#[must_use]
pub fn simulate(scenario: &Scenario) -> Outcome {
    world::World::new(scenario).run()
}
