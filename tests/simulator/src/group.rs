//! A group, and the log of its events as a pure function of its runs and the time.
//!
//! A [`Walk`] goes through the status changes of all runs in order of time, counts, and numbers the events; walking
//! again from the start, after a restart too, gives the same events with the same ids. Whoever adds runs must do so
//! at a time later than any walk has reached. Invariant: walked events never change; new ones only follow them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::owner::Owner;
use crate::run::{Run, Status, after};
use crate::wire::time;

/// At most one status event within this many microseconds, unless the group becomes inactive.
const STATUS_GAP: i64 = 250_000;

/// A status change to come: when, of the run at which position, its how manieth change.
type Change = (Timestamp, usize, usize);

/// A group of runs.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: Arc<str>,
    pub(crate) owner: Owner,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) created_at: Timestamp,
    /// In the order they were added.
    pub(crate) runs: Vec<Arc<Run>>,
    /// Every status change of every run.
    changes: BTreeSet<Change>,
    /// A walk that follows the present, for whoever asks for the group's status.
    head: Walk,
    /// Wakes the streams when runs are added.
    pub(crate) added: watch::Sender<()>,
}

/// The counts of a group at some time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Counts {
    by_status: BTreeMap<Status, usize>,
    active: usize,
    runs: usize,
    modified_at: Option<Timestamp>,
}

impl Counts {
    /// Whether any run is active.
    pub(crate) fn is_active(&self) -> bool {
        self.active > 0
    }

    /// The `TaskGroupStatus`.
    pub(crate) fn told(&self) -> Value {
        let counts: Map<String, Value> =
            self.by_status.iter().map(|(status, count)| (status.name().to_owned(), json!(count))).collect();
        json!({
            "num_task_runs": self.runs,
            "task_run_status_counts": counts,
            "is_active": self.is_active(),
            "status_message": "",
            "modified_at": self.modified_at.map(time),
        })
    }

    fn put(&mut self, status: Status) {
        *self.by_status.entry(status).or_default() += 1;
        self.active += usize::from(status.is_active());
    }

    fn take(&mut self, status: Status) {
        if let Some(count) = self.by_status.get_mut(&status) {
            *count -= 1;
            if *count == 0 {
                self.by_status.remove(&status);
            }
            self.active -= usize::from(status.is_active());
        }
    }
}

/// An event of a group's log.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The group's counts at that time.
    Status { id: u64, counts: Counts },
    /// A run stopped being active at that time.
    Stopped { id: u64, run: Arc<Run>, at: Timestamp },
}

impl Event {
    /// Its number, from 1.
    pub(crate) fn id(&self) -> u64 {
        match self {
            Self::Status { id, .. } | Self::Stopped { id, .. } => *id,
        }
    }
}

/// A reader's place in a group's log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walk {
    reached: Option<Change>,
    counts: Counts,
    last_id: u64,
    /// When the last status event was due.
    told_at: Option<Timestamp>,
    /// When the next one is due, if anything has changed since.
    due_at: Option<Timestamp>,
}

impl Walk {
    /// The number of the last event, 0 before the first.
    pub(crate) fn last_id(&self) -> u64 {
        self.last_id
    }

    /// The counts as of the last step.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Goes on to `now` and appends what happened to `events`, at most about `limit` at once.
    pub(crate) fn step(&mut self, group: &Group, now: Timestamp, limit: usize, events: &mut Vec<Event>) {
        while events.len() < limit {
            let next = group.changes.range((self.bound(), Bound::Unbounded)).next().copied();
            let next = next.filter(|(at, ..)| *at <= now);
            if let Some(due) = self.due_at.filter(|due| *due <= now && next.is_none_or(|(at, ..)| *due < at))
            {
                self.tell(due, events);
                continue;
            }
            let Some(change) = next else { return };
            self.take(group, change, events);
            let (at, ..) = change;
            let more = group.changes.range((Bound::Excluded(change), Bound::Unbounded)).next();
            if more.is_some_and(|(later, ..)| *later == at) {
                continue;
            }
            let earliest = self.told_at.map_or(at, |told| after(told, STATUS_GAP).max(at));
            if earliest == at || !self.counts.is_active() {
                self.tell(at, events);
            } else {
                self.due_at = Some(earliest);
            }
        }
    }

    /// When something happens next, as far as is known now.
    pub(crate) fn next_at(&self, group: &Group) -> Option<Timestamp> {
        let change = group.changes.range((self.bound(), Bound::Unbounded)).next().map(|(at, ..)| *at);
        [change, self.due_at].into_iter().flatten().min()
    }

    fn bound(&self) -> Bound<Change> {
        self.reached.map_or(Bound::Unbounded, Bound::Excluded)
    }

    fn take(&mut self, group: &Group, change: Change, events: &mut Vec<Event>) {
        let (at, position, step) = change;
        self.reached = Some(change);
        let run = &group.runs[position];
        let changes = run.changes();
        let status = changes[step].1;
        match step.checked_sub(1).map(|before| changes[before].1) {
            Some(before) => self.counts.take(before),
            None => self.counts.runs += 1,
        }
        self.counts.put(status);
        self.counts.modified_at = Some(at);
        if !status.is_active() {
            self.last_id += 1;
            events.push(Event::Stopped { id: self.last_id, run: Arc::clone(run), at });
        }
    }

    fn tell(&mut self, at: Timestamp, events: &mut Vec<Event>) {
        self.last_id += 1;
        self.told_at = Some(at);
        self.due_at = None;
        events.push(Event::Status { id: self.last_id, counts: self.counts.clone() });
    }
}

impl Group {
    /// A group without runs.
    pub(crate) fn new(
        id: Arc<str>,
        owner: Owner,
        metadata: Map<String, Value>,
        created_at: Timestamp,
    ) -> Self {
        let (runs, changes, head) = (Vec::new(), BTreeSet::new(), Walk::default());
        Self { id, owner, metadata, created_at, runs, changes, head, added: watch::Sender::new(()) }
    }

    /// Adds a run; its creation must be later than any time the group was looked at.
    pub(crate) fn add(&mut self, run: Arc<Run>) {
        let position = self.runs.len();
        self.changes.extend(run.changes().iter().enumerate().map(|(step, (at, _))| (*at, position, step)));
        self.runs.push(run);
    }

    /// Moves the head to `now`; returns the counts and the number of the last event.
    pub(crate) fn look(&mut self, now: Timestamp) -> (Counts, u64) {
        let mut head = std::mem::take(&mut self.head);
        let mut passed = Vec::new();
        head.step(self, now, usize::MAX, &mut passed);
        self.head = head;
        (self.head.counts.clone(), self.head.last_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::request::parse;
    use crate::run::Life;

    fn group(markers: &[&str]) -> Group {
        let mut group = Group::new("tgrp_x".into(), Owner::of_key("k"), Map::new(), Timestamp::UNIX_EPOCH);
        for (n, marker) in markers.iter().enumerate() {
            let created_at = after(Timestamp::UNIX_EPOCH, i64::try_from(n).expect("small") / 2 * 60_000_000);
            let body = json!({"processor": "lite", "input": format!("simulate:{marker}")});
            let request = parse(&body, None).expect("the body is valid");
            let id = format!("trun_{n}");
            let life = Life::decide(&id, &request, &Config::default());
            let owner = Owner::of_key("k");
            group.add(Arc::new(Run { id, owner, group: Some("tgrp_x".into()), created_at, request, life }));
        }
        group
    }

    fn walk(group: &Group, walk: &mut Walk, now: i64) -> Vec<String> {
        let mut events = Vec::new();
        walk.step(group, after(Timestamp::UNIX_EPOCH, now * 1_000_000), usize::MAX, &mut events);
        events
            .iter()
            .map(|event| match event {
                Event::Status { id, counts } => format!("{id} {}", counts.told()),
                Event::Stopped { id, run, at } => format!("{id} {} {at}", run.id),
            })
            .collect()
    }

    #[test]
    fn walking_in_steps_tells_what_walking_at_once_tells() {
        let group = group(&["a", "fail", "cancelled", "action_required", "slow", "unknown_status"]);
        let at_once = walk(&group, &mut Walk::default(), 100_000);
        let mut stepping = Walk::default();
        let in_steps: Vec<String> = (0..1_000).flat_map(|n| walk(&group, &mut stepping, n * 100)).collect();
        assert_eq!(at_once, in_steps);
        let ids: Vec<u64> =
            at_once.iter().filter_map(|event| event.split(' ').next()?.parse().ok()).collect();
        assert_eq!(ids, (1..=u64::try_from(at_once.len()).expect("small")).collect::<Vec<_>>());
    }

    #[test]
    fn each_run_is_told_to_have_stopped_once_and_the_last_event_is_an_inactive_status() {
        let group = group(&["a", "fail", "cancelled", "action_required"]);
        let told = walk(&group, &mut Walk::default(), 100_000);
        for run in &group.runs {
            assert_eq!(told.iter().filter(|event| event.contains(&run.id)).count(), 1);
        }
        let last = told.last().expect("events");
        assert!(last.contains("\"is_active\":false") && last.contains("\"action_required\":1"), "{last}");
    }

    #[test]
    fn runs_added_later_change_no_event_that_was_told() {
        let mut group = group(&["a", "b"]);
        let mut reader = Walk::default();
        let before = walk(&group, &mut reader, 10_000);
        assert!(reader.next_at(&group).is_none());
        let body = json!({"processor": "lite", "input": "c"});
        let request = parse(&body, None).expect("the body is valid");
        let life = Life::decide("late", &request, &Config::default());
        let created_at = after(Timestamp::UNIX_EPOCH, 10_001_000_000);
        let (owner, id) = (Owner::of_key("k"), "late".to_owned());
        group.add(Arc::new(Run { id, owner, group: None, created_at, request, life }));
        assert_eq!(reader.next_at(&group), Some(created_at));
        let later = walk(&group, &mut reader, 100_000);
        let again = walk(&group, &mut Walk::default(), 100_000);
        assert_eq!([before, later].concat(), again);
    }

    #[test]
    fn a_run_that_never_ends_keeps_its_group_active() {
        let mut group = group(&["a", "never"]);
        let (counts, _) = group.look(after(Timestamp::UNIX_EPOCH, 1_000_000_000_000));
        assert!(counts.is_active());
        assert_eq!(counts.told()["task_run_status_counts"], json!({"running": 1, "completed": 1}));
    }
}
