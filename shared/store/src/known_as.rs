//! Units by their owners' own ids for them.
//!
//! Such an id is an idempotency key too: what it remembers is the answer of the request that used it, which names the unit. Invariant: one
//! owner's ids mean nothing to another.

use domain::{OwnerId, UnitId};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{Error, Remembered, Result, Store};

#[derive(Deserialize)]
struct Answer {
    id: UnitId,
}

/// The key under which a caller's own id for a unit is remembered; no header can spell it.
#[must_use]
pub fn own_id(id: &str) -> String {
    format!("id\n{id}")
}

impl Remembered {
    /// The unit that the answer to a caller's own id names. The unit itself may be gone.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is no such answer.
    pub fn unit(&self) -> Result<UnitId> {
        let answer: Answer = serde_json::from_str(&self.answer)
            .map_err(|error| Error::corrupt("an answer".to_owned(), error))?;
        Ok(answer.id)
    }
}

impl Store {
    /// The unit that this owner calls so, as far as that is remembered `now`. The unit itself may be gone.
    pub async fn known_as(&self, owner: &OwnerId, id: &str, now: Timestamp) -> Result<Option<UnitId>> {
        let remembered = self.remembered(owner, &own_id(id), now).await?;
        remembered.map(|remembered| remembered.unit()).transpose()
    }
}
