//! What travels in the queues. No inputs, no keys: a message only names what stands in the table.
//!
//! Invariant: acting on a message twice, or never, loses and doubles nothing.

use serde::{Deserialize, Serialize};

use crate::id::UnitId;

/// The version of the messages that this program writes and reads.
pub const VERSION: u32 = 1;

/// A message of the `runs` queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Drive this unit, unless its hop has moved past `hop`.
    Unit {
        /// The unit.
        id: UnitId,
        /// The hop that the sender saw, or made.
        hop: u32,
        /// It waited to be adopted in vain: whoever receives it drives the unit.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        moved: bool,
    },
    /// Remove the items of this deleted unit.
    Remove {
        /// The unit.
        id: UnitId,
    },
    /// Look for what is due.
    Sweep,
}

/// A message of the `deliveries` queue: an attempt to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The unit that the delivery tells of.
    pub unit: UnitId,
    /// The delivery's key within its unit.
    pub delivery: String,
    /// The number of the attempt, from 1; the table takes each number once.
    pub attempt: u32,
}

impl Work {
    /// The message to drive this unit.
    #[must_use]
    pub const fn unit(id: UnitId, hop: u32) -> Self {
        Self::Unit { id, hop, moved: false }
    }
}

/// The text of a queue message is not one of ours.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not the JSON of a message.
    #[error("the message is not one of ours")]
    Malformed(#[from] serde_json::Error),
    /// It comes from a program of another version.
    #[error("the message has version {0}, and this program reads version {VERSION}")]
    Version(u32),
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    v: u32,
    #[serde(flatten)]
    body: T,
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// The text of a message.
///
/// # Panics
/// Never: every message has a JSON form.
#[must_use]
pub fn write<T: Serialize>(body: &T) -> String {
    serde_json::to_string(&Envelope { v: VERSION, body }).expect("a message has only strings and numbers")
}

/// Reads the text of a message.
pub fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Unreadable> {
    let Versioned { v } = serde_json::from_str(text)?;
    if v != VERSION {
        return Err(Unreadable::Version(v));
    }
    Ok(serde_json::from_str::<Envelope<T>>(text)?.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_it_is_and_nothing_more() {
        let id = UnitId::from_bits([0; 16]);
        let text = write(&Work::unit(id.clone(), 3));
        assert_eq!(text, r#"{"v":1,"kind":"unit","id":"aaaaaaaaaaaaaaaaaaaaaaaaaa","hop":3}"#);
        assert_eq!(read::<Work>(&text).expect("ours"), Work::unit(id.clone(), 3));
        let moved = Work::Unit { id, hop: 3, moved: true };
        let text = write(&moved);
        assert_eq!(text, r#"{"v":1,"kind":"unit","id":"aaaaaaaaaaaaaaaaaaaaaaaaaa","hop":3,"moved":true}"#);
        assert_eq!(read::<Work>(&text).expect("ours"), moved);
    }

    #[test]
    fn what_is_not_ours_is_told_apart_from_another_version() {
        assert!(matches!(read::<Work>("hello"), Err(Unreadable::Malformed(_))));
        assert!(matches!(read::<Work>(r#"{"v":2,"kind":"sweep"}"#), Err(Unreadable::Version(2))));
        assert!(matches!(read::<Work>(r#"{"v":1,"kind":"dance"}"#), Err(Unreadable::Malformed(_))));
    }
}
