//! What an operator should set for how much, and what it comes to.
//!
//! The load is a mix of core, pro and ultra, each as often as the others. Invariant: what is recommended here is what is simulated.

use domain::processor::{self, Processor};

use crate::load::Lengths;
use crate::scenario::{Policy, Scenario};

/// A size of deployment, and its parameters of `template.yaml`.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Runs a day.
    pub runs_a_day: u32,
    /// `RunnerConcurrency`.
    pub concurrency: u16,
    /// `UnitsPerRunner`.
    pub units: u16,
    /// `RunnerMemory`.
    pub memory_mb: u16,
    /// `ResultsConcurrency`.
    pub results: u16,
    /// `RequestsPerSecond`.
    pub requests: u16,
}

/// What is recommended.
pub const SIZES: [Size; 3] = [
    Size { runs_a_day: 100, concurrency: 10, units: 500, memory_mb: 256, results: 0, requests: 50 },
    Size { runs_a_day: 10_000, concurrency: 20, units: 500, memory_mb: 512, results: 100, requests: 200 },
    Size {
        runs_a_day: 1_000_000,
        concurrency: 200,
        units: 500,
        memory_mb: 512,
        results: 400,
        requests: 1_000,
    },
];

/// The processors of the mix.
#[must_use]
pub fn mix() -> Vec<&'static Processor> {
    ["core", "pro", "ultra"].into_iter().filter_map(processor::find).collect()
}

impl Size {
    /// What `sam deploy --parameter-overrides` gets.
    #[must_use]
    pub fn overrides(&self) -> String {
        let Self { concurrency, units, memory_mb, results, requests, .. } = self;
        format!(
            "RunnerConcurrency={concurrency} UnitsPerRunner={units} RunnerMemory={memory_mb} \
             ResultsConcurrency={results} RequestsPerSecond={requests}"
        )
    }

    /// The deployment under its load, arriving evenly, or so many times as fast.
    #[must_use]
    pub fn scenario(&self, times: f64) -> Scenario {
        let per_minute = f64::from(self.runs_a_day) / (24.0 * 60.0) * times;
        Scenario {
            units_per_runner: u32::from(self.units),
            concurrency: usize::from(self.concurrency),
            memory_mb: u32::from(self.memory_mb),
            ..Scenario::new(Policy::Adoption, per_minute, Lengths::Processors(mix()))
        }
    }
}
