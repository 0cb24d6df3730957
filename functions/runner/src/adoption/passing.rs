//! Passing on what another runner has room for, and bringing back what nobody took up.
//!
//! A move is a send, then a delete: a crash in between leaves two messages of one hop, of which one proves stale.
//! Invariant: a message is sent on only when slots were taken for it, and brought back marked as moved.

use std::time::Duration;

use domain::adoption::{self, Pace, Slots};
use domain::message::{self, Work};
use jiff::Timestamp;
use metrics::Metric;
use queue::{Line, Parcel, Received};
use tracing::{info, warn};

use super::Errand;
use crate::Runner;
use crate::invocation::{Arrival, of_received};

/// How long handing over waits for room elsewhere to be found.
const PATIENCE: Duration = Duration::from_secs(2);

impl Runner {
    /// Passes the messages of a batch to running runners that have room for all of them: returns those that stay, and the ids of those that
    /// were passed on.
    pub(crate) async fn step_aside(&self, units: Vec<Arrival>) -> (Vec<Arrival>, Vec<String>) {
        if !self.queue.has_adopt() || self.stopping.is_asked() {
            return (units, Vec::new());
        }
        let (free, mut stay): (Vec<_>, Vec<_>) =
            units.into_iter().partition(|arrival| matches!(arrival.work, Work::Unit { moved: false, .. }));
        let count = u32::try_from(free.len()).unwrap_or(u32::MAX);
        if count == 0 || !(self.take_slots(count).await || self.finds_slots_later(&free, count).await) {
            stay.extend(free);
            return (stay, Vec::new());
        }
        let parcel = |arrival: &Arrival| Parcel {
            work: arrival.work.clone(),
            owner: arrival.owner.clone(),
            delay: Duration::ZERO,
        };
        let parcels: Vec<Parcel> = free.iter().map(parcel).collect();
        if let Err(error) = self.queue.send_all(&parcels, Line::Adopt).await {
            warn!(%error, "Messages could not be passed on, and are worked off here.");
            stay.extend(free);
            return (stay, Vec::new());
        }
        let receipts: Vec<_> = free.iter().map(|arrival| arrival.receipt.clone()).collect();
        if let Err(error) = self.queue.give_up_all(&receipts).await {
            warn!(%error, "Messages that were passed on could not be deleted at once; they are deleted with the batch.");
        }
        info!(units = count, "Running runners take the batch up.");
        (stay, free.into_iter().map(|arrival| arrival.message_id).collect())
    }

    /// Looks for slots once more, where that is worth waiting for.
    async fn finds_slots_later(&self, units: &[Arrival], count: u32) -> bool {
        let hops = units.iter().filter_map(|arrival| match arrival.work {
            Work::Unit { hop, .. } => Some(hop),
            _ => None,
        });
        let pace = Pace::for_slice(self.settings.slice);
        let Some(wait) = adoption::looks_again_after(hops, pace, self.entropy.fraction()) else {
            return false;
        };
        self.clock.sleep(wait).await;
        self.take_slots(count).await
    }

    /// By which queue all units of an ending invocation go: straight to running runners if they have room for all of them.
    pub(crate) async fn line_to_leave_by(&self, driving: u32) -> Line {
        let has_room = self.queue.has_adopt() && driving > 0;
        let taken =
            has_room && tokio::time::timeout(PATIENCE, self.take_slots(driving)).await.unwrap_or(false);
        if taken { Line::Adopt } else { Line::Runs }
    }

    /// Whether somebody has room for what waits to be adopted.
    pub(super) async fn others_announce(&self) -> bool {
        self.store.slots(self.clock.now()).await.is_ok_and(|slots| !slots.is_empty())
    }

    /// Takes slots for so many units; false if there are too few, or the table does not answer.
    async fn take_slots(&self, wanted: u32) -> bool {
        let (now, pace) = (self.clock.now(), Pace::for_slice(self.settings.slice));
        let announced = match self.store.slots(now).await {
            Ok(announced) => announced,
            Err(error) => {
                warn!(%error, "The announcements of running runners could not be read.");
                return false;
            }
        };
        self.take_of(announced, wanted, pace, now).await
    }

    async fn take_of(&self, announced: Vec<Slots>, wanted: u32, pace: Pace, now: Timestamp) -> bool {
        let Some(plan) = adoption::take(announced, wanted, pace, now) else { return false };
        for (runner, count) in plan {
            match self.store.take_slots(&runner, count, now).await {
                Ok(true) => {}
                // Slots that were taken before this are free again with their runner's next announcement.
                Ok(false) => return false,
                Err(error) => {
                    warn!(%error, "No slot of a running runner could be taken.");
                    return false;
                }
            }
        }
        true
    }

    /// Announces these slots; finds out whether the few units of this runner should go to a fuller one, and takes slots for all of them then.
    pub(super) async fn tell(&self, own: &Slots, pace: Pace) -> Errand {
        if let Err(error) = self.store.announce_slots(own).await {
            warn!(%error, "What this runner has room for could not be announced.");
        }
        Errand::Told { leaves: self.leaves_early(own, pace).await }
    }

    async fn leaves_early(&self, own: &Slots, pace: Pace) -> bool {
        let (now, capacity) = (self.clock.now(), self.settings.units);
        if !adoption::is_left_with_few(own.driving, capacity) {
            return false;
        }
        let Ok(mut others) = self.store.slots(now).await else { return false };
        others.retain(|slots| slots.runner != own.runner);
        adoption::leaves_early(&own.runner, own.driving, capacity, &others, pace, now)
            && self.take_of(others, own.driving, pace, now).await
    }

    /// Takes the announcement of a runner back.
    pub(super) async fn withdraw(&self, runner: &str) {
        if let Err(error) = self.store.withdraw_slots(runner).await {
            warn!(%error, "What this runner had announced could not be taken back; it holds for a few seconds more.");
        }
    }

    /// Those of the messages that are ours; the others are deleted. Who has closed gives all of them back.
    pub(super) async fn readable(&self, received: Vec<Received>, is_open: bool) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        if !is_open {
            let receipts: Vec<_> = received.into_iter().map(|received| received.receipt).collect();
            if let Err(error) = self.queue.extend(&receipts, Duration::ZERO).await {
                warn!(%error, "Messages that came too late could not be given back; they come back when their lease is up.");
            }
            return arrivals;
        }
        for received in received {
            match of_received(received) {
                Ok(arrival) => arrivals.push(arrival),
                Err(receipt) => {
                    // It comes back otherwise, and is dropped then.
                    let _ = self.queue.give_up(&receipt).await;
                }
            }
        }
        arrivals
    }

    /// Moves what waits to be adopted back to `runs`, where runners are started for it. `stale` by that pace: all but the newest.
    pub(crate) async fn move_back(&self, stale: Option<Pace>) -> queue::Result<usize> {
        let mut moved = 0;
        loop {
            let received = self.queue.receive(Line::Adopt, 10, self.settings.lease, Duration::ZERO).await?;
            let now = self.clock.now();
            let is_old = |received: &Received| {
                stale.is_none_or(|pace| adoption::is_stale(received.sent_at, pace, now))
            };
            let (old, fresh): (Vec<_>, Vec<_>) = received.into_iter().partition(is_old);
            let fresh: Vec<_> = fresh.into_iter().map(|received| received.receipt).collect();
            self.queue.extend(&fresh, Duration::ZERO).await?;
            if old.is_empty() {
                return Ok(moved);
            }
            let (mut parcels, mut receipts) = (Vec::new(), Vec::new());
            for received in old {
                receipts.push(received.receipt);
                let work = match message::read(&received.body) {
                    Ok(Work::Unit { id, hop, .. }) => Work::Unit { id, hop, moved: true },
                    Ok(work) => work,
                    Err(_) => continue,
                };
                parcels.push(Parcel { work, owner: received.owner, delay: Duration::ZERO });
            }
            self.queue.send_all(&parcels, Line::Runs).await?;
            self.queue.give_up_all(&receipts).await?;
            moved += parcels.len();
            self.metrics.add(Metric::UnitsMovedBack, u64::try_from(parcels.len()).unwrap_or(u64::MAX));
            for parcel in &parcels {
                if let Work::Unit { id, .. } = &parcel.work {
                    info!(unit.id = %id, "The unit waited to be adopted in vain and is moved back.");
                }
            }
            if !fresh.is_empty() {
                return Ok(moved);
            }
        }
    }
}
