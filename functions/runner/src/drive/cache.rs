//! Taking the result of an identical run instead of buying it, where the group allows it.
//!
//! A run is identical if owner, input, specification, processor and what passes through are. Only completed runs are remembered.
//! What cannot be read is bought: the cache is never in the way.

use domain::run::{Run, RunStatus};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::Cached;
use tracing::{debug, warn};

use super::{Drive, Step};

impl Drive<'_> {
    /// The rows of this batch that have to be bought; the others are over by what identical runs said.
    pub(super) async fn without_cached(&mut self, batch: Vec<(u32, u32)>) -> Step<Vec<(u32, u32)>> {
        let Some(hours) = self.unit.spec.group.cache_hours else { return Ok(batch) };
        if batch.is_empty() {
            return Ok(batch);
        }
        let oldest =
            self.now().saturating_sub(SignedDuration::from_hours(i64::from(hours))).unwrap_or(Timestamp::MIN);
        let inputs = self.inputs_of(&batch).await?;
        let mut to_buy = Vec::new();
        for (&(index, attempt), input) in batch.iter().zip(&inputs) {
            let found = if attempt == 1 { self.look_up(input.get()).await } else { None };
            match found {
                Some((cached, run)) if cached.at >= oldest => {
                    debug!(run.index = index, "A result is taken from an identical run.");
                    let ended = self.ended(index, attempt, RunStatus::Completed);
                    self.take_in_end(Run {
                        output: run.output,
                        warnings: run.warnings,
                        created_at: run.created_at,
                        finished_at: run.finished_at,
                        cached: true,
                        ..ended
                    });
                }
                _ => to_buy.push((index, attempt)),
            }
        }
        Ok(to_buy)
    }

    async fn look_up(&self, input: &str) -> Option<(Cached, Run)> {
        let hash = self.hash(input);
        let cached = self.runner.store.cached(&hash).await.ok()??;
        let run = self.runner.store.run(&cached.unit, cached.index).await.ok()??;
        (run.status == RunStatus::Completed && run.output.is_some()).then_some((cached, run))
    }

    /// Remembers where the results of these runs stand, if the group takes part in the cache.
    pub(super) async fn remember_for_cache(&self, runs: &[Run]) {
        if self.unit.spec.group.cache_hours.is_none() {
            return;
        }
        let completed = runs.iter().filter(|run| run.status == RunStatus::Completed && !run.cached);
        for run in completed {
            let Ok(inputs) = self.inputs_of(&[(run.index, run.attempt)]).await else { continue };
            let Some(input) = inputs.first() else { continue };
            let cached = Cached {
                unit: self.unit.id.clone(),
                index: run.index,
                at: run.finished_at.unwrap_or(self.unit.created_at),
            };
            let put =
                self.runner.store.put_cached(&self.hash(input.get()), &cached, self.children_expire()).await;
            if let Err(error) = put {
                warn!(%error, "A result could not be remembered for identical runs.");
            }
        }
    }

    fn hash(&self, input: &str) -> String {
        let group = &self.unit.spec.group;
        let servers = self.secrets.as_ref().and_then(|secrets| secrets.mcp_servers.clone());
        let what: Value = json!([
            self.unit.owner.as_str(),
            self.unit.spec.upstream,
            self.unit.progress.processor,
            self.unit.progress.task_spec,
            group.pass_through,
            servers,
            input,
        ]);
        vault::digest(what.to_string().as_bytes())
    }
}
