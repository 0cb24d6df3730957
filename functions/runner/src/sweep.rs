//! The sweep: whatever is due and was forgotten by everybody is sent again.
//!
//! It raises nothing: it moves `due_at`, on the condition that it still is what was seen, and sends a message with the unit's present hop. So two
//! sweeps at once send one message, and a message too many is harmless.

use domain::delivery::State;
use std::time::Duration;

use domain::adoption::Pace;
use domain::message::{Attempt, Work};
use domain::sweep::next_look;
use domain::unit::Status;
use jiff::{SignedDuration, Timestamp};
use metrics::Metric;
use queue::{Line, Parcel};
use tracing::{info, warn};

use crate::Runner;

/// How long a delivery's own message is given before the sweep sends another.
const DELIVERY_GRACE: SignedDuration = SignedDuration::from_secs(60);
/// Units that are moved before their messages are sent.
const BATCH: usize = 10;

/// What could not be swept; the next sweep tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Queue(#[from] queue::Error),
}

impl Runner {
    /// Sends again what is due now, and moves back what waits in vain to be adopted.
    pub async fn sweep(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        self.send_due(now, now, now.saturating_sub(DELIVERY_GRACE).unwrap_or(now)).await?;
        if self.queue.has_adopt() {
            let moved = self.move_back(Some(Pace::for_slice(self.settings.slice))).await?;
            if moved > 0 {
                info!(sweep.moved = moved, "The sweep moved back what nobody adopted.");
            }
        }
        Ok(())
    }

    /// Takes back what runners announced that are gone: for a process beside which no other runs.
    pub async fn forget_others(&self) -> anyhow::Result<()> {
        for slots in self.store.slots(self.clock.now()).await? {
            self.store.withdraw_slots(&slots.runner).await?;
        }
        Ok(())
    }

    /// Sends again everything that is unfinished, whenever it is due: what a restarted process needs.
    pub async fn resume_all(&self) -> anyhow::Result<()> {
        if self.queue.has_adopt() {
            self.move_back(None).await?;
        }
        Ok(self.send_due(self.clock.now(), Timestamp::MAX, Timestamp::MAX).await?)
    }

    async fn send_due(&self, now: Timestamp, units: Timestamp, deliveries: Timestamp) -> Result<(), Error> {
        let mut units_sent = 0_usize;
        // In batches, so that what was moved is sent though a later one fails.
        let due = self.store.due_units(units).await?;
        let waited =
            due.iter().filter(|due| due.status != Status::Deleted).map(|due| since(due.modified_at, now));
        self.metrics.set(Metric::OldestDueUnit, waited.max().unwrap_or(0));
        for due in due.chunks(BATCH) {
            let mut parcels = Vec::new();
            let moves = due.iter().map(|due| self.store.move_due(due, next_look(due.modified_at, now)));
            let (mut taken, mut failed) = (Vec::new(), None);
            for (due, outcome) in due.iter().zip(futures::future::join_all(moves).await) {
                match outcome {
                    Ok(true) => taken.push(due),
                    Ok(false) => {}
                    Err(error) => failed = Some(error),
                }
            }
            for due in taken {
                info!(unit.id = %due.id, unit.hop = due.hop, "The unit is due and is sent again.");
                let work = match due.status {
                    Status::Deleted => Work::Remove { id: due.id.clone() },
                    _ => Work::unit(due.id.clone(), due.hop),
                };
                parcels.push(Parcel { work, owner: due.owner.clone(), delay: Duration::ZERO });
            }
            units_sent += parcels.len();
            self.queue.send_all(&parcels, Line::Runs).await?;
            self.metrics.add(Metric::SweptUnits, u64::try_from(parcels.len()).unwrap_or(u64::MAX));
            if let Some(failed) = failed {
                return Err(failed.into());
            }
        }
        let mut attempts = 0_u32;
        let due = self.store.due_deliveries(deliveries).await?;
        let waited = due.iter().filter_map(|due| match due.delivery.state {
            State::Pending { due_at, .. } => Some(since(due_at, now)),
            _ => None,
        });
        self.metrics.set(Metric::OldestDueDelivery, waited.max().unwrap_or(0));
        for due in due {
            let delivery = &due.delivery;
            let State::Pending { attempt, due_at } = delivery.state else { continue };
            let again = next_look(due_at, now);
            if self.store.move_delivery_due(&due, again).await? {
                let message = Attempt { unit: delivery.unit.clone(), delivery: delivery.key(), attempt };
                self.queue.send_attempt(&message, due_at, now).await?;
                self.metrics.count(Metric::SweptDeliveries);
                info!(
                    unit.id = %delivery.unit,
                    delivery.key = message.delivery,
                    delivery.attempt = attempt,
                    "The delivery is due and is sent again."
                );
                attempts += 1;
            }
        }
        if units_sent > 0 || attempts > 0 {
            info!(
                sweep.units = units_sent,
                sweep.deliveries = attempts,
                "The sweep sent again what was due."
            );
        }
        Ok(())
    }

    /// Removes the items of a deleted unit.
    pub(crate) async fn remove(&self, id: &domain::UnitId) -> Result<(), Error> {
        if let Err(error) = self.store.remove(id).await {
            warn!(unit.id = %id, %error, "A deleted unit could not be removed; the sweep sends it again.");
            return Err(error.into());
        }
        info!(unit.id = %id, "A deleted unit was removed.");
        Ok(())
    }
}

/// Whole seconds since then.
fn since(then: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.duration_since(then).as_secs()).unwrap_or(0)
}
