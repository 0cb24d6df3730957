//! All schedules and groups, the changes that can happen to them, and which schedule is due next.
//!
//! Owns what each [`Change`] does; deciding which a request causes is left to its neighbours.
//! Invariant: `due` holds exactly the enabled schedules that will fire, under the time of their next firing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::schedule::Schedule;

/// A schedule's group and name.
pub(super) type Key = (String, String);

#[derive(Debug, Default)]
pub(super) struct State {
    schedules: BTreeMap<Key, Schedule>,
    /// The groups that were created, beside the default one.
    groups: BTreeSet<String>,
    due: BTreeSet<(Timestamp, Key)>,
}

/// Something that happened to a schedule or a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Change {
    /// A schedule was created or replaced, or has fired and will again.
    Put(Box<Schedule>),
    /// A schedule was deleted.
    Deleted(Key),
    /// A group was created.
    Group(String),
}

impl State {
    /// The schedule under this key.
    pub(super) fn get(&self, key: &Key) -> Option<&Schedule> {
        self.schedules.get(key)
    }

    /// All schedules in the order of their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Schedule)> {
        self.schedules.iter()
    }

    /// Whether there is a group of this name.
    pub(super) fn has_group(&self, name: &str) -> bool {
        name == super::schedule::DEFAULT_GROUP || self.groups.contains(name)
    }

    /// The schedule that fires next, and when.
    pub(super) fn next_due(&self) -> Option<(Timestamp, &Schedule)> {
        let (at, key) = self.due.first()?;
        Some((*at, &self.schedules[key]))
    }

    /// Makes a change true.
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Put(schedule) => {
                let key = (schedule.definition.group_name.clone(), schedule.name.clone());
                self.remove(&key);
                self.due.extend(schedule.due_at().map(|at| (at, key.clone())));
                self.schedules.insert(key, *schedule);
            }
            Change::Deleted(key) => self.remove(&key),
            Change::Group(name) => {
                self.groups.insert(name);
            }
        }
    }

    /// The changes that build this state from nothing.
    pub(super) fn history(&self) -> impl Iterator<Item = Change> {
        let groups = self.groups.iter().cloned().map(Change::Group);
        groups.chain(self.schedules.values().cloned().map(Box::new).map(Change::Put))
    }

    fn remove(&mut self, key: &Key) {
        if let Some(at) = self.schedules.remove(key).and_then(|schedule| schedule.due_at()) {
            self.due.remove(&(at, key.clone()));
        }
    }
}
