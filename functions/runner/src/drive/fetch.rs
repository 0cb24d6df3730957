//! Fetching the results of finished runs, several at a time.
//!
//! A failed fetch never makes a completed run failed: it is tried again, later and later, until the unit's own time is up.

use std::sync::Arc;
use std::time::Duration;

use domain::progress::Failure;
use domain::run::{Run, RunError, RunStatus};
use jiff::Timestamp;
use parallel::{Kind, RunState, TaskRun};
use serde_json::value::RawValue;
use tracing::warn;

use super::errand::Errand;
use super::{Drive, Step, Stop, buy};

/// Bytes of results that may wait to be stored before no more are fetched.
const READY_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of results that are stored at once, whenever the last flush was.
const FLUSH_BYTES: usize = 4 * 1024 * 1024;
/// The longest wait before a result is asked for again.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A result that is wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) index: u32,
    pub(super) attempt: u32,
    pub(super) run_id: String,
    failures: u32,
}

impl Drive<'_> {
    /// Starts as many fetches as may run at a time.
    pub(super) fn fetch(&mut self) {
        while self.fetching < self.runner.settings.fetches
            && self.ready_bytes < READY_BYTES
            && let Some(wanted) = self.to_fetch.pop_front()
        {
            let Some(key) = self.key.clone() else { return };
            let upstream = self.runner.upstream.clone();
            let clock = self.runner.clock.clone();
            self.fetching += 1;
            self.send_out(async move {
                if let Some(doublings) = wanted.failures.checked_sub(1) {
                    let wait = Duration::from_millis(500) * 2_u32.saturating_pow(doublings.min(8));
                    clock.sleep(wait.min(LONGEST_WAIT)).await;
                }
                let answer = upstream.result(&key, &wanted.run_id, Duration::from_secs(5)).await;
                Errand::Fetched(wanted, answer)
            });
        }
    }

    /// A run was seen upstream, by an event or in a listing: if its end is news, its result is fetched or its failure taken in.
    ///
    /// `told` is the run byte for byte, where it came so.
    pub(super) fn run_seen(&mut self, cursor: Option<String>, run: TaskRun, told: Option<&RawValue>) {
        let Some((index, attempt)) = buy::mark(&run) else {
            self.cursors.came(cursor, None);
            return;
        };
        let Some(status) = Self::end_of(&run.status) else {
            self.cursors.came(cursor, None);
            return;
        };
        if !self.rows.begin_ending(index, attempt) {
            self.cursors.came(cursor, None);
            return;
        }
        self.cursors.came(cursor, Some(index));
        if !self.awaits_trace(attempt, status, &run, told) {
            self.end_seen(index, attempt, status, run);
        }
    }

    /// The end of this attempt is news: its result is fetched, or its failure taken in.
    pub(super) fn end_seen(&mut self, index: u32, attempt: u32, status: RunStatus, run: TaskRun) {
        if status == RunStatus::Completed {
            self.to_fetch.push_back(Wanted { index, attempt, run_id: run.run_id, failures: 0 });
        } else {
            self.ended_without_output(index, attempt, status, run);
        }
    }

    /// A fetch came back.
    pub(super) fn fetched(&mut self, wanted: Wanted, answer: parallel::Result<RunState>) -> Step<()> {
        self.fetching -= 1;
        let Wanted { index, attempt, failures, .. } = wanted;
        if !self.rows.is_ending(index, attempt) {
            // Told by a predecessor in the meantime, or by the run's own trace.
            return Ok(());
        }
        match answer {
            Ok(RunState::Completed(result)) => {
                let run = result.run;
                let Some(output) = result.output else {
                    let error = RunError::new("the upstream completed this run without an output");
                    let ended = self.ended(index, attempt, RunStatus::Failed);
                    self.take_in_end(Run { error: Some(error), run_id: Some(run.run_id), ..ended });
                    return Ok(());
                };
                self.held.push(result.held);
                self.completed(index, attempt, run, output);
            }
            Ok(RunState::Ended(run)) => {
                let status = Self::end_of(&run.status).unwrap_or(RunStatus::Failed);
                let status = if status == RunStatus::Completed { RunStatus::Failed } else { status };
                self.ended_without_output(index, attempt, status, *run);
            }
            Ok(RunState::Active) => self.again(wanted, failures),
            // The result waits upstream for a key that is accepted; a refused one gets no other.
            Err(error) if error.kind == Kind::KeyRefused && failures >= 1 => {
                return Err(Stop::Fails(Failure::new("key_refused", error.message)));
            }
            Err(error) => {
                // A result too large will not get better by asking again, nor an unreadable one by asking again and again.
                if error.kind == Kind::TooLarge || error.kind == Kind::Malformed && failures >= 3 {
                    let ended = self.ended(index, attempt, RunStatus::Failed);
                    self.take_in_end(Run { error: Some(buy::run_error(&error)), ..ended });
                    return Ok(());
                }
                warn!(run.index = index, error = %error, "A result could not be fetched; trying again.");
                self.again(wanted, failures);
            }
        }
        Ok(())
    }

    /// A run completed, and here is its output.
    pub(super) fn completed(&mut self, index: u32, attempt: u32, run: TaskRun, output: Arc<RawValue>) {
        let ended = self.ended(index, attempt, RunStatus::Completed);
        self.ready_bytes += output.get().len();
        if self.ready_bytes > FLUSH_BYTES {
            self.last_flush = Timestamp::MIN;
        }
        self.take_in_end(Run {
            output: Some(output),
            warnings: run.warnings.into_iter().map(|warning| warning.message).collect(),
            created_at: run.created_at,
            finished_at: run.modified_at.or(ended.finished_at),
            run_id: Some(run.run_id),
            ..ended
        });
    }

    fn again(&mut self, wanted: Wanted, failures: u32) {
        self.to_fetch.push_back(Wanted { failures: failures + 1, ..wanted });
    }

    fn ended_without_output(&mut self, index: u32, attempt: u32, status: RunStatus, run: TaskRun) {
        let ended = self.ended(index, attempt, status);
        let said = run.error.filter(|error| !error.message.is_empty());
        let word = match run.status {
            parallel::RunStatus::ActionRequired => "the upstream stopped this run: it asks for an action",
            parallel::RunStatus::Cancelled => "the run was cancelled upstream",
            _ => "the run failed upstream, which gave no reason",
        };
        let error = said.map_or_else(
            || RunError::new(word),
            |error| RunError { message: error.message, ref_id: error.ref_id, detail: error.detail },
        );
        self.take_in_end(Run {
            error: Some(error),
            warnings: run.warnings.into_iter().map(|warning| warning.message).collect(),
            created_at: run.created_at,
            finished_at: run.modified_at.or(ended.finished_at),
            run_id: Some(run.run_id),
            ..ended
        });
    }

    /// A run that ended now with this status, and nothing else known of it.
    pub(super) fn ended(&self, index: u32, attempt: u32, status: RunStatus) -> Run {
        let run_id = self.rows.get(index).and_then(|row| row.run_id.as_deref()).map(str::to_owned);
        Run {
            index,
            status,
            attempt,
            run_id,
            output: None,
            error: None,
            warnings: Vec::new(),
            created_at: None,
            finished_at: Some(self.now()),
            cached: false,
            past: self.past.get(&index).cloned().unwrap_or_default(),
        }
    }

    /// Takes the end of a run in: it is stored with the next flush. A failed run that may be bought again is, by itself.
    pub(super) fn take_in_end(&mut self, run: Run) {
        self.rows.end(run.index, run.status);
        self.trace.heard.release();
        let again = run.status == RunStatus::Failed
            && run.run_id.is_some()
            && run.attempt <= self.unit.spec.group.retry_failed;
        self.dirty = true;
        if again {
            self.retry(run);
        } else {
            self.ready.push(run);
        }
    }
}
