//! Driving a unit: from the claim to its end, its hand-over, or a fence.
//!
//! One task holds the unit and makes all its writes; what takes time upstream (a purchase, a listing, a result) are errands
//! that report back to it. Whatever stops the task, the table holds all that the next holder needs.

mod ask;
mod batch;
mod buy;
mod cache;
mod cursor;
mod doubt;
mod end;
mod errand;
mod fetch;
mod follow;
mod inputs;
mod prepare;
mod rows;
mod save;
mod time;
mod told;
mod trace;

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use domain::OwnerId;
use domain::group::Secrets;
use domain::poison::{self, POISON, is_poison};
use domain::progress::Failure;
use domain::run::{PastAttempt, Run};
use domain::unit::{Fenced, Unit, after_fence};
use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use parallel::{EventStream, Key};
use queue::Line;
use std::future::Future;
use store::Claim;
use tokio::task::JoinSet;
use tracing::{info, warn};

use self::buy::Buying;
use self::cursor::Cursors;
use self::errand::Errand;
use self::rows::Rows;
use self::time::{due_at, leaving};
use self::trace::Trace;
use crate::Runner;
use crate::invocation::{Invocation, Lease};
use crate::registry::Place;

/// How often a holder that has nothing to write looks whether it still holds the unit.
const LOOK: SignedDuration = SignedDuration::from_secs(15);

/// How a driver left its unit.
#[derive(Debug)]
pub(crate) enum Left {
    /// The unit is over, and that is written.
    Over,
    /// The next message is sent.
    HandedOver,
    /// A newer message in this process wants the unit.
    Stopped {
        /// That message.
        by: String,
    },
    /// Somebody else holds the unit, or it is over: what to do with the message.
    Fenced(Fenced),
}

/// Why driving could not go on; the unit comes back when its lease is up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Queue(#[from] queue::Error),
}

/// Why the driver must leave now.
enum Stop {
    Left(Left),
    /// The unit as a whole fails with this.
    Fails(Failure),
    Broken(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

type Step<T> = Result<T, Stop>;

/// A unit that is held.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts about a unit that hold each by itself, no state of any one thing"
)]
pub(crate) struct Drive<'a> {
    runner: &'a Runner,
    lease: &'a Lease,
    invocation: &'a Invocation,
    unit: Unit,
    /// Until when it is driven alone; none where it has company.
    alone_until: Option<Timestamp>,
    rows: Rows,
    /// Ends of runs that are known and not stored yet.
    ready: Vec<Run>,
    ready_bytes: usize,
    /// The memory that these take, of what all units may take together.
    held: Vec<parallel::Held>,
    /// The earlier attempts of the rows that are bought again.
    past: HashMap<u32, Vec<PastAttempt>>,
    /// What predecessors left has been read.
    loaded: bool,
    /// Something was achieved under this claim.
    fruitful: bool,
    /// It has killed its runners again and again.
    poison: bool,
    /// The unit was deleted under this claim.
    deleted: bool,
    /// Something changed that readers should see.
    dirty: bool,
    last_flush: Timestamp,
    last_look: Timestamp,
    errands: JoinSet<Errand>,
    buying: Buying,
    batches: VecDeque<Vec<(u32, u32)>>,
    batch_limit: usize,
    purchases: u32,
    to_fetch: VecDeque<fetch::Wanted>,
    fetching: usize,
    stream: Option<EventStream>,
    stream_errors: u32,
    stream_at: Option<Timestamp>,
    reconcile_at: Option<Timestamp>,
    /// When the group is listed because it has no stream: that waits for a connection, or cannot be read.
    unfollowed_at: Option<Timestamp>,
    /// When the group is listed because of a webhook, unless its stream says something first.
    look_again_at: Option<Timestamp>,
    listing: bool,
    cursors: Cursors,
    trace: Trace,
    key: Option<Key>,
    secrets: Option<Secrets>,
    /// Whose quota upstream its purchases use up.
    quota: OwnerId,
}

impl<'a> Drive<'a> {
    /// Claims the unit of this message. `Err` inside when there is nothing to drive.
    pub(crate) async fn claim(
        runner: &'a Runner,
        lease: &'a Lease,
        invocation: &'a Invocation,
    ) -> Result<Result<Self, Fenced>, Error> {
        let now = runner.clock.now();
        let due_at = due_at(runner, invocation.ends_at).unwrap_or(Timestamp::MAX);
        let crossed_after = poison::crossed_after(runner.settings.lease, now);
        let claim = runner.store.claim(&lease.id, lease.hop, &lease.message_id, due_at, crossed_after, now);
        let unit = match claim.await? {
            Claim::Won(unit) => *unit,
            Claim::Stale { found } => {
                info!("The message is stale: there is nothing to drive.");
                let status = found.as_ref().map(|(_, status)| *status);
                return Ok(Err(after_fence(
                    found.map(|(lease, _)| lease).as_ref(),
                    status,
                    &lease.message_id,
                )));
            }
        };
        info!(unit.epoch = unit.lease.epoch, unit.status = unit.status.word(), "The unit is claimed.");
        let cursors = Cursors::new(unit.progress.cursor.clone());
        Ok(Ok(Self {
            poison: is_poison(&unit.lease, runner.settings.lease, now),
            runner,
            lease,
            invocation,
            alone_until: None,
            rows: Rows::default(),
            ready: Vec::new(),
            ready_bytes: 0,
            held: Vec::new(),
            past: HashMap::new(),
            loaded: false,
            fruitful: false,
            deleted: false,
            dirty: true,
            last_flush: Timestamp::MIN,
            last_look: now,
            errands: JoinSet::new(),
            buying: Buying::Idle,
            batches: VecDeque::new(),
            batch_limit: buy::BATCH,
            purchases: 0,
            to_fetch: VecDeque::new(),
            fetching: 0,
            stream: None,
            stream_errors: 0,
            stream_at: None,
            reconcile_at: None,
            unfollowed_at: None,
            // What a predecessor learnt of a nudge is not known.
            look_again_at: unit.lease.nudged_at.map(|_| follow::after_nudge(now)),
            listing: false,
            cursors,
            trace: Trace::default(),
            key: None,
            secrets: None,
            quota: unit.owner.clone(),
            unit,
        }))
    }

    /// Drives the unit once nobody else is driven in its invocation, until something is achieved, or it has proved harmless for a while:
    /// then it is handed over, to be driven in company again.
    pub(crate) async fn run_alone(mut self, place: &Place) -> Result<Left, Error> {
        let invocation = self.invocation;
        let _alone = tokio::select! {
            alone = invocation.company.write() => alone,
            // Nothing was tried yet, so nothing is known of the unit that was not known before.
            by = place.wanted() => return Ok(Left::Stopped { by }),
            _ = invocation.left(true) => return Box::pin(self.set_aside()).await,
        };
        self.alone_until = Some(self.after(self.runner.settings.lease));
        Box::pin(self.run(place)).await
    }

    /// Sends the unit on as it was found, to an invocation in which it can be alone.
    pub(crate) async fn set_aside(mut self) -> Result<Left, Error> {
        match self.send_aside().await {
            Ok(left) => Ok(left),
            Err(stop) => self.left(stop).await,
        }
    }

    /// How many claims before this one came to nothing.
    pub(crate) const fn fruitless(&self) -> u32 {
        self.unit.lease.fruitless.saturating_sub(1)
    }

    /// Drives the unit until it is over, handed over, or lost.
    pub(crate) async fn run(mut self, place: &Place) -> Result<Left, Error> {
        match self.drive(place).await {
            Ok(left) => Ok(left),
            Err(stop) => self.left(stop).await,
        }
    }

    /// Does what a stop asks for.
    async fn left(mut self, stopped: Stop) -> Result<Left, Error> {
        if self.deleted {
            // What was written since stands in no one's way, and would outlive the unit by months.
            self.errands.shutdown().await;
            self.runner.store.remove(&self.unit.id).await?;
        }
        let stopped = match stopped {
            Stop::Fails(failure) => match self.fail(failure).await {
                Ok(left) => return Ok(left),
                Err(stop) => stop,
            },
            other => other,
        };
        match stopped {
            Stop::Left(left) => Ok(left),
            Stop::Broken(error) => Err(error),
            Stop::Fails(failure) => {
                warn!(failure.code, "A failing unit failed to fail; it comes back.");
                Ok(Left::Stopped { by: self.lease.message_id.clone() })
            }
        }
    }

    async fn drive(&mut self, place: &Place) -> Step<Left> {
        if self.poison {
            return Err(Stop::Fails(Failure::new(
                "poison",
                format!("the unit was claimed {POISON} times without any progress and is given up"),
            )));
        }
        self.load().await?;
        self.open_secrets()?;
        if self.is_time_up() {
            return self.time_out().await;
        }
        self.prepare(place).await?;
        self.turn(place).await
    }

    /// Waits for what takes time, unless the slice ends or a newer message wants the unit: then it is given up in order.
    ///
    /// The work must be harmless when it is broken off.
    async fn unless_over<T>(&mut self, place: &Place, work: impl Future<Output = T> + Send) -> Step<T> {
        let left = tokio::select! {
            done = work => return Ok(done),
            line = leaving(self.runner, self.invocation, self.alone_until) => self.hand_over(line).await?,
            by = place.wanted() => self.make_way(by).await?,
        };
        Err(Stop::Left(left))
    }

    /// Reads what predecessors left: flushes, also those never announced, and purchases.
    async fn load(&mut self) -> Step<()> {
        let (id, store) = (&self.unit.id, &self.runner.store);
        // Whoever comes first finds nothing, and need not look.
        let is_first = self.unit.lease.epoch == 1;
        let flushes = if is_first { Vec::new() } else { store.all_events(id).await? };
        let purchases = if is_first { Vec::new() } else { store.purchases(id).await? };
        if let Some((last, _)) = flushes.last() {
            self.unit.seq = self.unit.seq.max(*last);
        }
        let total = if self.unit.progress.rows.is_some() { self.unit.rows() } else { 0 };
        self.rows = Rows::replay(total, flushes.iter().map(|(_, flush)| flush), &purchases);
        for (_, flush) in &flushes {
            self.trace.heard.take_in(&flush.told);
        }
        self.loaded = true;
        self.unit.counts = self.rows.counts();
        self.load_past().await
    }

    /// Reads the earlier attempts of the rows that are bought again.
    async fn load_past(&mut self) -> Step<()> {
        let again = self.rows.unfinished().filter(|(_, row)| row.attempt > 1).map(|(index, _)| index);
        let again: HashSet<u32> = again.collect();
        let (Some(&first), Some(&last)) = (again.iter().min(), again.iter().max()) else { return Ok(()) };
        let runs = self.runner.store.runs(&self.unit.id, first..last + 1);
        let mut runs = std::pin::pin!(runs);
        while let Some(run) = runs.try_next().await? {
            if again.contains(&run.index) {
                self.past.insert(run.index, run.past);
            }
        }
        Ok(())
    }

    /// The main loop: one turn for each thing that happens.
    async fn turn(&mut self, place: &Place) -> Step<Left> {
        self.resume_purchase();
        loop {
            if self.alone_until.is_some() && self.fruitful {
                return self.hand_over(Line::Runs).await;
            }
            self.take_in_asks().await?;
            self.buy().await?;
            self.fetch();
            self.follow();
            self.follow_trace();
            if self.rows.all_over() && self.is_quiet() && self.asks_are_taken_in() {
                if let Some(left) = self.finish().await? {
                    return Ok(left);
                }
                continue;
            }
            let flush_at = self.flush_at();
            let wake_at = self.wake_at();
            let clock = &self.runner.clock;
            tokio::select! {
                by = place.wanted() => return self.make_way(by).await,
                Some(errand) = self.errands.join_next() => self.errand_done(errand).await?,
                event = next(&mut self.stream) => self.event(event),
                event = self.trace.next() => self.traced(event),
                () = clock.sleep_until(flush_at) => self.flush().await?,
                line = leaving(self.runner, self.invocation, self.alone_until) => {
                    return self.hand_over(line).await;
                }
                () = clock.sleep_until(wake_at) => {
                    if self.is_time_up() {
                        return self.time_out().await;
                    }
                    self.end_late_runs();
                    self.look().await?;
                }
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.runner.clock.now()
    }

    fn after(&self, span: Duration) -> Timestamp {
        self.now().saturating_add(signed(span)).unwrap_or(Timestamp::MAX)
    }
}

/// The next event of a stream that is open; never, when none is.
async fn next(stream: &mut Option<EventStream>) -> Option<parallel::Result<parallel::Event>> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}

fn signed(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}
