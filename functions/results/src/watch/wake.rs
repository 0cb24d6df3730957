//! Waking the watchers of a unit before their next look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::UnitId;
use tokio::sync::Notify;

/// Tells the watchers in this process that a unit has changed; clones reach the same watchers.
///
/// The embedded default calls it whenever it changes a unit. On AWS nobody does, for the change happens elsewhere: watchers
/// then find it at their next look.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Mutex<HashMap<UnitId, Arc<Notify>>>>);

impl Wake {
    /// Makes the watchers of this unit look at once. Costs next to nothing when there are none.
    pub fn changed(&self, id: &UnitId) {
        let bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = bells.get(id) {
            bell.notify_one();
        }
    }

    /// What rings when this unit changes, until it is dropped.
    pub(super) fn bell(&self, id: &UnitId) -> Bell {
        let notify = Arc::new(Notify::new());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), notify.clone());
        Bell { wake: self.clone(), id: id.clone(), notify }
    }
}

/// Rings when a unit changes.
#[derive(Debug)]
pub(super) struct Bell {
    wake: Wake,
    id: UnitId,
    notify: Arc<Notify>,
}

impl Bell {
    /// Returns once the unit has changed since the last time.
    pub(super) async fn rung(&self) {
        self.notify.notified().await;
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        let mut bells = self.wake.0.lock().unwrap_or_else(PoisonError::into_inner);
        if bells.get(&self.id).is_some_and(|bell| Arc::ptr_eq(bell, &self.notify)) {
            bells.remove(&self.id);
        }
    }
}
