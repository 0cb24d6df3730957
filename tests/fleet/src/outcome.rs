//! What a simulation came to: dollars a million runs, fill, hops, waits.
//!
//! Invariant: every dollar is a count of the tally times a price that has a name.

use std::time::Duration;

use crate::assumed::{READS_A_HAND_OVER, READS_A_SWEEP, WRITES_A_HAND_OVER};
use crate::ledger::Ledger;
use crate::prices;
use crate::scenario::Scenario;
use crate::tally::Tally;
use crate::watch::{Watch, ratio};

/// The end of a simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Runs that arrived.
    pub arrived: u64,
    /// Runs whose end was seen, once.
    pub ended_once: u64,
    /// What was asked of AWS.
    pub tally: Tally,
    /// How full the fleet was.
    pub watch: Watch,
    /// Memory of a runner.
    pub memory_mb: u32,
    /// From the beginning to the last run's end.
    pub lasted: Duration,
    /// The longest time from a run's end upstream to its being seen.
    pub latest: Duration,
    waits: Vec<Duration>,
}

/// Dollars a million runs, of all that depends on who drives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dollars {
    /// Invocations of the runner and their gigabyte-seconds.
    pub lambda: f64,
    /// Requests to the two queues.
    pub sqs: f64,
    /// Announcements: written, taken from, read.
    pub slots: f64,
    /// What hand-overs and sweeps write and read.
    pub hand_overs: f64,
}

impl Dollars {
    /// Lambda and SQS alone, as the design compares them.
    #[must_use]
    pub fn lambda_and_sqs(&self) -> f64 {
        self.lambda + self.sqs
    }

    /// DynamoDB: announcements and hand-overs.
    #[must_use]
    pub fn dynamo(&self) -> f64 {
        self.slots + self.hand_overs
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.lambda_and_sqs() + self.dynamo()
    }
}

impl Outcome {
    pub(crate) fn new(
        scenario: &Scenario,
        ledger: &Ledger,
        tally: Tally,
        watch: Watch,
        latest: Duration,
        lasted: Duration,
    ) -> Self {
        Self {
            arrived: ledger.arrived() as u64,
            ended_once: ledger.ended_once() as u64,
            tally,
            watch,
            memory_mb: scenario.memory_mb,
            lasted,
            latest,
            waits: ledger.waits(),
        }
    }

    /// What it would have cost for a million runs.
    #[must_use]
    pub fn dollars(&self) -> Dollars {
        let tally = &self.tally;
        let a_million = 1e6 / number(self.arrived);
        let gigabytes = f64::from(self.memory_mb) / 1_024.0;
        let lambda = tally.billed.as_secs_f64() * gigabytes * prices::LAMBDA_GB_SECOND
            + number(tally.invocations) * prices::LAMBDA_REQUEST;
        let dynamo =
            |writes, reads| number(writes) * prices::DYNAMO_WRITE + number(reads) * prices::DYNAMO_READ;
        Dollars {
            lambda: lambda * a_million,
            sqs: number(tally.sqs_requests()) * prices::SQS_REQUEST * a_million,
            slots: dynamo(tally.slot_writes, tally.slot_reads) * a_million,
            hand_overs: dynamo(
                tally.hand_overs * WRITES_A_HAND_OVER,
                tally.hand_overs * READS_A_HAND_OVER + tally.sweeps * READS_A_SWEEP,
            ) * a_million,
        }
    }

    /// From arrival to first driving, for this share of runs at most.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    pub fn wait(&self, share: f64) -> Duration {
        let at = (self.waits.len() as f64 * share) as usize;
        self.waits.get(at.min(self.waits.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    /// Hand-overs of a run, in the mean.
    #[must_use]
    pub fn hops(&self) -> f64 {
        ratio(self.tally.hand_overs, self.arrived)
    }

    /// Invocations of a run, in the mean.
    #[must_use]
    pub fn invocations(&self) -> f64 {
        ratio(self.tally.invocations, self.arrived)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Lengths;
    use crate::scenario::Policy;

    #[test]
    fn a_million_runs_cost_a_million_times_what_one_does() {
        let mut ledger = Ledger::default();
        ledger.arrive(jiff::Timestamp::UNIX_EPOCH, Duration::ZERO);
        let tally = Tally {
            invocations: 1,
            billed: Duration::from_secs(1_000),
            receives: 2,
            sends: 3,
            slot_writes: 4,
            slot_reads: 8,
            hand_overs: 1,
            sweeps: 1,
            ..Tally::default()
        };
        let scenario = Scenario::new(Policy::Adoption, 1.0, Lengths::two_minutes());
        let (watch, none) = (Watch::default(), Duration::ZERO);
        let dollars = Outcome::new(&scenario, &ledger, tally, watch, none, none).dollars();
        let is = |dollars: f64, by_hand: f64| assert!((dollars - by_hand).abs() < 1e-9, "{dollars}");
        is(dollars.lambda, 6_666.7 + 0.2);
        is(dollars.sqs, 5.0 * 0.4);
        is(dollars.slots, 4.0 * 0.625 + 8.0 * 0.125);
        is(dollars.hand_overs, 8.0 * 0.625 + (6.0 + 16.0) * 0.125);
        is(dollars.total(), 6_666.9 + 2.0 + 3.5 + 7.75);
    }
}
