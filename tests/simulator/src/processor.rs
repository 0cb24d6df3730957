//! The upstream's processors as its documentation of October 2026 lists them.
//!
//! Owns names, median times and the guidance on fields. Written down independently of the product's own table,
//! so that an error in one shows against the other.

use std::time::Duration;

/// One line of the upstream's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Processor {
    /// Its name without `-fast`.
    pub(crate) name: &'static str,
    /// Half of all runs end within this time, while running.
    median_seconds: u64,
    /// About how many output fields it is meant for.
    pub(crate) fields: usize,
    /// How many progress events a run of it shows.
    pub(crate) events: u32,
}

const fn line(name: &'static str, median_seconds: u64, fields: usize, events: u32) -> Processor {
    Processor { name, median_seconds, fields, events }
}

/// Every documented processor, cheapest first.
const PROCESSORS: [Processor; 9] = [
    line("lite", 45, 2, 6),
    line("base", 50, 5, 10),
    line("core", 90, 10, 14),
    line("core2x", 210, 10, 18),
    line("pro", 210, 20, 24),
    line("ultra", 240, 20, 32),
    line("ultra2x", 360, 25, 40),
    line("ultra4x", 480, 25, 48),
    line("ultra8x", 390, 25, 56),
];

/// A processor as a run asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The line of the table.
    pub(crate) processor: &'static Processor,
    /// Whether the `-fast` form was named.
    pub(crate) fast: bool,
}

impl Choice {
    /// What `name` stands for; `None` for an unknown name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (plain, fast) = name.strip_suffix("-fast").map_or((name, false), |plain| (plain, true));
        let processor = PROCESSORS.iter().find(|processor| processor.name == plain)?;
        Some(Self { processor, fast })
    }

    /// How long half of its runs take at most; the `-fast` forms a third of the plain ones.
    pub(crate) fn median(self) -> Duration {
        Duration::from_secs(self.processor.median_seconds) / if self.fast { 3 } else { 1 }
    }

    /// Whether it does deep research: structured automatic output, progress events without being asked.
    pub(crate) fn researches(self) -> bool {
        matches!(self.processor.name, "pro" | "ultra" | "ultra2x" | "ultra4x" | "ultra8x")
    }

    /// Whether its progress shows searches: every processor above `lite`.
    pub(crate) fn shows_searches(self) -> bool {
        self.processor.name != "lite"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_in_its_fast_form_too_and_others_are_not() {
        for processor in &PROCESSORS {
            assert_eq!(Choice::parse(processor.name).map(|choice| choice.fast), Some(false));
            let fast = format!("{}-fast", processor.name);
            assert_eq!(Choice::parse(&fast).map(|choice| choice.fast), Some(true));
        }
        assert_eq!(Choice::parse("core-slow"), None);
        assert_eq!(Choice::parse("-fast"), None);
    }

    #[test]
    fn fast_forms_are_faster() {
        let median = |name| Choice::parse(name).map(Choice::median);
        assert!(median("lite-fast") < median("lite"));
    }
}
