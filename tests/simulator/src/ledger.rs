//! The ledger: what the simulator was made to do, for tests to count.
//!
//! Runs come from the book, so they survive a restart; calls, streams and deliveries are those of this process, the
//! last 100,000 of each. Invariant: nothing here shows a key; owners are compared by their hash.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::endpoint::Endpoint;
use crate::owner::Owner;
use crate::progress;
use crate::run::Run;
use crate::world::World;

const KEPT: usize = 100_000;

/// A run that was created.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunEntry {
    /// Its id.
    pub run_id: String,
    /// Its group, if it was added to one.
    pub taskgroup_id: Option<String>,
    /// Whose it is.
    pub owner: Owner,
    /// Its processor as named.
    pub processor: String,
    /// Its metadata.
    pub metadata: Map<String, Value>,
    /// Its status now.
    pub status: &'static str,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it stops being active; `None` if it never does.
    pub ends_at: Option<Timestamp>,
}

/// How a call that creates something was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It was executed, and the caller told.
    Told,
    /// It was executed, and the reply lost on purpose.
    Lost,
    /// It was refused with this status.
    Refused(u16),
    /// The request was lost on purpose before anything was done.
    Unseen,
}

/// A call that creates something: a run, a group, or runs of a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CreateCall {
    /// When it was answered.
    pub at: Timestamp,
    /// Which operation.
    pub endpoint: Endpoint,
    /// Whose.
    pub owner: Owner,
    /// The group that was created or added to.
    pub taskgroup_id: Option<String>,
    /// The runs that were created, in order.
    pub run_ids: Vec<String>,
    /// How it was answered.
    pub answer: Answer,
}

/// An attempt to deliver a webhook.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delivery {
    /// When the attempt ended.
    pub at: Timestamp,
    /// About which run.
    pub run_id: String,
    /// The same for all attempts.
    pub webhook_id: String,
    /// Where to.
    pub url: String,
    /// From 1.
    pub attempt: u32,
    /// The receiver's status; `None` when there was no reply.
    pub status: Option<u16>,
}

/// A stream of one run's events that is over.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Followed {
    /// The run.
    pub run_id: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// All messages that the run had shown by then went over it; `None` if it was broken off before its first events.
    pub told_at: Option<Timestamp>,
    /// When it ended, by whichever side.
    pub closed_at: Timestamp,
}

/// What is recorded as it happens.
#[derive(Debug, Default)]
pub(crate) struct Records {
    creates: VecDeque<CreateCall>,
    deliveries: VecDeque<Delivery>,
    followed: VecDeque<Followed>,
    requests: BTreeMap<Endpoint, u64>,
    open_streams: usize,
    most_streams: usize,
}

impl Records {
    pub(crate) fn count(&mut self, endpoint: Endpoint) {
        *self.requests.entry(endpoint).or_default() += 1;
    }

    pub(crate) fn create(&mut self, call: CreateCall) {
        keep(&mut self.creates, call);
    }

    pub(crate) fn deliver(&mut self, delivery: Delivery) {
        keep(&mut self.deliveries, delivery);
    }

    pub(crate) fn stream_opened(&mut self) {
        self.open_streams += 1;
        self.most_streams = self.most_streams.max(self.open_streams);
    }

    pub(crate) fn stream_closed(&mut self, followed: Option<Followed>) {
        self.open_streams -= 1;
        if let Some(followed) = followed {
            keep(&mut self.followed, followed);
        }
    }
}

fn keep<T>(list: &mut VecDeque<T>, entry: T) {
    if list.len() == KEPT {
        list.pop_front();
    }
    list.push_back(entry);
}

/// What a simulator was made to do; clones look at the same one.
#[derive(Debug, Clone)]
pub struct Ledger(pub(crate) Arc<World>);

impl Ledger {
    /// Every run, in the order of creation.
    #[must_use]
    pub fn runs(&self) -> Vec<RunEntry> {
        self.runs_where(|_| true)
    }

    /// The runs that were created with `key`.
    #[must_use]
    pub fn runs_of_key(&self, key: &str) -> Vec<RunEntry> {
        let owner = Owner::of_key(key);
        self.runs_where(|run| run.owner == owner)
    }

    /// The runs of a group, in the order they were added.
    #[must_use]
    pub fn runs_of_group(&self, id: &str) -> Vec<RunEntry> {
        self.runs_where(|run| run.group.as_deref() == Some(id))
    }

    /// The runs whose metadata has `value` at `name`.
    #[must_use]
    pub fn runs_with_metadata(&self, name: &str, value: &Value) -> Vec<RunEntry> {
        self.runs_where(|run| run.request.metadata().get(name) == Some(value))
    }

    /// What a run shows of its progress in its whole life, in order: when, and the event. Nothing for an unknown run.
    #[must_use]
    pub fn shown(&self, run_id: &str) -> Vec<(Timestamp, Value)> {
        let run = self.0.book().runs.iter().find(|run| run.id == run_id).cloned();
        let shown = run.map(|run| progress::of(&run)).unwrap_or_default();
        shown.into_iter().map(|shown| (shown.at, shown.frame.data)).collect()
    }

    /// The calls that create something, oldest first, refused and lost ones included.
    #[must_use]
    pub fn creates(&self) -> Vec<CreateCall> {
        self.0.records().creates.iter().cloned().collect()
    }

    /// The attempts to deliver webhooks, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.0.records().deliveries.iter().cloned().collect()
    }

    /// The streams of single runs that are over, in the order of their ends.
    #[must_use]
    pub fn followed(&self) -> Vec<Followed> {
        self.0.records().followed.iter().cloned().collect()
    }

    /// How many requests an operation has had.
    #[must_use]
    pub fn requests(&self, endpoint: Endpoint) -> u64 {
        self.0.records().requests.get(&endpoint).copied().unwrap_or(0)
    }

    /// Event streams open now.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.0.records().open_streams
    }

    /// The most event streams that were ever open at once.
    #[must_use]
    pub fn most_streams(&self) -> usize {
        self.0.records().most_streams
    }

    /// Everything as JSON, with the runs that `filter` picks.
    pub(crate) fn told(&self, filter: impl Fn(&Run) -> bool) -> Value {
        let runs = self.runs_where(filter);
        let (creates, deliveries) = (self.creates(), self.deliveries());
        let records = self.0.records();
        serde_json::json!({
            "runs": runs,
            "creates": creates,
            "deliveries": deliveries,
            "requests": records.requests,
            "open_streams": records.open_streams,
            "most_streams": records.most_streams,
        })
    }

    fn runs_where(&self, wanted: impl Fn(&Run) -> bool) -> Vec<RunEntry> {
        let now = self.0.now();
        let runs: Vec<Arc<Run>> = self.0.book().runs.iter().filter(|run| wanted(run)).cloned().collect();
        runs.iter().map(|run| entry(run, now)).collect()
    }
}

fn entry(run: &Run, now: Timestamp) -> RunEntry {
    RunEntry {
        run_id: run.id.clone(),
        taskgroup_id: run.group.as_deref().map(str::to_owned),
        owner: run.owner.clone(),
        processor: run.request.processor().to_owned(),
        metadata: run.request.metadata(),
        status: run.status_at(now).0.name(),
        created_at: run.created_at,
        ends_at: run.ended_at(),
    }
}
