//! How far the holder of a unit has come: its checkpoint, from which any other runner goes on.
//!
//! Invariant: what costs money upstream is announced here ([`Adding`]) before it is asked for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A holder's checkpoint. Only the holder writes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The rows of the first source; none until a list that comes by URL has been read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u32>,
    /// The processor in use; none until chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// Why this processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor_reason: Option<String>,
    /// The upstream's task specification in use; none until settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_spec: Option<Value>,
    /// What went otherwise than asked for, for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The upstream's group; none until created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_group: Option<String>,
    /// The last event of the upstream group's stream that was taken in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The purchase under way, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adding: Option<Adding>,
    /// How many appends of [`crate::unit::Asks`] have been taken in.
    pub appends_seen: u32,
    /// How many retries of [`crate::unit::Asks`] have been taken in.
    pub retries_seen: u32,
    /// What may have been bought so far, at its full price, in millionths of a dollar; announced before each purchase.
    pub committed_cost: u64,
    /// Why the unit as a whole failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What the unit waits for, for people: quota, credit, another runner's purchase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// When the present round began: creation, or revival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_began: Option<Timestamp>,
}

/// A purchase that may be on its way upstream.
///
/// The epoch cannot fence the upstream, so who finds the announcement of another epoch waits until `until`, when the request is
/// surely abandoned, then lists the upstream group and buys only what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adding {
    /// The claim that announced it.
    pub epoch: u64,
    /// The rows with the attempt of each.
    pub rows: Vec<(u32, u32)>,
    /// After this nobody waits for the upstream's answer any more.
    pub until: Timestamp,
}

/// What a listing of the upstream group says of a purchase in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// These rows were not bought, and nobody can be buying them any more; none, if all of them are there.
    Missing(Vec<(u32, u32)>),
    /// Some are not there, and may still be bought: only a listing that begins after this decides.
    Open(Timestamp),
}

impl Adding {
    /// Decides the doubt by a listing that began at `since` and holds the rows that are `found`.
    ///
    /// What was executed after the listing had begun is not in it. So it shows that something was not bought only if it began when nobody was
    /// waiting for an answer any more.
    #[must_use]
    pub fn resolve(&self, found: impl Fn(&(u32, u32)) -> bool, since: Timestamp) -> Doubt {
        let missing: Vec<_> = self.rows.iter().filter(|row| !found(row)).copied().collect();
        if missing.is_empty() || since >= self.until {
            Doubt::Missing(missing)
        } else {
            Doubt::Open(self.until)
        }
    }
}

/// Why a unit as a whole failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable word: `key_refused`, `no_credit`, `input_unreadable`, `poison`, …
    pub code: String,
    /// For people: what happened and what to do.
    pub message: String,
}

impl Failure {
    /// A failure with this code and message.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_began_before_the_end_shows_what_is_there_and_not_what_is_missing() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let adding = Adding { epoch: 1, rows: vec![(0, 1), (1, 2)], until: at(60) };
        let resolve = |found: &[(u32, u32)], since| adding.resolve(|row| found.contains(row), at(since));
        assert_eq!(resolve(&[(0, 1), (1, 2)], 0), Doubt::Missing(Vec::new()));
        assert_eq!(resolve(&[(0, 1)], 59), Doubt::Open(at(60)));
        assert_eq!(resolve(&[(0, 1)], 60), Doubt::Missing(vec![(1, 2)]));
        assert_eq!(
            resolve(&[(0, 1), (1, 1)], 60),
            Doubt::Missing(vec![(1, 2)]),
            "an earlier attempt is another run"
        );
    }
}
