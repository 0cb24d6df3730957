//! Taking up what comes to a runner that runs already.
//!
//! Owns the announcements of an invocation and what it reads beyond its batch; passing on what another one has room for is [`passing`]'s
//! part, and what is decided is in [`domain::adoption`]. Invariant: nothing depends on an announcement being right.

mod passing;

use std::sync::Arc;
use std::time::Duration;

use domain::adoption::{self, Pace, Slots};
use jiff::Timestamp;
use queue::{Line, Received};
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::Runner;
use crate::invocation::{Arrival, Invocation, Leaving};

/// Messages that a receive brings at most.
const MOST: u32 = 10;
/// How long a receive waits for its first message at most.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How long nothing is read where less than a second is left to wait for something.
const BRIEFLY: Duration = Duration::from_millis(100);
/// How long what failed is left alone.
const AGAIN: Duration = Duration::from_secs(1);

/// What an invocation does beyond its batch.
pub(crate) struct Adoption<'a> {
    runner: &'a Runner,
    invocation: &'a Arc<Invocation>,
    pace: Pace,
    errands: JoinSet<Errand>,
    reads: Reads,
    /// An announcement is being written, or was, and has not been taken back.
    announced: bool,
    telling: bool,
    tell_at: Timestamp,
    /// Until when messages are read that were sent because of an announcement.
    read_until: Timestamp,
    /// When a full runner looks for those that wait in vain.
    look_at: Timestamp,
    stage: Stage,
}

/// How far an invocation is with what was sent to it by `adopt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It takes up what comes.
    Open,
    /// What is left is being moved back.
    MovingBack,
    /// Nothing is left to do.
    Over,
    /// The process ends.
    Stopped,
}

/// Which queues are being read.
#[derive(Debug, Default)]
struct Reads {
    runs: bool,
    adopt: bool,
}

/// What was done in the background.
pub(crate) enum Errand {
    Read(Line, queue::Result<Vec<Received>>),
    Told { leaves: bool },
    Moved { last: bool },
}

impl<'a> Adoption<'a> {
    /// The adoption of an invocation that begins with so many units; one that has none takes nothing up.
    pub(crate) fn new(runner: &'a Runner, invocation: &'a Arc<Invocation>, units: usize) -> Self {
        let now = runner.clock.now();
        let pace = Pace::for_slice(runner.settings.slice);
        let adopts = runner.queue.has_adopt() && units > 0;
        Self {
            errands: JoinSet::new(),
            reads: Reads::default(),
            announced: false,
            telling: false,
            tell_at: now,
            read_until: adoption::reads_until(now, pace),
            look_at: now,
            stage: if adopts { Stage::Open } else { Stage::Over },
            runner,
            invocation,
            pace,
        }
    }

    /// Ends at once: what was sent to this invocation is found by others.
    pub(crate) fn stop(&mut self) {
        self.errands.abort_all();
        self.reads = Reads::default();
        self.stage = Stage::Stopped;
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stage == Stage::Stopped
    }

    /// Whether an invocation without any work may end: what was sent to it is taken up, or moved back.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over | Stage::Stopped) && !self.reads.any()
    }

    /// What there is room for, as it arrives, or nothing when that is all; announcements and moves are done on the way. May be broken off and
    /// called again.
    pub(crate) async fn next(&mut self, driving: u32) -> Vec<Arrival> {
        loop {
            let wake_at = self.begin(driving);
            let done = tokio::select! {
                Some(done) = self.errands.join_next() => done,
                () = self.runner.clock.sleep_until(wake_at) => continue,
            };
            match done {
                Ok(Errand::Read(line, read)) => {
                    self.reads.of(line, false);
                    match read {
                        Ok(received) if received.is_empty() && self.is_over() => return Vec::new(),
                        Ok(received) if received.is_empty() => {}
                        Ok(received) => {
                            let is_open = !self.invocation.is_closed();
                            let arrivals = self.runner.readable(received, is_open).await;
                            if !arrivals.is_empty() {
                                return arrivals;
                            }
                        }
                        Err(error) => {
                            warn!(%error, "Nothing can be adopted; trying again.");
                            self.runner.clock.sleep(AGAIN).await;
                        }
                    }
                }
                Ok(Errand::Told { leaves }) => {
                    self.telling = false;
                    if leaves {
                        info!(units = driving, "The few units of this runner go to a fuller one.");
                        self.invocation.leave(Leaving::All(Line::Adopt));
                    }
                }
                Ok(Errand::Moved { last }) => {
                    if last {
                        self.stage = Stage::Over;
                        return Vec::new();
                    }
                }
                // Broken off by `stop`.
                Err(_) => {}
            }
        }
    }

    /// Begins with what is to be done now; returns when to look again.
    fn begin(&mut self, driving: u32) -> Timestamp {
        if self.is_stopped() || !self.runner.queue.has_adopt() {
            return Timestamp::MAX;
        }
        let now = self.runner.clock.now();
        let is_open = !self.invocation.is_closed();
        let slots = adoption::announcement(
            &self.invocation.name,
            driving,
            self.runner.settings.units,
            self.invocation.ends_at,
            self.pace,
            now,
        );
        let slots = slots.filter(|_| is_open && driving > 0);
        self.announce(slots.as_ref(), now);
        let has_room = is_open && driving < self.runner.settings.units;
        // What is being told already is no reason to wake up.
        let tell_at = if self.telling { Timestamp::MAX } else { self.tell_at };
        let mut wake_at = slots.map_or(Timestamp::MAX, |slots| slots.until.min(tell_at));
        if has_room {
            self.read(driving, now);
        } else if is_open && self.stage == Stage::Open {
            wake_at = wake_at.min(self.look_for_stale(now));
        }
        wake_at.min(self.come_to_an_end(driving, is_open, now))
    }

    /// Reads what there is room for. From `runs` too: where all runners that may run do so, nobody is started for what waits there.
    fn read(&mut self, driving: u32, now: Timestamp) {
        let most = MOST.min(self.runner.settings.units - driving);
        if self.stage == Stage::Open {
            self.receive(Line::Adopt, most, self.read_until, now);
        }
        let last = self.invocation.ends_at.saturating_sub(signed(self.pace.linger)).unwrap_or(now);
        if driving > 0 {
            self.receive(Line::Runs, most, last.min(adoption::reads_until(now, self.pace)), now);
        }
    }

    /// A full runner moves those back that wait in vain, for it may be the only one that looks.
    fn look_for_stale(&mut self, now: Timestamp) -> Timestamp {
        if now >= self.look_at {
            self.look_at = now.saturating_add(signed(self.pace.stale)).unwrap_or(Timestamp::MAX);
            self.errands.spawn(move_back(self.runner.clone(), Some(self.pace), false));
        }
        self.look_at
    }

    /// Some time after its last announcement a runner moves back what is left; while somebody else announces, only what waits in vain.
    fn come_to_an_end(&mut self, driving: u32, is_open: bool, now: Timestamp) -> Timestamp {
        let is_late = adoption::is_late(self.invocation.ends_at, self.pace, now);
        let is_last = self.stage == Stage::Open && (driving == 0 || !is_open || is_late);
        if !is_last || self.announced {
            return Timestamp::MAX;
        }
        if now < self.read_until {
            return self.read_until;
        }
        if !self.telling && !self.reads.adopt {
            self.stage = Stage::MovingBack;
            let runner = self.runner.clone();
            let pace = self.pace;
            self.errands.spawn(async move {
                let stale = runner.others_announce().await.then_some(pace);
                move_back(runner, stale, true).await
            });
        }
        Timestamp::MAX
    }

    /// Announces what there is, or takes back what there was.
    fn announce(&mut self, slots: Option<&Slots>, now: Timestamp) {
        if self.telling {
            return;
        }
        match slots {
            Some(slots) if now >= self.tell_at => {
                self.tell_at = now.saturating_add(signed(self.pace.every)).unwrap_or(Timestamp::MAX);
                self.read_until = self.read_until.max(adoption::reads_until(slots.until, self.pace));
                self.announced = true;
            }
            None if self.announced => {
                self.tell_at = now;
                self.read_until = self.read_until.min(adoption::reads_until(now, self.pace));
                self.announced = false;
            }
            _ => return,
        }
        self.telling = true;
        let (runner, invocation) = (self.runner.clone(), Arc::clone(self.invocation));
        let (slots, pace) = (slots.cloned(), self.pace);
        self.errands.spawn(async move {
            if let Some(slots) = slots {
                return runner.tell(&slots, pace).await;
            }
            runner.withdraw(&invocation.name).await;
            Errand::Told { leaves: false }
        });
    }

    /// Reads a queue until then, unless it is being read.
    fn receive(&mut self, line: Line, most: u32, until: Timestamp, now: Timestamp) {
        let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
        if wait.is_zero() || self.reads.of(line, true) {
            return;
        }
        let runner = self.runner.clone();
        let most = usize::try_from(most).unwrap_or(1);
        self.errands.spawn(async move {
            let lease = runner.settings.lease;
            let whole = Duration::from_secs(wait.min(LONGEST_WAIT).as_secs());
            let read = runner.queue.receive(line, most, lease, whole).await;
            if whole.is_zero() && read.as_ref().is_ok_and(Vec::is_empty) {
                // The queue waits for whole seconds only.
                runner.clock.sleep(wait.min(BRIEFLY)).await;
            }
            Errand::Read(line, read)
        });
    }
}

impl Reads {
    /// Notes whether this queue is being read; returns whether it was.
    const fn of(&mut self, line: Line, is_read: bool) -> bool {
        let read = match line {
            Line::Runs => &mut self.runs,
            Line::Adopt => &mut self.adopt,
        };
        std::mem::replace(read, is_read)
    }

    const fn any(&self) -> bool {
        self.runs || self.adopt
    }
}

async fn move_back(runner: Runner, stale: Option<Pace>, last: bool) -> Errand {
    match runner.move_back(stale).await {
        Ok(0) => {}
        Ok(moved) => info!(units = moved, "What waited to be adopted is moved back."),
        Err(error) => warn!(%error, "What waits to be adopted could not be moved back; the sweep does it."),
    }
    Errand::Moved { last }
}

fn signed(span: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(span).unwrap_or(jiff::SignedDuration::MAX)
}
