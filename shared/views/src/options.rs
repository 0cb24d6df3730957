//! What a reader may choose about a view, and the time at which it is read.

use jiff::Timestamp;

/// What stands in `results` of the JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    /// The contents of the outputs, `null` where there is none.
    #[default]
    Contents,
    /// Flat rows: `$id`, `$status`, the input's fields, the output's fields.
    Rows,
}

/// What a reader may choose about a view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// What stands in `results` of the JSON.
    pub shape: Shape,
    /// The output fields to show, in this order; none shows all. Affects tables and flat rows, never `runs`.
    pub fields: Option<Vec<String>>,
    /// Whether flat rows carry the basis of their fields: reasoning, confidence, citations. `runs` always do.
    pub basis: bool,
    /// The present, for the time that a unit under way has taken; none reckons with its last change.
    pub now: Option<Timestamp>,
}
