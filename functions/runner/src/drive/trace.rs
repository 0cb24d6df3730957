//! Following a task's run by its own event stream, beside the group's: what it tells while it runs.
//!
//! The stream cannot be resumed, repeats everything on each connect, and has nothing to tell once the run is over. Invariant: the end
//! of a run never depends on it; it may only spare the call for the result, and delay the end by a moment in which it tells the rest.

use std::time::Duration;

use domain::run::RunStatus;
use domain::unit::Kind;
use jiff::Timestamp;
use parallel::{Event, EventStream, TaskRun};
use serde_json::value::RawValue;
use tracing::warn;

use super::errand::Errand;
use super::told::{self, Heard};
use super::{Drive, Step, next, signed};

/// How long a run whose end is known is left to its trace, for what it has still to tell.
const GRACE: Duration = Duration::from_millis(200);
/// The wait before a stream that brought news is opened again; doubled each time that it brings none.
const REOPEN: Duration = Duration::from_millis(100);
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long a stream is silent before what has come over it by now counts as heard.
const SILENCE: Duration = Duration::from_millis(100);
/// How long a stream that is never silent is heard at most before it is left.
const LONGEST_HEARING: Duration = Duration::from_secs(1);
/// Events in a row that nobody can read, after which a stream is given up.
const UNREADABLE: u32 = 20;

/// The trace of the run that is followed.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) heard: Heard,
    run: Option<Box<str>>,
    stream: Option<EventStream>,
    opening: bool,
    open_at: Option<Timestamp>,
    failures: u32,
    unreadable: u32,
    given_up: bool,
    awaited: Option<Awaited>,
    /// When the driver last had time for it.
    seen_to_at: Option<Timestamp>,
}

/// An end that is known, and taken in as soon as the trace has told the rest.
#[derive(Debug)]
struct Awaited {
    until: Timestamp,
    attempt: u32,
    status: RunStatus,
    run: TaskRun,
}

impl Trace {
    /// The next event; never, when no stream is open, or what it told waits to be stored.
    pub(super) async fn next(&mut self) -> Option<parallel::Result<Event>> {
        if self.heard.is_full() {
            return std::future::pending().await;
        }
        next(&mut self.stream).await
    }

    /// What the stream could not tell while the driver had no time for it, it may tell now.
    fn seen_to(&mut self, now: Timestamp) {
        let before = self.seen_to_at.replace(now);
        let away = before.is_some_and(|before| now.duration_since(before) > signed(2 * GRACE));
        if let Some(awaited) = self.awaited.as_mut().filter(|_| away) {
            awaited.until = now.saturating_add(signed(GRACE)).unwrap_or(Timestamp::MAX);
        }
    }

    /// Follows nothing any more.
    pub(super) fn close(&mut self) {
        self.follow(None);
    }

    /// From now on follows this run, and no other.
    fn follow(&mut self, run: Option<Box<str>>) {
        let heard = std::mem::take(&mut self.heard);
        *self = Self { heard, run, ..Self::default() };
    }
}

impl Drive<'_> {
    /// Opens the stream when it is time to, and ends the wait for its last words.
    pub(super) fn follow_trace(&mut self) {
        if self.unit.kind != Kind::Task {
            return;
        }
        let now = self.now();
        self.trace.seen_to(now);
        if self.trace.awaited.as_ref().is_some_and(|awaited| awaited.until <= now) {
            self.trace_said_all();
        }
        let row = self.rows.get(0).filter(|row| !row.status.is_terminal());
        let run = row.and_then(|row| row.run_id.clone());
        if self.trace.run != run {
            self.trace.follow(run);
        }
        if !self.is_trace_wanted() || self.trace.open_at.is_some_and(|at| at > now) {
            return;
        }
        let (Some(key), Some(run)) = (self.key.clone(), self.trace.run.clone()) else { return };
        let upstream = self.runner.upstream.clone();
        self.trace.opening = true;
        self.trace.open_at = None;
        self.send_out(async move {
            let answer = upstream.run_events(&key, &run).await;
            Errand::Traced(run, answer)
        });
    }

    /// Whether the stream is to be opened: a run whose end is known has nothing to tell any more.
    fn is_trace_wanted(&self) -> bool {
        let ending = self.rows.get(0).is_none_or(|row| row.ending);
        let is_open = self.trace.stream.is_some() || self.trace.opening;
        self.trace.run.is_some() && !is_open && !self.trace.given_up && !ending
    }

    /// When the stream is opened, or no longer waited for.
    pub(super) fn trace_at(&self) -> Option<Timestamp> {
        let awaited = self.trace.awaited.as_ref().map(|awaited| awaited.until);
        awaited.or_else(|| self.trace.open_at.filter(|_| self.is_trace_wanted()))
    }

    /// The stream of this run was opened, or not.
    pub(super) fn trace_opened(&mut self, run: &str, answer: parallel::Result<EventStream>) {
        if self.trace.run.as_deref() != Some(run) {
            return;
        }
        self.trace.opening = false;
        match answer {
            Ok(stream) => self.trace.stream = Some(stream),
            Err(error) => {
                warn!(error = %error, "The run's event stream could not be opened.");
                self.trace_failed();
            }
        }
    }

    /// An event came, or the stream ended.
    pub(super) fn traced(&mut self, event: Option<parallel::Result<Event>>) {
        match event {
            Some(Ok(Event::Run { run, told, output, held, .. })) => {
                self.held.extend(output.is_some().then_some(held));
                let state = told::state(&run, &told);
                match Self::end_of(&run.status) {
                    Some(status) => {
                        self.trace.heard.hold(state);
                        self.end_traced(status, *run, output);
                    }
                    None => self.hear(state),
                }
            }
            Some(Ok(Event::Other { kind, data })) => self.hear(told::other(kind, &data)),
            Some(Ok(Event::Error { data, .. })) => self.hear(told::other("error".to_owned(), &data)),
            // Tells of a group, which has a stream of its own.
            Some(Ok(Event::Group { .. })) => {}
            Some(Err(error))
                if error.kind == parallel::Kind::Malformed && self.trace.unreadable < UNREADABLE =>
            {
                self.trace.unreadable += 1;
                warn!("An event of the run's stream cannot be read.");
            }
            Some(Err(error)) if error.kind == parallel::Kind::TooLarge => {
                warn!(error = %error, "The run's event stream cannot be read, and is given up.");
                self.trace.stream = None;
                self.trace.given_up = true;
                self.trace_said_all();
            }
            Some(Err(_)) | None => {
                self.trace.stream = None;
                self.trace_failed();
                self.trace_said_all();
            }
        }
    }

    /// Takes in what has come by now, be it over the stream or by an errand, which may have opened one: while something was written, nobody
    /// listened, and once the run is over it cannot be had any more.
    pub(super) async fn hear_the_rest(&mut self) -> Step<()> {
        while let Some(errand) = self.errands.try_join_next() {
            self.errand_done(errand).await?;
        }
        let rest = async {
            while self.trace.stream.is_some()
                && let Ok(event) = tokio::time::timeout(SILENCE, self.trace.next()).await
            {
                self.traced(event);
            }
        };
        // Whoever tells that much is heard by the next holder.
        let _ = tokio::time::timeout(LONGEST_HEARING, rest).await;
        Ok(())
    }

    fn hear(&mut self, told: domain::event::Told) {
        self.trace.unreadable = 0;
        if self.trace.heard.hear(told) {
            self.trace.failures = 0;
            self.dirty = true;
            if self.trace.heard.is_full() {
                self.last_flush = Timestamp::MIN;
            }
        }
    }

    /// The stream told how the run ended, which is the last that it tells.
    fn end_traced(&mut self, status: RunStatus, run: TaskRun, output: Option<std::sync::Arc<RawValue>>) {
        let Some(attempt) = self.rows.get(0).map(|row| row.attempt) else { return };
        let news = self.trace.awaited.take().is_some() | self.rows.begin_ending(0, attempt);
        match output.filter(|_| status == RunStatus::Completed) {
            Some(output) if self.rows.is_ending(0, attempt) => {
                // The result may be asked for already: that is needless now.
                self.to_fetch.clear();
                self.completed(0, attempt, run, output);
            }
            None if news => self.end_seen(0, attempt, status, run),
            _ => {}
        }
    }

    /// Whether the end of a task's run, seen elsewhere, waits a moment for what its trace has still to tell. `told` is the run byte for byte.
    pub(super) fn awaits_trace(
        &mut self,
        attempt: u32,
        status: RunStatus,
        run: &TaskRun,
        told: Option<&RawValue>,
    ) -> bool {
        if self.unit.kind != Kind::Task {
            return false;
        }
        if let Some(told) = told {
            self.trace.heard.hold(told::state(run, told));
        }
        if self.trace.stream.is_some() {
            self.trace.awaited =
                Some(Awaited { until: self.after(GRACE), attempt, status, run: run.clone() });
        }
        self.trace.stream.is_some()
    }

    /// The trace has told the rest, or its time for that is up.
    fn trace_said_all(&mut self) {
        if let Some(Awaited { attempt, status, run, .. }) = self.trace.awaited.take() {
            self.end_seen(0, attempt, status, run);
        }
    }

    /// Opens the stream again later, the later the more often it brought nothing new.
    fn trace_failed(&mut self) {
        let wait = REOPEN * 2_u32.saturating_pow(self.trace.failures.min(9));
        self.trace.failures += 1;
        self.trace.open_at = Some(self.after(wait.min(LONGEST_WAIT)));
    }
}
