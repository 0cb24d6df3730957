//! Following the upstream group by its event stream.
//!
//! A closed stream is not an end: only a terminal status of a run is. When a stream has ended or says that the group is inactive
//! while runs are open here, the group is listed, and what the listing tells is taken in like events. So it is again and again while its
//! stream waits for a connection.

use std::time::Duration;

use domain::wake::AFTER;
use parallel::{Event, EventStream, Kind};
use tracing::{debug, info, warn};

use super::errand::Errand;
use super::{Drive, Timestamp};

/// The shortest time between two listings of a group.
const RECONCILE: Duration = Duration::from_secs(2);
/// How often a group is listed whose stream waits for a connection, or cannot be read.
const UNFOLLOWED: Duration = Duration::from_secs(15);

/// When a holder looks again that has learnt of a nudge now.
pub(super) fn after_nudge(now: Timestamp) -> Timestamp {
    now.saturating_add(AFTER).unwrap_or(Timestamp::MAX)
}

impl Drive<'_> {
    /// Opens the stream, or lists the group, when it is time to.
    pub(super) fn follow(&mut self) {
        if self.rows.open() == 0 {
            return;
        }
        let now = self.now();
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        let due = [self.reconcile_at, self.look_again_at, self.unfollowed_at];
        if due.into_iter().any(is_due) && !self.listing {
            self.reconcile_at = None;
            self.look_again_at.take_if(|at| *at <= now);
            self.unfollowed_at = None;
            self.list();
        }
        let has_none = self.stream.is_none() && self.stream_at == Some(Timestamp::MAX);
        if has_none && self.unfollowed_at.is_none() {
            self.unfollowed_at = Some(self.after(UNFOLLOWED));
        }
        if self.stream.is_some() || self.stream_at.is_some_and(|at| at > now) {
            return;
        }
        let (Some(key), Some(group)) = (self.key.clone(), self.unit.progress.upstream_group.clone()) else {
            return;
        };
        let cursor = self.cursors.latest().map(str::to_owned);
        let upstream = self.runner.upstream.clone();
        // Nobody opens a second stream while this one is being opened.
        self.stream_at = Some(Timestamp::MAX);
        self.unfollowed_at = Some(self.after(UNFOLLOWED));
        self.send_out(
            async move { Errand::Opened(upstream.group_events(&key, &group, cursor.as_deref()).await) },
        );
    }

    /// The stream was opened, or not.
    pub(super) fn opened(&mut self, answer: parallel::Result<EventStream>) {
        self.unfollowed_at = None;
        match answer {
            Ok(stream) => {
                self.stream = Some(stream);
                self.stream_at = None;
            }
            Err(error) => {
                if error.kind == Kind::Invalid {
                    // The upstream does not know the cursor any more: from the start, which repeats and loses nothing.
                    self.cursors.forget();
                }
                warn!(error = %error, "The group's event stream could not be opened.");
                self.stream_failed();
            }
        }
    }

    /// Takes in when a webhook last asked for a look. A stream that lives tells by itself, and only one that then stays silent is not
    /// trusted; without a stream the group is listed at once, and once more for the webhooks that followed too close to be written down.
    pub(super) fn nudged(&mut self, at: Option<Timestamp>) {
        if at.is_none() || at == self.unit.lease.nudged_at {
            return;
        }
        self.unit.lease.nudged_at = at;
        let now = self.now();
        info!("A webhook of the upstream asks for a look.");
        if self.stream.is_none() {
            self.reconcile_at = Some(now);
        }
        self.look_again_at = Some(after_nudge(now));
    }

    /// An event came, or the stream ended.
    pub(super) fn event(&mut self, event: Option<parallel::Result<Event>>) {
        if let Some(Ok(Event::Run { .. } | Event::Group { .. } | Event::Other { .. })) = &event {
            self.look_again_at = None;
        }
        match event {
            Some(Ok(Event::Run { cursor, run, told, .. })) => {
                self.stream_errors = 0;
                self.run_seen(cursor, *run, Some(&told));
            }
            Some(Ok(Event::Group { cursor, status })) => {
                self.stream_errors = 0;
                self.cursors.came(cursor, None);
                let running = status.task_run_status_counts.get("running").copied().unwrap_or(0);
                if self.rows.upstream_running(u32::try_from(running).unwrap_or(u32::MAX)) {
                    self.dirty = true;
                }
                if !status.is_active && self.rows.open() > 0 {
                    self.reconcile_soon();
                }
            }
            Some(Ok(Event::Other { kind, .. })) => {
                debug!(event.kind = kind, "An event of an unknown kind came.");
            }
            Some(Err(error)) if error.kind == Kind::TooLarge => {
                warn!(error = %error, "The group's event stream cannot be read; the group is listed instead.");
                self.stream = None;
                self.stream_at = Some(Timestamp::MAX);
                self.reconcile_soon();
            }
            Some(Ok(Event::Error { .. }) | Err(_)) => {
                self.stream = None;
                self.stream_failed();
            }
            None => {
                self.stream = None;
                self.reconcile_soon();
                self.stream_failed();
            }
        }
    }

    fn reconcile_soon(&mut self) {
        let at = self.after(RECONCILE);
        self.reconcile_at.get_or_insert(at);
    }

    /// Opens the stream again later, the later the more often it failed without an event in between; lists the group meanwhile.
    fn stream_failed(&mut self) {
        self.stream_errors += 1;
        let wait = Duration::from_millis(250) * 2_u32.saturating_pow(self.stream_errors.min(7));
        self.stream_at = Some(self.after(wait.min(Duration::from_secs(30))));
        if self.stream_errors > 1 {
            self.reconcile_soon();
        }
    }
}
