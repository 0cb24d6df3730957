//! What was asked for from outside while the unit was driven: appended rows, failed rows once more.

use domain::run::{PastAttempt, Run, RunStatus};
use futures::TryStreamExt;
use tracing::info;

use super::{Drive, Step};

impl Drive<'_> {
    pub(super) fn asks_are_taken_in(&self) -> bool {
        let (asks, progress) = (&self.unit.asks, &self.unit.progress);
        asks.retries <= progress.retries_seen && asks.appends.len() <= progress.appends_seen as usize
    }

    /// Takes in what was asked for and not seen yet.
    pub(super) async fn take_in_asks(&mut self) -> Step<()> {
        if self.asks_are_taken_in() {
            return Ok(());
        }
        // Whoever comes this far was not killed by the unit, however many messages of it are under way.
        self.fruitful = true;
        if self.unit.asks.appends.len() > self.unit.progress.appends_seen as usize {
            let total = self.unit.rows();
            info!(unit.rows = total, "Rows were appended.");
            self.rows.grow(total);
            self.unit.progress.appends_seen = u32::try_from(self.unit.asks.appends.len()).unwrap_or(u32::MAX);
        }
        if self.unit.asks.retries > self.unit.progress.retries_seen {
            self.retry_unsuccessful().await?;
            self.unit.progress.retries_seen = self.unit.asks.retries;
        }
        self.dirty = true;
        self.flush().await
    }

    async fn retry_unsuccessful(&mut self) -> Step<()> {
        // An end that is not stored yet would lose its reason.
        self.flush().await?;
        let indexes = self.rows.unsuccessful();
        let (Some(&first), Some(&last)) = (indexes.first(), indexes.last()) else { return Ok(()) };
        info!(unit.retried = indexes.len(), "Failed rows are bought again.");
        let wanted: std::collections::HashSet<u32> = indexes.iter().copied().collect();
        let stored: Vec<Run> = {
            let runs = self.runner.store.runs(&self.unit.id, first..last + 1);
            runs.try_filter(|run| futures::future::ready(wanted.contains(&run.index))).try_collect().await?
        };
        for run in stored {
            self.retry(run);
        }
        // Rows without an item of their own: over, but nothing was ever stored of them.
        for index in indexes {
            if self.rows.get(index).is_some_and(|row| row.status.is_terminal()) {
                let attempt = self.rows.get(index).map_or(1, |row| row.attempt);
                let run = self.ended(index, attempt, RunStatus::Failed);
                self.retry(run);
            }
        }
        Ok(())
    }

    /// Starts the next attempt of a run that is over. Its new attempt stands in its item before it is bought.
    pub(super) fn retry(&mut self, run: Run) {
        let Some(attempt) = self.rows.retry(run.index) else { return };
        let mut past = run.past;
        past.push(PastAttempt {
            attempt: run.attempt,
            status: run.status,
            run_id: run.run_id,
            error: run.error,
        });
        self.past.insert(run.index, past.clone());
        // An end that waits to be stored is overtaken by the retry.
        self.ready.retain(|ready| ready.index != run.index);
        self.ready.push(Run {
            index: run.index,
            status: RunStatus::Pending,
            attempt,
            run_id: None,
            output: None,
            error: None,
            warnings: Vec::new(),
            created_at: None,
            finished_at: None,
            cached: false,
            past,
        });
        self.dirty = true;
    }
}
