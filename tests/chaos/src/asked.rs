//! What a round asks of Multitask: units with their rows, what is changed about them later, and how their receivers answer.
//!
//! Every row has a name of its own in the whole round, which is part of its input: by that the checker finds a row upstream, whatever the
//! table says of it.

use serde_json::{Value, json};

/// A unit that is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its name in this round.
    pub name: String,
    /// When it is asked for, in seconds from the start.
    pub at: f64,
    /// What kind.
    pub kind: Kind,
    /// Its rows; one, for a task.
    pub rows: Vec<Row>,
    /// How often a failed row is bought again.
    pub retry_failed: u32,
    /// The upstream key it is bought with.
    pub key: String,
    /// Whether it is asked for twice at once, under one idempotency key.
    pub twice: bool,
    /// Whether somebody follows it live.
    pub read: bool,
    /// What its receiver answers first, before it takes everything; none if nobody is to be told.
    pub replies: Option<Vec<Reply>>,
    /// What is changed, and how long after it was asked for.
    pub change: Option<(f64, Change)>,
}

/// A kind of unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One question, followed live.
    Task,
    /// Rows of one specification.
    Group,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name in this round.
    pub name: String,
    /// How long its run takes upstream.
    pub seconds: f64,
    /// Whether its run fails, every time.
    pub fails: bool,
}

/// A change from outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is cancelled.
    Cancel,
    /// It is deleted.
    Delete,
    /// What has no output is bought again.
    Retry,
    /// It gets further rows.
    Append(Vec<Row>),
}

/// An answer of a receiver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reply {
    /// A status.
    Status(u16),
    /// 200, after so many seconds.
    Slow(f64),
    /// The connection is closed without an answer.
    Hang,
}

impl Row {
    /// What is sent.
    #[must_use]
    pub fn input(&self) -> Value {
        let fails = if self.fails { " fail" } else { "" };
        json!({"name": self.name, "simulate": format!("seconds={:.2}{fails}", self.seconds)})
    }
}

impl Asked {
    /// The body that asks for it, with its receiver at this URL.
    #[must_use]
    pub fn body(&self, receiver: &str) -> Value {
        let mut body = match self.kind {
            Kind::Task => json!({
                "processor": "core",
                "input": self.rows[0].input(),
                "taskSpec": {"output_schema": "what is known of it"},
            }),
            Kind::Group => json!({
                "processor": "lite",
                "inputs": self.rows.iter().map(Row::input).collect::<Vec<_>>(),
                "output_type": "text",
            }),
        };
        body["retry_failed"] = json!(self.retry_failed);
        body["metadata"] = json!({"name": self.name});
        if self.replies.is_some() {
            body["webhook_url"] = json!(format!("{receiver}/{}", self.name));
        }
        body
    }

    /// Where it is asked for.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        match self.kind {
            Kind::Task => "/api/tasks",
            Kind::Group => "/v1beta/tasks/groups",
        }
    }
}
