//! Where a group stands, as its JSON and its events tell it, in one line for people.

use std::fmt::Write;
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A group without its rows.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    status: Standing,
    error: Option<Failure>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Standing {
    status: String,
    num_task_runs: u64,
    task_run_status_counts: Map<String, Value>,
    waiting_for: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Failure {
    message: String,
}

impl State {
    /// The exit code of a command that was there to see the end: 0 if the group completed, 1 if it ended otherwise.
    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.status.status == "completed" { ExitCode::SUCCESS } else { ExitCode::from(1) }
    }

    /// One line about it.
    pub(crate) fn line(&self) -> String {
        let Standing { status, num_task_runs, task_run_status_counts, waiting_for } = &self.status;
        let mut line = format!("{status}: {num_task_runs} rows");
        for (word, count) in task_run_status_counts {
            let _ = write!(line, ", {count} {word}");
        }
        if let Some(what) = waiting_for {
            let _ = write!(line, "; {what}");
        }
        if let Some(Failure { message }) = &self.error {
            let _ = write!(line, "; {message}");
        }
        line
    }
}

/// One line about a row that has changed.
pub(crate) fn row(data: &str) -> Option<String> {
    let run: Value = serde_json::from_str(data).ok()?;
    let (index, status) = (run["index"].as_u64()?, run["status"].as_str()?);
    let reason = run["error"]["message"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
    Some(format!("row {index} {status}{reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_counts_what_is_waited_for_and_why_it_failed() {
        let state: State = serde_json::from_str(
            r#"{"status": {"status": "running", "num_task_runs": 3, "task_run_status_counts": {"completed": 2, "failed": 1},
                "waiting_for": "the quota"}, "error": {"code": "x", "message": "no credit"}}"#,
        )
        .unwrap();
        assert_eq!(state.line(), "running: 3 rows, 2 completed, 1 failed; the quota; no credit");
        let ended = r#"{"index": 7, "status": "failed", "error": {"message": "it broke"}}"#;
        assert_eq!(row(ended).as_deref(), Some("row 7 failed: it broke"));
        assert_eq!(
            row(r#"{"index": 0, "status": "completed", "error": null}"#).as_deref(),
            Some("row 0 completed")
        );
    }
}
