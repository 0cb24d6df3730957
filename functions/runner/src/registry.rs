//! The units that this process drives, so that a newer message for one of them stops the older driver first.
//!
//! Invariant: at most one driver of this process is past [`Registry::enter`] for a unit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::UnitId;
use tokio::sync::watch;

use crate::Runner;

/// Who drives what in this process.
#[derive(Debug, Default)]
pub struct Registry {
    driving: Mutex<HashMap<UnitId, Arc<Driver>>>,
}

#[derive(Debug)]
struct Driver {
    hop: u32,
    /// The message that wants this place.
    wanted_by: watch::Sender<Option<String>>,
    /// Closed when the driver has left.
    gone: watch::Receiver<()>,
}

/// A place in the registry; leaving it lets the next driver in.
#[derive(Debug)]
pub(crate) struct Place {
    registry: Arc<Registry>,
    id: UnitId,
    driver: Arc<Driver>,
    _here: watch::Sender<()>,
}

impl Registry {
    /// Enters as the driver of this unit for a message of this `hop`, once any older driver has been told to stop and has left.
    ///
    /// None if the older driver came by a higher hop: the message is stale, and stopping for it would leave the unit with nobody.
    pub(crate) async fn enter(self: &Arc<Self>, id: &UnitId, message_id: &str, hop: u32) -> Option<Place> {
        loop {
            let (here, gone) = watch::channel(());
            let older = {
                let mut driving = self.driving.lock().unwrap_or_else(PoisonError::into_inner);
                match driving.get(id) {
                    Some(older) if older.hop > hop => return None,
                    Some(older) => Arc::clone(older),
                    None => {
                        let driver = Arc::new(Driver { hop, wanted_by: watch::Sender::new(None), gone });
                        driving.insert(id.clone(), Arc::clone(&driver));
                        return Some(Place {
                            registry: Arc::clone(self),
                            id: id.clone(),
                            driver,
                            _here: here,
                        });
                    }
                }
            };
            older.wanted_by.send_replace(Some(message_id.to_owned()));
            let mut gone = older.gone.clone();
            while gone.changed().await.is_ok() {}
        }
    }

    /// How many units this process drives.
    #[must_use]
    pub fn len(&self) -> usize {
        self.driving.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether it drives none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Runner {
    /// The units that this process drives.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}

impl Place {
    /// Returns once a newer message wants this place, with that message's id.
    pub(crate) async fn wanted(&self) -> String {
        let mut wanted_by = self.driver.wanted_by.subscribe();
        let wanted = wanted_by.wait_for(Option::is_some).await.map(|by| by.clone());
        match wanted {
            Ok(Some(by)) => by,
            // the sender lives as long as the place, so this cannot come; waiting for ever is what it means
            _ => std::future::pending().await,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.registry.driving.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_newer_driver_enters_only_when_the_older_has_left() {
        let registry = Arc::new(Registry::default());
        let id = UnitId::from_bits([1; 16]);
        let older = registry.enter(&id, "m1", 3).await.expect("the place is free");
        let newer = tokio::spawn({
            let (registry, id) = (Arc::clone(&registry), id.clone());
            async move { registry.enter(&id, "m2", 3).await }
        });
        assert_eq!(older.wanted().await, "m2");
        assert!(!newer.is_finished());
        drop(older);
        let newer = newer.await.expect("the newer driver enters");
        assert!(newer.is_some());
        assert_eq!(registry.len(), 1);
        drop(newer);
        assert!(registry.is_empty());
    }

    #[tokio::test]
    async fn a_stale_message_stops_nobody() {
        let registry = Arc::new(Registry::default());
        let id = UnitId::from_bits([1; 16]);
        let _driver = registry.enter(&id, "m1", 3).await.expect("the place is free");
        assert!(registry.enter(&id, "m0", 2).await.is_none());
    }
}
