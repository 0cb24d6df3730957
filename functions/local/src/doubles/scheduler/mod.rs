//! A double of EventBridge Scheduler: schedules that send a message to a queue once or again and again.
//!
//! Owns the schedules of one process, their journal and their firing, by the clock it was given; the messages go into
//! the [`Sqs`] double. Invariant: a message is sent before its schedule is marked as fired, so a process that dies in between sends it
//! twice, as Scheduler itself may, and never not at all.

mod error;
mod expression;
mod operations;
mod schedule;
mod state;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ambient::Clock;
use jiff::Timestamp;
use tokio::sync::Notify;

pub(crate) use error::Error;

use super::journal::Journal;
use super::sqs::{self, Sqs};
use schedule::{ActionAfterCompletion, Schedule};
use state::{Change, State};

/// When its queue does not take a schedule's message, it is sent again after this long.
const RETRY_EVERY: Duration = Duration::from_mins(1);

/// The schedules of one process; clones are the same schedules.
#[derive(Clone, Debug)]
pub struct Scheduler(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    sqs: Sqs,
    inner: Mutex<Inner>,
    /// Rung when another schedule may have become the next to fire.
    changed: Notify,
}

#[derive(Debug)]
struct Inner {
    state: State,
    journal: Journal<Change>,
}

impl Scheduler {
    /// The schedules as the journal at `path` has them; none where there is no such file. They fire into `sqs` while
    /// [`Scheduler::run`] runs.
    pub fn open(path: &Path, clock: Clock, sqs: Sqs) -> io::Result<Self> {
        let mut state = State::default();
        let mut journal = Journal::open(path, |change| state.apply(change))?;
        journal.rewrite(state.history())?;
        let inner = Mutex::new(Inner { state, journal });
        Ok(Self(Arc::new(Shared { clock, sqs, inner, changed: Notify::new() })))
    }

    /// Fires each schedule when it is due, for ever.
    pub async fn run(self) {
        loop {
            let mut changed = std::pin::pin!(self.0.changed.notified());
            changed.as_mut().enable();
            let next = self.lock().state.next_due().map(|(at, schedule)| (at, schedule.clone()));
            match next {
                None => changed.await,
                Some((at, schedule)) if at <= self.0.clock.now() => self.fire(schedule),
                Some((at, _)) => tokio::select! {
                    () = changed => {}
                    () = self.0.clock.sleep_until(at) => {}
                },
            }
        }
    }

    fn fire(&self, schedule: Schedule) {
        let now = self.0.clock.now();
        let target = &schedule.definition.target.arn;
        let queue = sqs::name_in_arn(target).unwrap_or_default();
        let sent = self.0.sqs.deliver(queue, schedule.message(now));
        if let Err(error) = &sent {
            tracing::error!(schedule = schedule.name, target, %error, "a schedule's message cannot be sent now");
        }
        let mut inner = self.lock();
        let key = (schedule.definition.group_name.clone(), schedule.name.clone());
        // Whoever replaced or deleted it while it fired has decided what comes next.
        if inner.state.get(&key) != Some(&schedule) {
            return;
        }
        let next_at = match sent {
            Ok(()) => schedule.after(now),
            Err(_) => Some(now.saturating_add(RETRY_EVERY).unwrap_or(Timestamp::MAX)),
        };
        let deletes = schedule.definition.action_after_completion == ActionAfterCompletion::Delete;
        let change = if next_at.is_none() && deletes {
            Change::Deleted(key)
        } else {
            Change::Put(Box::new(Schedule { next_at, ..schedule }))
        };
        // In memory it has fired even where the journal cannot say so: better twice after a restart than for ever now.
        if inner.journal.append(std::slice::from_ref(&change)).is_err() {
            tracing::error!("the journal of the schedules cannot be written");
        }
        inner.state.apply(change);
    }

    /// Whether there is a schedule, and the next one is not due yet.
    #[cfg(test)]
    fn waits_past(&self, clock: &Clock) -> bool {
        self.lock().state.next_due().is_some_and(|(at, _)| at > clock.now())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides on the present state and makes the change true, in the journal first.
    fn transact<T>(
        &self,
        decide: impl FnOnce(&State) -> Result<(Option<Change>, T), Error>,
    ) -> Result<T, Error> {
        let mut inner = self.lock();
        let (change, answer) = decide(&inner.state)?;
        if let Some(change) = change {
            let Inner { state, journal } = &mut *inner;
            journal.append(std::slice::from_ref(&change)).map_err(|error| {
                tracing::error!(%error, "the journal of the schedules cannot be written");
                Error::Internal
            })?;
            state.apply(change);
            if journal.is_long()
                && let Err(error) = journal.rewrite(state.history())
            {
                tracing::warn!(%error, "the journal of the schedules cannot be written anew and goes on growing");
            }
            self.0.changed.notify_waiters();
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
