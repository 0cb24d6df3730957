//! One run as JSON: an element of `runs`, a line of NDJSON, the answer to `/{id}/runs/{n}`, the data of a live update.

use std::borrow::Cow;

use domain::Unit;
use domain::run::{PastAttempt, RunError};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::basis::Confidences;
use crate::row::Row;

/// One run with everything known of it. Serialises to the contract's shape; content and basis go through byte for byte.
#[derive(Debug, Serialize)]
pub struct RunDetail<'a> {
    index: u32,
    run_id: Option<&'a str>,
    status: &'static str,
    attempt: u32,
    /// Left out of live updates, whose readers know what they asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'a RawValue>,
    /// The output's content.
    output: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_type: Option<&'a RawValue>,
    basis: Option<&'a RawValue>,
    confidence: Option<Confidences>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<&'a RawValue>,
    error: Option<Cow<'a, RunError>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
    cached: bool,
    created_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    /// The attempts before this one, oldest first.
    attempts: &'a [PastAttempt],
}

impl<'a> RunDetail<'a> {
    /// What is known of this row of the unit.
    #[must_use]
    pub fn new(row: &Row<'a>, unit: &Unit) -> Self {
        let output = row.output;
        let confidence = Confidences::read(output.basis);
        Self {
            index: row.index,
            run_id: row.run_id,
            status: row.status.word(),
            attempt: row.run.map_or(1, |run| run.attempt),
            input: row.input,
            output: output.content,
            output_type: output.kind,
            basis: output.basis,
            confidence: confidence.overall.is_some().then_some(confidence),
            tool_calls: output.tool_calls,
            error: row.error(unit),
            warnings: row.run.map_or(&[], |run| &run.warnings),
            cached: row.run.is_some_and(|run| run.cached),
            created_at: row.run.and_then(|run| run.created_at),
            finished_at: row.run.and_then(|run| run.finished_at),
            attempts: row.run.map_or(&[], |run| &run.past),
        }
    }
}
