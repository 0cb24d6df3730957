//! What the simulation of the fleet shows, by story: nothing is lost, what it costs, bad days.

mod bad_days;
mod conservation;
mod cost;
mod page;

use std::time::Duration;

use fleet::{Lengths, Policy, Scenario};

/// So many hours of a load, by the template's defaults.
fn hours(policy: Policy, per_minute: f64, lengths: Lengths, hours: u64) -> Scenario {
    Scenario { span: Duration::from_hours(hours), ..Scenario::new(policy, per_minute, lengths) }
}
