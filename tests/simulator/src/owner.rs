//! Whose a run is: a key is known by its hash only.
//!
//! Invariant: no key is kept, written or shown; an [`Owner`] cannot be turned back into one.

use std::fmt;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// The holder of one API key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owner(Arc<str>);

impl Owner {
    /// Who holds `key`.
    #[must_use]
    pub fn of_key(key: &str) -> Self {
        let hash = digest(&SHA256, key.as_bytes());
        Self(HEXLOWER.encode(&hash.as_ref()[..12]).into())
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
