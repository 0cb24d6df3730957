//! One invocation: the batch that it was started with and what it adopts, driven side by side until all are over, handed over or lost.
//!
//! Each message is answered for by itself: what is not done stays in its queue and comes back when its lease is up. What is taken up
//! beyond the batch, and when, is the business of [`crate::adoption`]. Invariant: a message is deleted only when nothing depends on it any more.

mod message;
mod unit;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use data_encoding::HEXLOWER;
use domain::UnitId;
use domain::adoption;
use domain::message::Work;
use jiff::{SignedDuration, Timestamp};
use metrics::Metric;
use queue::{Line, Receipt};
use tokio::sync::{RwLock, watch};
use tokio::task::{Id, JoinSet};
use tracing::field::display;
use tracing::{Instrument, error, info, info_span};

pub(crate) use self::message::{Arrival, Lease, of_received};
use crate::Runner;
use crate::adoption::Adoption;
use crate::leases::Leases;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It may be deleted.
    Done,
    /// It stays, invisible until its lease is up.
    Stays,
}

/// Who is to hand over now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// Nobody.
    Nobody,
    /// Everybody but the one that must be alone.
    Company,
    /// Everybody, by this queue.
    All(Line),
}

/// What the units of one invocation share.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// Its name in announcements.
    pub(crate) name: String,
    pub(crate) leases: Leases,
    /// Held for reading by every driver from its beginning, for writing by the one that must be alone.
    pub(crate) company: Arc<RwLock<()>>,
    /// A unit is driven here that must be alone, or was.
    alone: AtomicBool,
    /// When everything is handed over at the latest.
    pub(crate) ends_at: Timestamp,
    leaving: watch::Sender<Leaving>,
}

impl Invocation {
    fn new(runner: &Runner, time_left: Duration) -> Self {
        let now = runner.clock.now();
        let time_left = time_left.saturating_sub(runner.settings.margin);
        let time_left = SignedDuration::try_from(time_left).unwrap_or(SignedDuration::MAX);
        let deadline = now.saturating_add(time_left).unwrap_or(Timestamp::MAX);
        Self {
            name: HEXLOWER.encode(&runner.entropy.bytes::<8>()),
            leases: Leases::default(),
            company: Arc::default(),
            alone: AtomicBool::new(false),
            ends_at: adoption::ends_at(now, runner.settings.slice, deadline, runner.entropy.fraction()),
            leaving: watch::Sender::new(Leaving::Nobody),
        }
    }

    /// Has every driver, or all but one, hand over. Everybody leaves by the first queue that was named.
    pub(crate) fn leave(&self, who: Leaving) {
        self.leaving.send_if_modified(|leaving| {
            let goes_further =
                matches!((*leaving, who), (Leaving::Nobody, _) | (Leaving::Company, Leaving::All(_)));
            if goes_further {
                *leaving = who;
            }
            goes_further
        });
    }

    /// Returns by which queue to hand over, once that is to be done; `alone` by whom the others' leaving does not concern.
    pub(crate) async fn left(&self, alone: bool) -> Line {
        let concerns = |leaving: &Leaving| match leaving {
            Leaving::Nobody => false,
            Leaving::Company => !alone,
            Leaving::All(_) => true,
        };
        let mut leaving = self.leaving.subscribe();
        match leaving.wait_for(concerns).await.map(|leaving| *leaving) {
            Ok(Leaving::All(line)) => line,
            // The sender lives as long as whoever waits here, so there is no error.
            _ => Line::Runs,
        }
    }

    /// Becomes the invocation of a unit that must be alone: the others leave, and nothing more is taken up. False if it is one already.
    fn reserve(&self) -> bool {
        let reserved = !self.alone.swap(true, Ordering::AcqRel);
        if reserved {
            self.leave(Leaving::Company);
        }
        reserved
    }

    /// Whether it takes nothing up any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.alone.load(Ordering::Acquire) || *self.leaving.borrow() != Leaving::Nobody
    }
}

/// The work under way.
#[derive(Default)]
struct Tasks {
    units: JoinSet<Fate>,
    chores: JoinSet<Fate>,
    /// The messages that it is done for, and their units.
    messages: HashMap<Id, (String, Option<UnitId>)>,
}

impl Runner {
    /// Works off a batch of messages, and what it adopts meanwhile; returns when all are answered for, `time_left` from now at the latest.
    pub async fn invoke(&self, event: SqsEvent, time_left: Duration) -> SqsBatchResponse {
        let invocation = Arc::new(Invocation::new(self, time_left));
        let batch: Vec<Arrival> = event.records.into_iter().filter_map(message::of_batch).collect();
        let mut unanswered: HashSet<String> =
            batch.iter().map(|arrival| arrival.message_id.clone()).collect();
        let (units, chores): (Vec<Arrival>, _) =
            batch.into_iter().partition(|arrival| matches!(arrival.work, Work::Unit { .. }));
        let mut ids: HashMap<String, Option<UnitId>> =
            units.iter().map(|arrival| (arrival.message_id.clone(), arrival.unit().cloned())).collect();
        let mut tasks = Tasks::default();
        self.take_up(chores, &invocation, &mut tasks).await;
        let (units, aside) = Box::pin(self.step_aside(units)).await;
        for message_id in aside {
            unanswered.remove(&message_id);
            self.metrics.count(Metric::UnitsPassedOn);
            let id = ids.remove(&message_id).flatten();
            info!(unit.id = id.as_ref().map(display), "The unit is passed on to a running runner.");
        }
        self.take_up(units, &invocation, &mut tasks).await;
        Box::pin(self.work(&invocation, tasks, &mut unanswered)).await;
        answer(unanswered)
    }

    /// Begins with the work of these messages, and holds those of units.
    async fn take_up(&self, arrivals: Vec<Arrival>, invocation: &Arc<Invocation>, tasks: &mut Tasks) {
        let units = || arrivals.iter().filter(|arrival| matches!(arrival.work, Work::Unit { .. }));
        for arrival in units() {
            invocation.leases.hold(&arrival.message_id, arrival.receipt.clone());
        }
        let adopted = units().filter(|arrival| !arrival.at_start).count();
        self.metrics.add(Metric::UnitsAdopted, u64::try_from(adopted).unwrap_or(u64::MAX));
        // Before anything else: the queue hid a batch for longer than a dead runner's units may wait.
        let of_batch = units().filter(|arrival| arrival.at_start).map(|arrival| arrival.receipt.clone());
        self.extend(&of_batch.collect::<Vec<Receipt>>()).await;
        for arrival in arrivals {
            self.begin(arrival, invocation, tasks);
        }
    }

    fn begin(&self, arrival: Arrival, invocation: &Arc<Invocation>, tasks: &mut Tasks) {
        let unit = arrival.unit().cloned();
        let Arrival { message_id, receipt, work, at_start, .. } = arrival;
        let (runner, invocation) = (self.clone(), Arc::clone(invocation));
        let task = match work {
            Work::Unit { id, hop, moved } => {
                let lease = Lease { message_id: message_id.clone(), receipt, id, hop };
                let may_be_alone = at_start || moved;
                let span = info_span!("unit", unit.id = %lease.id, unit.hop = lease.hop);
                // Taken before any driver runs, so that none of them finds one waiting who must be alone.
                let together = Arc::clone(&invocation.company).try_read_owned().ok();
                let work = async move {
                    let fate = runner.unit(&lease, together, may_be_alone, &invocation).await;
                    if fate == Fate::Done {
                        invocation.leases.let_go(&lease.message_id);
                        runner.give_up(&lease.receipt).await;
                    }
                    fate
                };
                tasks.units.spawn(Box::pin(work).instrument(span))
            }
            work => tasks.chores.spawn(async move {
                let fate = runner.chore(work).await;
                if fate == Fate::Done {
                    runner.give_up(&receipt).await;
                }
                fate
            }),
        };
        tasks.messages.insert(task.id(), (message_id, unit));
    }

    /// Waits for what is under way, and takes up what there is room for. What is done is taken out of `unanswered`.
    async fn work(&self, invocation: &Arc<Invocation>, mut tasks: Tasks, unanswered: &mut HashSet<String>) {
        let mut adoption = Adoption::new(self, invocation, tasks.units.len());
        // In a task of its own, so that nothing that is waited for here delays it; it ends with this.
        let mut beat = JoinSet::new();
        beat.spawn({
            let (runner, invocation) = (self.clone(), Arc::clone(invocation));
            async move { runner.beat(&invocation.leases).await }
        });
        let mut ending = false;
        loop {
            let driving = u32::try_from(tasks.units.len()).unwrap_or(u32::MAX);
            if driving == 0 && tasks.chores.is_empty() && adoption.is_over() {
                break;
            }
            let ended = tokio::select! {
                Some(ended) = tasks.units.join_next_with_id() => ended,
                Some(ended) = tasks.chores.join_next_with_id() => ended,
                arrivals = adoption.next(driving) => {
                    self.take_up(arrivals, invocation, &mut tasks).await;
                    continue;
                }
                () = self.clock.sleep_until(invocation.ends_at), if !ending => {
                    ending = true;
                    invocation.leave(Leaving::All(self.line_to_leave_by(driving).await));
                    continue;
                }
                () = self.stopping.asked(), if !adoption.is_stopped() => {
                    ending = true;
                    adoption.stop();
                    invocation.leave(Leaving::All(Line::Runs));
                    continue;
                }
            };
            let (task, broken) = match &ended {
                Ok((task, _)) => (*task, None),
                Err(error) => (error.id(), Some(error)),
            };
            let Some((message_id, unit)) = tasks.messages.remove(&task) else { continue };
            if let Some(error) = broken {
                let unit = unit.as_ref().map(display);
                error!(unit.id = unit, %error, "A driver broke off; its unit comes back when the lease is up.");
            }
            let fate = ended.map_or(Fate::Stays, |(_, fate)| fate);
            invocation.leases.let_go(&message_id);
            if fate == Fate::Done {
                unanswered.remove(&message_id);
            }
        }
    }
}

fn answer(unanswered: HashSet<String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for item_identifier in unanswered {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = item_identifier;
        response.batch_item_failures.push(failure);
    }
    response
}
