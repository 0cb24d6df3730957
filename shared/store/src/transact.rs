//! Transactions: a failed condition is an outcome, a conflict is tried again.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::{Error, Result, Store};

/// How often a transaction that met another one is tried.
const TRIES: u32 = 8;

impl Store {
    /// Writes all of these items or none; false when a condition of one of them does not hold.
    pub(crate) async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<bool> {
        let mut wait = Duration::from_millis(20);
        for _ in 0..TRIES {
            let sent =
                self.client.transact_write_items().set_transact_items(Some(items.clone())).send().await;
            let Err(error) = sent else { return Ok(true) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(error.into());
            };
            let reasons = cancelled.cancellation_reasons();
            if reasons.iter().any(|reason| reason.code() == Some("ConditionalCheckFailed")) {
                return Ok(false);
            }
            let conflict = |code| matches!(code, Some("TransactionConflict" | "ThrottlingError"));
            if !reasons.iter().any(|reason| conflict(reason.code())) {
                return Err(error.into());
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        Err(Error::unavailable("the transaction met others again and again"))
    }
}
