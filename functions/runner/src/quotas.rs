//! Who may buy next, of those in this process who buy with the same key: one after the other, so that hundreds of them do not take the
//! slots of its quota out of each other's hands.
//!
//! Between processes the table decides, as it does without this. Invariant: a line is kept only while somebody stands in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ambient::Clock;
use domain::OwnerId;
use store::{Quota, Store};

/// The lines of all keys.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    lines: Mutex<HashMap<OwnerId, Arc<Line>>>,
}

/// Those who buy with one key, and what the last of them found in the table.
type Line = tokio::sync::Mutex<Option<i64>>;

impl Quotas {
    /// Asks for `count` slots, as [`Store::take_quota`] does.
    pub(crate) async fn take(
        &self,
        store: &Store,
        clock: &Clock,
        owner: &OwnerId,
        count: u32,
        per_minute: u32,
    ) -> store::Result<Quota> {
        let line = Arc::clone(self.lines().entry(owner.clone()).or_default());
        let answer = {
            let mut seen = line.lock().await;
            store.take_quota(owner, count, per_minute, clock.now(), &mut seen).await
        };
        let mut lines = self.lines();
        // The map's and this one.
        if Arc::strong_count(&line) == 2 {
            lines.remove(owner);
        }
        answer
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<OwnerId, Arc<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
