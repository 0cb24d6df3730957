//! Errands: what takes time upstream, done beside the task that holds the unit, and reported to it.
//!
//! An errand writes nothing. Breaking one off is harmless: purchases are announced, everything else is asked again.

use domain::run::RunStatus;
use jiff::Timestamp;
use parallel::{AddedRuns, EventStream, RunState, TaskRun};
use tokio::task::JoinError;
use tracing::{Instrument, error};

use super::{Drive, Step, fetch};

/// What an errand came back with.
#[derive(Debug)]
pub(super) enum Errand {
    /// A purchase was answered, or not.
    Added(parallel::Result<AddedRuns>),
    /// The runs that the upstream group holds.
    Listed(parallel::Result<Vec<TaskRun>>),
    /// The result of a run.
    Fetched(fetch::Wanted, parallel::Result<RunState>),
    /// The group's event stream.
    Opened(parallel::Result<EventStream>),
    /// The event stream of this run.
    Traced(Box<str>, parallel::Result<EventStream>),
}

impl Drive<'_> {
    /// Sends an errand out; what is logged on its way is the unit's.
    pub(super) fn send_out(&mut self, errand: impl Future<Output = Errand> + Send + 'static) {
        self.errands.spawn(errand.in_current_span());
    }

    pub(super) async fn errand_done(&mut self, errand: Result<Errand, JoinError>) -> Step<()> {
        match errand {
            Ok(Errand::Added(answer)) => self.added(answer).await,
            Ok(Errand::Listed(answer)) => self.listed(answer).await,
            Ok(Errand::Fetched(wanted, answer)) => self.fetched(wanted, answer),
            Ok(Errand::Opened(answer)) => {
                self.opened(answer);
                Ok(())
            }
            Ok(Errand::Traced(run, answer)) => {
                self.trace_opened(&run, answer);
                Ok(())
            }
            Err(broken) if broken.is_panic() => {
                error!("An errand broke off.");
                Err(store_broken())
            }
            Err(_) => Ok(()),
        }
    }

    /// Waits a little for a purchase that is under way, then breaks every errand off. A purchase broken off stays announced:
    /// the next holder waits it out and lists the group.
    pub(super) async fn stop_errands(&mut self) -> Step<()> {
        let patience = self.after(self.runner.settings.margin / 3);
        while self.buying.is_adding() {
            let clock = &self.runner.clock;
            tokio::select! {
                Some(errand) = self.errands.join_next() => self.errand_done(errand).await?,
                () = clock.sleep_until(patience) => break,
            }
        }
        self.errands.shutdown().await;
        self.stream = None;
        self.trace.close();
        Ok(())
    }

    /// The status of ours that a status of the upstream's amounts to, if it is an end.
    pub(super) const fn end_of(status: &parallel::RunStatus) -> Option<RunStatus> {
        match status {
            parallel::RunStatus::Completed => Some(RunStatus::Completed),
            parallel::RunStatus::Failed | parallel::RunStatus::ActionRequired => Some(RunStatus::Failed),
            parallel::RunStatus::Cancelled => Some(RunStatus::Cancelled),
            _ => None,
        }
    }

    pub(super) fn children_expire(&self) -> Timestamp {
        let kept = super::signed(domain::limits::CHILD_RETENTION);
        self.unit.created_at.saturating_add(kept).unwrap_or(Timestamp::MAX)
    }
}

fn store_broken() -> super::Stop {
    super::Stop::Left(super::Left::Fenced(domain::unit::Fenced::LeaveMessage))
}
