//! The checker: holds a round's record against itself, and tells every fault.
//!
//! A pure function of the [`Record`], independent of the code that is judged. What may legitimately happen is decided by rule, in the file of
//! each question, never by looking away. Invariant: a record of a round in which nothing was lost, doubled or stuck has no fault.

mod ends;
mod events;
mod flushes;
mod purchases;
mod readers;
mod results;
mod webhooks;

use std::fmt;

use crate::asked::{Change, Row};
use crate::record::{Record, Unit};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A unit does not end, or is not there.
    Stuck,
    /// A unit was given up, or ended as it should not.
    Ended,
    /// A row was not bought.
    Unbought,
    /// A row was bought twice for one attempt.
    BoughtTwice,
    /// A run upstream that nobody asked for, or that the table tells otherwise.
    Foreign,
    /// A result is missing, or is another's.
    Result,
    /// Counts do not add up.
    Counts,
    /// Flushes have a gap, or go back.
    Flushes,
    /// An event that a holder was told is not kept.
    EventLost,
    /// An event is kept twice.
    EventTwice,
    /// Events are out of order, or nobody's.
    EventOrder,
    /// A reader was not told what is kept, or something twice.
    Reader,
    /// An end was not told to its receiver.
    WebhookLost,
    /// An end was told twice.
    WebhookTwice,
    /// An end was told wrongly.
    Webhook,
    /// Of a deleted unit something is left.
    Leftover,
    /// A message that nobody could work off.
    DeadLetter,
}

/// A fault of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: Kind,
    /// With which unit: its name and its id.
    pub unit: String,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}: {}", self.kind, self.unit, self.found)
    }
}

/// The faults of one unit, as they are found.
struct Faults<'a> {
    unit: &'a Unit,
    found: Vec<Fault>,
}

impl Faults<'_> {
    fn tell(&mut self, kind: Kind, found: impl Into<String>) {
        let unit = format!("{} ({})", self.unit.asked.name, self.unit.id);
        self.found.push(Fault { kind, unit, found: found.into() });
    }
}

/// Every fault of this round.
#[must_use]
pub fn check(record: &Record) -> Vec<Fault> {
    let mut all = Vec::new();
    for unit in &record.units {
        let mut faults = Faults { unit, found: Vec::new() };
        if ends::check(unit, &mut faults) {
            purchases::check(unit, record, &mut faults);
            results::check(unit, record, &mut faults);
            flushes::check(unit, &mut faults);
            events::check(unit, record, &mut faults);
            readers::check(unit, &mut faults);
        }
        webhooks::check(unit, record, &mut faults);
        all.extend(faults.found);
    }
    all.extend(purchases::strangers(record));
    all.extend(webhooks::strangers(record));
    let dead = record.dead.iter();
    all.extend(dead.map(|message| Fault {
        kind: Kind::DeadLetter,
        unit: "the queues".to_owned(),
        found: message.clone(),
    }));
    all
}

/// The rows that a unit must have, in order.
fn rows(unit: &Unit) -> Vec<&Row> {
    let appended = match &unit.changed {
        Some(Change::Append(rows)) => rows.as_slice(),
        _ => &[],
    };
    unit.asked.rows.iter().chain(appended).collect()
}

fn is_deleted(unit: &Unit) -> bool {
    unit.changed == Some(Change::Delete)
}

/// Whether it was ended from outside, so that not everything has happened that it was to do.
fn is_ended_early(unit: &Unit) -> bool {
    matches!(unit.changed, Some(Change::Delete | Change::Cancel))
}
