//! Doubts: what the upstream group holds decides what was bought, once nobody can be buying it any more.
//!
//! Whatever is found there and not known here is taken in. Invariant: only a listing that began after the announcement's end shows that
//! something was not bought.

use std::collections::HashMap;

use domain::progress::{Doubt, Failure};
use domain::run::Bought;
use jiff::Timestamp;
use parallel::{Kind, TaskRun};
use tracing::{info, warn};

use super::buy::{AFTER_A_FAILED_LISTING, Buying, lost, mark};
use super::errand::Errand;
use super::{Drive, Step, Stop};

impl Drive<'_> {
    /// Asks for all runs of the upstream group.
    pub(super) fn list(&mut self) {
        let (Some(key), Some(group)) = (self.key.clone(), self.unit.progress.upstream_group.clone()) else {
            return;
        };
        let upstream = self.runner.upstream.clone();
        self.listing = true;
        self.send_out(async move {
            let listed = async {
                let mut stream = upstream.group_runs(&key, &group, false).await?;
                let mut runs = Vec::new();
                while let Some(event) = stream.next().await {
                    match event? {
                        parallel::Event::Run { run, .. } => runs.push(*run),
                        parallel::Event::Error { .. } => return Err(lost()),
                        _ => {}
                    }
                }
                Ok(runs)
            };
            Errand::Listed(listed.await)
        });
    }

    /// The group was listed: takes in what was bought, and what is over.
    pub(super) async fn listed(&mut self, answer: parallel::Result<Vec<TaskRun>>) -> Step<()> {
        self.listing = false;
        let runs = match answer {
            Ok(runs) => runs,
            Err(error) => {
                warn!(error = %error, "The upstream group could not be listed.");
                let again = self.after(AFTER_A_FAILED_LISTING);
                if matches!(self.buying, Buying::Lists { .. }) {
                    self.buying = Buying::Doubts { look_at: again };
                }
                match error.kind {
                    Kind::KeyRefused => {
                        return Err(Stop::Fails(Failure::new("key_refused", error.message)));
                    }
                    // It would be as large the next time, and there is no other way to learn what was bought.
                    Kind::TooLarge => {
                        return Err(Stop::Fails(Failure::new("event_too_large", error.message)));
                    }
                    _ => {}
                }
                self.reconcile_at = Some(again);
                return Ok(());
            }
        };
        let marked = runs.iter().filter_map(|run| mark(run).map(|mark| (mark, run)));
        let found: HashMap<_, _> = marked.collect();
        self.adopt(&found).await?;
        if let Buying::Lists { since } = self.buying {
            self.resolve_doubt(&found, since);
        }
        for run in runs {
            self.run_seen(None, run, None);
        }
        Ok(())
    }

    /// Takes in runs that the upstream has and the table knows nothing of: purchases whose reply was lost.
    async fn adopt(&mut self, found: &HashMap<(u32, u32), &TaskRun>) -> Step<()> {
        let announced = self.unit.progress.adding.as_ref().map_or(&[][..], |adding| &adding.rows);
        // In doubt is what was announced and is not on its way: some of it may have ended meanwhile, as its group's stream tells.
        let in_doubt = if self.buying.is_adding() { &[][..] } else { announced };
        let unknown = found.iter().filter(|(mark, _)| {
            let (index, attempt) = **mark;
            self.rows.is_unbought(index, attempt) || in_doubt.contains(*mark)
        });
        let mut runs: Vec<_> = unknown
            .map(|(&(index, attempt), run)| Bought { index, attempt, run_id: run.run_id.clone() })
            .collect();
        if runs.is_empty() {
            return Ok(());
        }
        runs.sort_by_key(|run| run.index);
        // What was announced is paid for already; what came later than anybody waited for is not.
        let late = runs.iter().filter(|run| !announced.contains(&(run.index, run.attempt))).count();
        self.unit.progress.committed_cost += self.price() * u64::try_from(late).unwrap_or(0);
        info!(purchase.found = runs.len(), "Runs were bought upstream that nobody knew of.");
        self.take_in_purchase(runs).await
    }

    /// What of the announced purchase is not there, in a listing that began at `since`, is bought again, once nobody can be buying it any more.
    fn resolve_doubt(&mut self, found: &HashMap<(u32, u32), &TaskRun>, since: Timestamp) {
        self.buying = Buying::Idle;
        let Some(adding) = self.unit.progress.adding.clone() else { return };
        let missing = match adding.resolve(|row| found.contains_key(row), since) {
            Doubt::Missing(missing) => missing,
            Doubt::Open(look_at) => {
                self.buying = Buying::Doubts { look_at };
                return;
            }
        };
        info!(purchase.missing = missing.len(), "A purchase in doubt is resolved.");
        let missing_cost = self.price() * u64::try_from(missing.len()).unwrap_or(0);
        self.unit.progress.committed_cost = self.unit.progress.committed_cost.saturating_sub(missing_cost);
        self.unit.progress.adding = None;
        self.rows.put_back(&missing);
    }
}
