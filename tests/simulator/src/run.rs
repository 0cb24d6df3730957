//! A run, whose whole life is fixed when it is created.
//!
//! Status, progress and output at any time are pure functions of the record and that time: no task drives a run,
//! nothing is stored while it goes on, and a restarted simulator tells the same story. Invariant: a [`Run`] never
//! changes; `changes` is ascending in time.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::behaviour::{Behaviour, Content, Outcome};
use crate::chance::Dice;
use crate::config::Config;
use crate::owner::Owner;
use crate::request::Request;

/// A run's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Status {
    Queued,
    ActionRequired,
    Running,
    Completed,
    Failed,
    Cancelling,
    Cancelled,
    /// Active, and unknown to every client.
    Verifying,
}

impl Status {
    /// Every status that the upstream documents.
    pub(crate) const DOCUMENTED: [Self; 7] = [
        Self::Queued,
        Self::ActionRequired,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Cancelling,
        Self::Cancelled,
    ];

    /// Its name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::ActionRequired => "action_required",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
            Self::Verifying => "verifying",
        }
    }

    /// Whether streams and groups wait for the run; `action_required` is not waited for.
    pub(crate) fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Cancelling | Self::Verifying)
    }
}

/// What was decided about a run at its creation. It is journalled, so a later speed does not move it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Life {
    /// Microseconds in the queue.
    queued: i64,
    /// Microseconds from the start to the end; without meaning when it never ends.
    running: i64,
    /// How it ends.
    pub(crate) outcome: Outcome,
    /// What it finds.
    pub(crate) content: Content,
    /// Progress events over the whole run.
    pub(crate) events: u32,
    /// Whether it passes through a status nobody knows.
    odd_status: bool,
}

impl Life {
    /// Decides the life of the run `id`: by the markers of its input, the median of its processor, and its id.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "float to integer casts saturate, and 292,000 years do"
    )]
    pub(crate) fn decide(id: &str, request: &Request, config: &Config) -> Self {
        let behaviour = Behaviour::of(request.input());
        let mut dice = Dice::of(&["life", id]);
        let queued = (0.5 + 1.5 * dice.fraction()) / config.pace();
        let jitter = 0.6 + 0.8 * dice.fraction();
        let slowness = if behaviour.slow { 10.0 } else { 1.0 };
        let running = request.choice.median().as_secs_f64() * jitter * slowness / config.pace();
        let failed = behaviour.outcome == Outcome::Complete && dice.fraction() < config.failure_rate;
        Self {
            queued: (queued * 1e6) as i64,
            running: (behaviour.seconds.unwrap_or(running) * 1e6) as i64,
            outcome: if failed { Outcome::Fail } else { behaviour.outcome },
            content: behaviour.content,
            events: events(request, config),
            odd_status: behaviour.odd_status,
        }
    }
}

/// `enable_events: false` records none; not asking for them below `pro` shows a few.
fn events(request: &Request, config: &Config) -> u32 {
    let asked = request.body.get("enable_events").and_then(serde_json::Value::as_bool);
    match (asked, config.progress_events) {
        (Some(false), _) => 0,
        (_, Some(count)) => count,
        (None, None) if !request.choice.researches() => request.choice.processor.events / 3,
        (_, None) => request.choice.processor.events,
    }
}

/// A run as it was created.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) owner: Owner,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) created_at: Timestamp,
    pub(crate) request: Request,
    pub(crate) life: Life,
}

impl Run {
    /// Every status the run has, with the time from which it has it.
    pub(crate) fn changes(&self) -> Vec<(Timestamp, Status)> {
        let started = self.started_at();
        let mut changes = vec![(self.created_at, Status::Queued), (started, Status::Running)];
        let part = |tenths: i64| after(started, self.life.running / 10 * tenths);
        if self.life.odd_status {
            changes.push((part(3), Status::Verifying));
            changes.push((part(6), Status::Running));
        }
        let ended = after(started, self.life.running);
        match self.life.outcome {
            Outcome::Complete | Outcome::NoOutput => changes.push((ended, Status::Completed)),
            Outcome::Fail => changes.push((ended, Status::Failed)),
            Outcome::Cancel => changes.extend([(part(9), Status::Cancelling), (ended, Status::Cancelled)]),
            Outcome::Stop => changes.push((ended, Status::ActionRequired)),
            Outcome::Never => {}
        }
        changes
    }

    /// The status at `now`, and since when.
    pub(crate) fn status_at(&self, now: Timestamp) -> (Status, Timestamp) {
        let mut changes = self.changes();
        changes.retain(|(at, _)| *at <= now);
        changes.pop().map_or((Status::Queued, self.created_at), |(at, status)| (status, at))
    }

    /// When work on it begins.
    pub(crate) fn started_at(&self) -> Timestamp {
        after(self.created_at, self.life.queued)
    }

    /// How long work on it takes, or would have to take at its pace if it never ends.
    pub(crate) fn running_time(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.life.running).unwrap_or(0))
    }

    /// When it stops being active, if ever.
    pub(crate) fn ended_at(&self) -> Option<Timestamp> {
        (self.life.outcome != Outcome::Never).then(|| after(self.started_at(), self.life.running))
    }

    /// A little after `since`: on a fresh run the modification stands 200 to 400 microseconds after the creation.
    pub(crate) fn modified_at(&self, since: Timestamp) -> Timestamp {
        if since == self.created_at {
            after(since, Dice::of(&["fresh", &self.id]).between(200, 400))
        } else {
            since
        }
    }
}

/// `at` moved by some microseconds, as far as the calendar goes.
pub(crate) fn after(at: Timestamp, micros: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_micros(micros)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(crate) fn run(body: &Value, config: &Config) -> Run {
        let request = crate::request::parse(body, None).expect("the body is valid");
        let id = "trun_0123456789abcdef0123456789abcdef".to_owned();
        let life = Life::decide(&id, &request, config);
        let owner = Owner::of_key("k");
        Run { life, id, owner, group: None, created_at: Timestamp::UNIX_EPOCH, request }
    }

    fn story(input: &Value) -> Vec<&'static str> {
        let run = run(&json!({"processor": "lite", "input": input}), &Config::default());
        run.changes().into_iter().map(|(_, status)| status.name()).collect()
    }

    #[test]
    fn each_marker_tells_its_own_story() {
        for (marker, wanted) in [
            ("none", vec!["queued", "running", "completed"]),
            ("fail", vec!["queued", "running", "failed"]),
            ("null_output", vec!["queued", "running", "completed"]),
            ("never", vec!["queued", "running"]),
            ("action_required", vec!["queued", "running", "action_required"]),
            ("cancelled", vec!["queued", "running", "cancelling", "cancelled"]),
            ("unknown_status", vec!["queued", "running", "verifying", "running", "completed"]),
        ] {
            assert_eq!(story(&json!({"simulate": marker})), wanted, "{marker}");
        }
    }

    #[test]
    fn changes_ascend_and_the_status_follows_them() {
        for marker in ["none", "cancelled", "unknown_status"] {
            let input = json!({"processor": "base", "input": {"simulate": marker}});
            let run = run(&input, &Config::default());
            let changes = run.changes();
            assert!(changes.is_sorted_by_key(|(at, _)| *at));
            for (at, status) in changes {
                assert_eq!(run.status_at(at), (status, at));
            }
        }
    }

    #[test]
    fn a_speed_of_ten_is_ten_times_faster_and_slow_ten_times_slower() {
        let time = |input: &str, speed| {
            let body = json!({"processor": "core", "input": input});
            run(&body, &Config { speed, ..Config::default() }).running_time().as_secs_f64()
        };
        assert!((time("x", 1.0) / time("x", 10.0) - 10.0).abs() < 0.01);
        assert!((time("simulate:slow", 1.0) / time("x", 1.0) - 10.0).abs() < 0.01);
        assert!((time("simulate:seconds=3", 50.0) - 3.0).abs() < 0.01);
        assert!((54.0..126.0).contains(&time("x", 1.0)), "the median of core is 90 s");
        assert!((time("x", 0.0) - time("x", 1.0)).abs() < 0.01, "a speed without meaning counts as 1");
    }

    #[test]
    fn events_are_left_out_when_switched_off_and_few_when_not_asked_for() {
        let count = |body: Value| run(&body, &Config::default()).life.events;
        assert_eq!(count(json!({"processor": "core", "input": "x", "enable_events": false})), 0);
        assert_eq!(count(json!({"processor": "pro", "input": "x", "enable_events": false})), 0);
        let asked = count(json!({"processor": "core", "input": "x", "enable_events": true}));
        assert!(count(json!({"processor": "core", "input": "x"})) < asked);
        assert_eq!(count(json!({"processor": "pro", "input": "x"})), 24);
    }
}
