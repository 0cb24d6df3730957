//! What is done for one message, and what becomes of the message.

use domain::message::Work;
use domain::poison::must_be_alone;
use domain::unit::Fenced;
use metrics::Metric;
use queue::Receipt;
use tokio::sync::OwnedRwLockReadGuard;
use tracing::{info, warn};

use super::{Fate, Invocation, Lease};
use crate::Runner;
use crate::drive::{Drive, Left};

impl Runner {
    pub(super) async fn chore(&self, work: Work) -> Fate {
        let done = match work {
            Work::Sweep => self.sweep().await,
            Work::Remove { id } => self.remove(&id).await.map_err(anyhow::Error::from),
            Work::Unit { .. } => return Fate::Stays,
        };
        match done {
            Ok(()) => Fate::Done,
            Err(error) => {
                warn!(%error, "A chore failed; its message comes back.");
                Fate::Stays
            }
        }
    }

    /// Deletes a message at once: left to the batch's end it would come back, and fence whoever drives the unit by then.
    pub(super) async fn give_up(&self, receipt: &Receipt) {
        if let Err(error) = self.queue.give_up(receipt).await {
            warn!(%error, "A message could not be deleted at once; it comes back, and is found stale.");
        }
    }

    /// Drives a unit. One that may have killed its runners is driven alone, in an invocation that was started with it or that it was moved
    /// to; from any other it is set aside.
    pub(super) async fn unit(
        &self,
        lease: &Lease,
        together: Option<OwnedRwLockReadGuard<()>>,
        may_be_alone: bool,
        invocation: &Invocation,
    ) -> Fate {
        if self.stopping.is_asked() {
            return Fate::Stays;
        }
        let Some(place) = self.registry.enter(&lease.id, &lease.message_id, lease.hop).await else {
            return Fate::Done;
        };
        let drive = match Drive::claim(self, lease, invocation).await {
            Ok(Ok(drive)) => {
                self.metrics.count(Metric::UnitsClaimed);
                self.metrics.raise(Metric::Hops, u64::from(lease.hop));
                drive
            }
            Ok(Err(fenced)) => {
                self.metrics.count(Metric::StaleMessages);
                return fate_of_fenced(fenced);
            }
            Err(error) => {
                warn!(%error, "The unit could not be claimed; its message comes back.");
                return Fate::Stays;
            }
        };
        let left = if !must_be_alone(drive.fruitless()) {
            let _together = together;
            Box::pin(drive.run(&place)).await
        } else if may_be_alone && invocation.reserve() {
            info!(unit.fruitless = drive.fruitless(), "The unit came to nothing before and is driven alone.");
            drop(together);
            Box::pin(drive.run_alone(&place)).await
        } else {
            info!(
                unit.fruitless = drive.fruitless(),
                "The unit came to nothing before and waits to be alone."
            );
            Box::pin(drive.set_aside()).await
        };
        match left {
            Ok(Left::Over | Left::HandedOver) => Fate::Done,
            // The same message received again is the newer driver's lease now; another one makes this one superfluous.
            Ok(Left::Stopped { by }) if by == lease.message_id => Fate::Stays,
            Ok(Left::Stopped { .. }) => {
                info!("A newer message in this process takes the unit over.");
                Fate::Done
            }
            Ok(Left::Fenced(fenced)) => fate_of_fenced(fenced),
            Err(error) => {
                warn!(%error, "The unit could not be driven on; it comes back when the lease is up.");
                Fate::Stays
            }
        }
    }
}

fn fate_of_fenced(fenced: Fenced) -> Fate {
    match fenced {
        Fenced::DropMessage => Fate::Done,
        Fenced::LeaveMessage => Fate::Stays,
    }
}
