//! The messages that an invocation holds: each is the lease of a unit, and all are kept by one heartbeat.
//!
//! Invariant: a message that was let go is never extended again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use queue::Receipt;
use tracing::warn;

use crate::Runner;

/// The messages held.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: Mutex<HashMap<String, Receipt>>,
}

impl Leases {
    pub(crate) fn hold(&self, message_id: &str, receipt: Receipt) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(message_id.to_owned(), receipt);
    }

    /// Lets a message go, if it is held.
    pub(crate) fn let_go(&self, message_id: &str) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(message_id);
    }

    fn receipts(&self) -> Vec<Receipt> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

impl Runner {
    /// Extends these messages to the length of a lease; a refused one is logged, for the claim's epoch protects the unit anyway.
    pub(crate) async fn extend(&self, receipts: &[Receipt]) {
        match self.queue.extend(receipts, self.settings.lease).await {
            Ok(0) => {}
            Ok(refused) => warn!(leases.refused = refused, "Leases could not be extended."),
            Err(error) => warn!(%error, "No lease could be extended; trying again at the next beat."),
        }
    }

    /// Extends the leases three times in each of their lengths, for ever.
    pub(crate) async fn beat(&self, leases: &Leases) {
        loop {
            self.clock.sleep(self.settings.lease / 3).await;
            self.extend(&leases.receipts()).await;
        }
    }
}
