//! What is simulated: how much comes, who drives it, and with which settings.
//!
//! Defaults are those of the template. Invariant: a scenario and its seed mean one history.

use std::time::Duration;

use crate::load::Lengths;

/// Who drives what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// An invocation for each run and slice, as many at once as it takes: AWS's limits do not count here.
    OneStream,
    /// An invocation drives the batch that it was started with, and nothing else.
    Batches,
    /// Newcomers step aside for runners that have room, by the rules of `domain::adoption`.
    Adoption,
}

/// One simulated deployment and its load.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Chance begins here.
    pub seed: u64,
    /// Who drives.
    pub policy: Policy,
    /// Runs that arrive, in the mean.
    pub per_minute: f64,
    /// How long they take.
    pub lengths: Lengths,
    /// For how long runs arrive; the simulation goes on until all are over.
    pub span: Duration,
    /// `UnitsPerRunner` of the template.
    pub units_per_runner: u32,
    /// `RunnerConcurrency` of the template.
    pub concurrency: usize,
    /// `RunnerMemory` of the template.
    pub memory_mb: u32,
    /// When the runner that drives most is killed, from the beginning.
    pub kills: Vec<Duration>,
    /// When a runner that is not there announces this many free slots.
    pub lies: Vec<(Duration, u32)>,
}

impl Scenario {
    /// The template's defaults under a load, for as long as some ten thousands of runs need to arrive.
    #[must_use]
    pub fn new(policy: Policy, per_minute: f64, lengths: Lengths) -> Self {
        Self {
            seed: 1,
            policy,
            per_minute,
            lengths,
            span: Duration::from_secs_f64((20_000.0 / per_minute).max(240.0) * 60.0),
            units_per_runner: 500,
            concurrency: 100,
            memory_mb: 512,
            kills: Vec::new(),
            lies: Vec::new(),
        }
    }
}
