//! A table of what was wanted and what was measured.

use std::fmt;

/// A figure that was measured several times, and what it shall be.
#[derive(Debug, Clone)]
pub struct Line {
    /// What was measured, with its unit.
    pub name: &'static str,
    /// What it shall be.
    pub wanted: Wanted,
    /// Each measurement.
    pub values: Vec<f64>,
}

/// What a figure shall be.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
}

impl Line {
    /// The median of the measurements.
    #[must_use]
    pub fn median(&self) -> f64 {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Whether the median is as wanted.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self.wanted {
            Wanted::AtMost(most) => self.median() <= most,
            Wanted::AtLeast(least) => self.median() >= least,
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "<= {most}"),
            Self::AtLeast(least) => write!(f, ">= {least}"),
        }
    }
}

/// A line of the table, in the form of Markdown.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) =
            self.values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
                (least.min(*value), most.max(*value))
            });
        let places = usize::from(self.median() < 10.0);
        write!(
            f,
            "| {} | {} | {:.places$} | {least:.places$} to {most:.places$} | {} |",
            self.name,
            self.wanted,
            self.median(),
            if self.holds() { "yes" } else { "no" }
        )
    }
}
