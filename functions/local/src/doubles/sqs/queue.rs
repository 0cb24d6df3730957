//! One queue: its messages, found by when they can be received, by their group and by their age.
//!
//! Owns the order and the indexes; who may do what to a message is decided elsewhere.
//! Invariant: every message stands exactly once in each index, under its present times.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::attributes::Settings;
use super::message::Message;

/// A number that no two messages of one process share, rising in the order of arrival.
pub(crate) type Serial = u64;

/// Messages with receivers from which on a group may be too loud.
const LOUD: usize = 30;

/// A queue and what lies in it.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) settings: Settings,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
    messages: HashMap<Serial, Message>,
    by_visibility: BTreeSet<(Timestamp, Serial)>,
    by_age: BTreeSet<(Timestamp, Serial)>,
    by_group: BTreeMap<Option<String>, BTreeSet<(Timestamp, Serial)>>,
}

/// How many messages of a queue are in which state.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) visible: usize,
    pub(crate) in_flight: usize,
    pub(crate) delayed: usize,
}

impl Queue {
    /// An empty queue.
    pub(crate) fn new(settings: Settings, created_at: Timestamp) -> Self {
        Self {
            settings,
            created_at,
            modified_at: created_at,
            messages: HashMap::new(),
            by_visibility: BTreeSet::new(),
            by_age: BTreeSet::new(),
            by_group: BTreeMap::new(),
        }
    }

    /// The message with this number.
    pub(crate) fn get(&self, serial: Serial) -> Option<&Message> {
        self.messages.get(&serial)
    }

    /// Puts a message in; one with the same number is replaced.
    pub(crate) fn put(&mut self, serial: Serial, message: Message) {
        self.take(serial);
        self.by_visibility.insert((message.visible_at, serial));
        self.by_age.insert((message.sent_at, serial));
        self.by_group.entry(message.group.clone()).or_default().insert((message.visible_at, serial));
        self.messages.insert(serial, message);
    }

    /// Takes a message out.
    pub(crate) fn take(&mut self, serial: Serial) -> Option<Message> {
        let message = self.messages.remove(&serial)?;
        self.by_visibility.remove(&(message.visible_at, serial));
        self.by_age.remove(&(message.sent_at, serial));
        if let Some(group) = self.by_group.get_mut(&message.group) {
            group.remove(&(message.visible_at, serial));
            if group.is_empty() {
                self.by_group.remove(&message.group);
            }
        }
        Some(message)
    }

    /// Changes a message that is there.
    pub(crate) fn change(&mut self, serial: Serial, change: impl FnOnce(&mut Message)) {
        if let Some(mut message) = self.take(serial) {
            change(&mut message);
            self.put(serial, message);
        }
    }

    /// Takes every message out.
    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.by_visibility.clear();
        self.by_age.clear();
        self.by_group.clear();
    }

    /// All messages, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Serial, &Message)> {
        self.messages.iter().map(|(serial, message)| (*serial, message))
    }

    /// Messages that can be received now, longest visible first; behind all others those of groups that have more than a tenth of what is
    /// with receivers, and thirty messages at least. As SQS documents it, though there it is approximate.
    pub(crate) fn next(&self, now: Timestamp, most: usize) -> impl Iterator<Item = (Serial, &Message)> {
        let with_receivers = |group: &BTreeSet<(Timestamp, Serial)>| {
            let hidden = group.range((now, Serial::MAX)..);
            hidden.filter(|(_, serial)| self.messages[serial].in_flight(now)).count()
        };
        let counts: Vec<_> =
            self.by_group.iter().map(|(name, group)| (name, with_receivers(group))).collect();
        let all: usize = counts.iter().map(|(_, count)| count).sum();
        let is_loud =
            |name: &Option<String>, count: usize| name.is_some() && count >= LOUD && count * 10 > all;
        let mut next: Vec<_> = counts
            .iter()
            .flat_map(|(name, count)| {
                let visible = self.by_group[*name].range(..=(now, Serial::MAX)).take(most);
                visible.map(|(at, serial)| (is_loud(name, *count), *at, *serial))
            })
            .collect();
        next.sort_unstable();
        next.into_iter().map(|(_, _, serial)| (serial, &self.messages[&serial]))
    }

    /// When the next message becomes visible that is not so yet.
    pub(crate) fn next_visible_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.by_visibility.range((now, Serial::MAX)..).next().map(|(at, _)| *at)
    }

    /// The messages that have been here for longer than the queue keeps them.
    pub(crate) fn expired(&self, now: Timestamp) -> impl Iterator<Item = Serial> {
        let until = now.saturating_sub(self.settings.retention()).unwrap_or(Timestamp::MIN);
        self.by_age.range(..=(until, Serial::MAX)).map(|(_, serial)| *serial)
    }

    /// How many messages are visible, with a receiver, or delayed; expired ones are not counted.
    pub(crate) fn counts(&self, now: Timestamp) -> Counts {
        let expired: BTreeSet<_> = self.expired(now).collect();
        let mut counts = Counts::default();
        for (_, message) in self.iter().filter(|(serial, _)| !expired.contains(serial)) {
            match (message.visible_at > now, message.in_flight(now)) {
                (false, _) => counts.visible += 1,
                (true, true) => counts.in_flight += 1,
                (true, false) => counts.delayed += 1,
            }
        }
        counts
    }

    /// Whether at least `limit` messages are with receivers.
    pub(crate) fn in_flight_reaches(&self, limit: usize, now: Timestamp) -> bool {
        self.messages.len() >= limit && self.counts(now).in_flight >= limit
    }
}
