//! What is wrong with something that a caller sent: a place and a sentence.
//!
//! A place is a JSON pointer (RFC 6901) into the body, or into the query's fields as if they were a body. Invariant: a
//! message never repeats a value that may be a secret; it says what is wrong and what would be right.

use serde::{Deserialize, Serialize};

/// How many faults of one request are told; the last line says how many more there are.
pub const TOLD: usize = 100;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct Fault {
    /// JSON pointer of the value, empty for the whole.
    pub pointer: String,
    /// For people: what is wrong, and what would be right.
    pub message: String,
}

impl Fault {
    /// A fault at this place.
    #[must_use]
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

/// The pointer to `name` under `parent`: `~` and `/` in a name are escaped.
#[must_use]
pub fn join(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// At most [`TOLD`] of these, the last telling how many were left out.
#[must_use]
pub fn told(mut faults: Vec<Fault>) -> Vec<Fault> {
    if faults.len() > TOLD {
        let left_out = faults.len() - (TOLD - 1);
        faults.truncate(TOLD - 1);
        faults.push(Fault::new("", format!("and {left_out} more faults")));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_what_would_split_it() {
        assert_eq!(join("/a", "b/c~d"), "/a/b~1c~0d");
    }

    #[test]
    fn a_flood_of_faults_is_cut_and_says_so() {
        let faults = |count| (0..count).map(|n| Fault::new(format!("/{n}"), "bad")).collect::<Vec<_>>();
        assert_eq!(told(faults(TOLD)).len(), TOLD);
        let cut = told(faults(TOLD + 5));
        assert_eq!((cut.len(), cut[TOLD - 1].message.as_str()), (TOLD, "and 6 more faults"));
    }
}
