//! Single runs: their state and their result.

use std::time::Duration;

use http::Method;

use crate::budget::SMALL;
use crate::connections::Use;
use crate::{Client, Key, Kind, Result, RunResult, RunStatus, TaskRun};

/// What asking for a result says.
#[derive(Debug, Clone)]
pub enum RunState {
    /// It completed; here it is.
    Completed(Box<RunResult>),
    /// It is still active, or completed a moment ago: its result is yet to come.
    Active,
    /// It is over without a result, as the run's own state tells.
    Ended(Box<TaskRun>),
}

impl Client {
    /// A run as it stands, without its output.
    pub async fn run(&self, key: &Key, id: &str) -> Result<TaskRun> {
        self.get(key, &["v1", "tasks", "runs", id]).await
    }

    /// The result of a run, waited for up to `wait`.
    ///
    /// A 404 does not tell a failed run from an unknown one: only the run's own state does, which is then asked for. A run that says of
    /// itself that it completed is never ended by a result that could not be had.
    pub async fn result(&self, key: &Key, id: &str, wait: Duration) -> Result<RunState> {
        let held = self.budget.small(SMALL).await;
        let seconds = wait.as_secs().max(1).to_string();
        let ask = self
            .ask(Method::GET, key, &["v1", "tasks", "runs", id, "result"])?
            .query(&[("timeout", &seconds)]);
        match self.answer_held::<RunResult>(&ask, wait + self.settings.request, held).await {
            Ok((result, held)) => Ok(RunState::Completed(Box::new(RunResult { held, ..result }))),
            Err(error) if error.kind == Kind::StillActive => Ok(RunState::Active),
            Err(error) if error.kind == Kind::NotFound => {
                let run = self.run(key, id).await?;
                let ended = run.status.is_terminal() && run.status != RunStatus::Completed;
                Ok(if ended { RunState::Ended(Box::new(run)) } else { RunState::Active })
            }
            Err(error) => Err(error),
        }
    }

    /// The live events of a run: replayed on every connect, and not resumable. Where connections are short, this stream gives its
    /// own up to those of groups.
    pub async fn run_events(&self, key: &Key, id: &str) -> Result<crate::EventStream> {
        let ask = self.ask(Method::GET, key, &["v1", "tasks", "runs", id, "events"])?;
        self.stream(ask, Use::Extra).await
    }
}
