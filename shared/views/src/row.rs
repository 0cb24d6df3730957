//! A row as a view is fed with it, and what an output is made of.

use std::borrow::Cow;

use domain::Unit;
use domain::run::{Run, RunError, RunStatus};
use domain::unit::Status;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A row of a group: its input, and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub(crate) index: u32,
    pub(crate) input: Option<&'a RawValue>,
    pub(crate) run: Option<&'a Run>,
    pub(crate) run_id: Option<&'a str>,
    pub(crate) status: RunStatus,
    /// All absent unless the row completed.
    pub(crate) output: Output<'a>,
}

/// The parts of the upstream's output object, byte for byte.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) struct Output<'a> {
    #[serde(borrow, default)]
    pub(crate) content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) basis: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    pub(crate) kind: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "mcp_tool_calls")]
    pub(crate) tool_calls: Option<&'a RawValue>,
}

impl<'a> Row<'a> {
    /// The row at place `index`, from 0, that stands at `status`, also where there is no run to say so.
    ///
    /// `input` is none in a pass that did not ask for inputs; `run` is none before it is over, and in a pass that did not ask for
    /// runs; `run_id` is the upstream's id of the present attempt, once bought.
    #[must_use]
    pub fn new(
        index: u32,
        input: Option<&'a RawValue>,
        run: Option<&'a Run>,
        run_id: Option<&'a str>,
        status: RunStatus,
    ) -> Self {
        let output = run.filter(|_| status == RunStatus::Completed).and_then(|run| run.output.as_deref());
        let output = output.and_then(|output| serde_json::from_str(output.get()).ok()).unwrap_or_default();
        Self { index, input, run, run_id, status, output }
    }

    /// The upstream's whole output object, byte for byte; none unless the row completed.
    pub(crate) fn whole_output(&self) -> Option<&'a RawValue> {
        self.run.filter(|_| self.status == RunStatus::Completed).and_then(|run| run.output.as_deref())
    }

    /// Why it has no output, once that is certain.
    pub(crate) fn error(&self, unit: &Unit) -> Option<Cow<'a, RunError>> {
        if !matches!(self.status, RunStatus::Failed | RunStatus::Cancelled | RunStatus::TimedOut) {
            return None;
        }
        if let Some(run) = self.run
            && run.status == self.status
            && let Some(error) = &run.error
        {
            return Some(Cow::Borrowed(error));
        }
        Some(Cow::Owned(RunError::new(reason(self.status, unit))))
    }
}

/// Why a row ended that has nothing of its own to say: it shared the end of its unit.
fn reason(status: RunStatus, unit: &Unit) -> String {
    match (status, &unit.progress.failure) {
        (_, Some(failure)) => failure.message.clone(),
        (RunStatus::Cancelled, None) if unit.status == Status::Cancelled => {
            format!("the {} was cancelled", unit.kind.word())
        }
        (RunStatus::Cancelled, None) => "the run was cancelled".to_owned(),
        (RunStatus::TimedOut, None) => "the time was up before it ended".to_owned(),
        _ => "it failed without a reason".to_owned(),
    }
}
