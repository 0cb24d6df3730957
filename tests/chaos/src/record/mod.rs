//! The record of a round: what was asked for, what the tables hold, what the upstream did, what the receivers got.
//!
//! Plain data, so that the checker is a pure function of it, and a test can plant a fault in it. It is read from the items themselves, not
//! through the crate that wrote them. Invariant: nothing here was computed from another part of it.

pub mod logs;
pub mod table;
pub mod upstream;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::asked::{Asked, Change};
use crate::reader::Read;
use crate::receiver::Hit;

/// A round, as it was found when it was over.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// All units.
    pub units: Vec<Unit>,
    /// All runs upstream.
    pub bought: Vec<Bought>,
    /// All that the receivers got.
    pub hits: Vec<Hit>,
    /// Messages that nobody could work off.
    pub dead: Vec<String>,
}

/// A unit.
#[derive(Debug, Clone)]
pub struct Unit {
    /// What was asked for.
    pub asked: Asked,
    /// The change that was accepted.
    pub changed: Option<Change>,
    /// Its id.
    pub id: String,
    /// Its own item; none if there is none.
    pub meta: Option<Meta>,
    /// Its flushes by number, those beyond the announced ones too.
    pub flushes: BTreeMap<u64, Flush>,
    /// Row, attempt and run of everything that was bought, as the table tells it.
    pub purchases: Vec<(u32, u32, String)>,
    /// Its runs by row.
    pub runs: BTreeMap<u32, Run>,
    /// Its deliveries.
    pub deliveries: Vec<Delivery>,
    /// All keys of its items but its own.
    pub items: Vec<String>,
    /// Its runs as its owner reads them: row, status and output.
    pub view: Option<View>,
    /// What came to who followed it live, if anybody did.
    pub read: Option<Read>,
    /// When a holder lost it against its will: killed, frozen, fenced, or without tables.
    pub losses: Vec<Loss>,
    /// When a holder gave it up in order.
    pub partings: Vec<Timestamp>,
    /// How many attempts to tell its end were perhaps made, and not recorded.
    pub retold: usize,
}

/// A time at which a holder lost its unit, or stood still and was to lose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// When it began.
    pub from: Timestamp,
    /// When it was over: the same, unless the holder was frozen.
    pub until: Timestamp,
}

/// A unit's own item.
#[derive(Debug, Clone, PartialEq)]
pub struct Meta {
    /// Its status.
    pub status: String,
    /// How many of its rows stand where.
    pub counts: BTreeMap<String, u64>,
    /// The last flush that was announced.
    pub seq: u64,
    /// How often it was revived.
    pub round: u64,
    /// How often it was claimed, or fenced from outside.
    pub epoch: u64,
    /// Everything of it that is text, for people.
    pub told: Value,
}

/// A flush.
#[derive(Debug, Clone, PartialEq)]
pub struct Flush {
    /// When.
    pub at: Timestamp,
    /// Rows that it changed: row, status, attempt.
    pub runs: Vec<(u32, String, u32)>,
    /// What the upstream told: kind and event.
    pub told: Vec<(String, Value)>,
}

/// A run that is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Where it stands.
    pub status: String,
    /// Its present attempt.
    pub attempt: u32,
    /// The upstream's id.
    pub run_id: Option<String>,
    /// Its output.
    pub output: Option<Value>,
}

/// A delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its key.
    pub key: String,
    /// Its status word.
    pub moment: String,
    /// Its round.
    pub round: u64,
    /// Where it stands.
    pub state: String,
    /// When its next attempt is due.
    pub due_at: Option<Timestamp>,
    /// The statuses that were answered; 0 for none.
    pub attempts: Vec<u64>,
}

/// A unit as its owner reads it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    /// Its status.
    pub status: String,
    /// The status of each row, and the content of its output.
    pub rows: Vec<(u32, String, Option<Value>)>,
}

/// A run upstream.
#[derive(Debug, Clone, PartialEq)]
pub struct Bought {
    /// Its id.
    pub run_id: String,
    /// The name of the row that was its input.
    pub row: String,
    /// What its metadata says: row and attempt.
    pub mark: Option<(u32, u32)>,
    /// Its status.
    pub status: String,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Its output, if it completed.
    pub output: Option<Value>,
    /// The messages that it shows, in order.
    pub messages: Vec<(Timestamp, Value)>,
    /// Who followed it.
    pub followed: Vec<Followed>,
}

/// A stream of a run's events.
#[derive(Debug, Clone, PartialEq)]
pub struct Followed {
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Everything that was shown by then went over it.
    pub told_at: Option<Timestamp>,
    /// When it ended.
    pub closed_at: Timestamp,
}
