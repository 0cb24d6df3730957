//! Flushes of many units in one request: what a runner writes when it has more to write than the store takes one by one.
//!
//! A transaction stands or falls as a whole, so those that are refused are left out and the rest is written without them. Invariant: a
//! flush that is said to be written is announced by its unit, in the same transaction.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::event::Flush;
use domain::unit::Unit;

use super::save::state;
use crate::{Result, Store};

/// As many flushes as fit into one transaction, of two items each.
pub const TOGETHER: usize = 50;
/// A transaction is at most 4 MB; the rest is for what stands around the values.
const MOST_BYTES: usize = 3 * 1_024 * 1_024;

/// What stands around the two packed values of a flush, generously.
const AROUND: usize = 2_048;

/// A flush that is ready to be written together with those of other units.
#[derive(Debug, Clone)]
pub struct Ready {
    items: [TransactWriteItem; 2],
    bytes: usize,
}

impl Store {
    /// Makes a flush ready, as [`Store::flush`] would write it.
    pub fn ready(&self, unit: &Unit, flush: &Flush) -> Result<Ready> {
        let (sets, values) = state(unit);
        let put = self.event_put(unit, flush)?;
        let told = put.put().and_then(|put| put.item().get("v"));
        let bytes = AROUND + packed(told) + packed(values.get(":progress"));
        let update = self.held_update(unit, format!("SET {sets}"), values)?;
        Ok(Ready { items: [put, update], bytes })
    }

    /// Writes these flushes of different units, [`TOGETHER`] at most; says of each whether it is written.
    ///
    /// Where one is not, [`Store::flush`] finds out why and does what is left: it is harmless to repeat.
    pub async fn flush_together(&self, ready: &[Ready]) -> Vec<bool> {
        let mut written = vec![false; ready.len()];
        let mut bytes = 0;
        let fits = |ready: &&Ready| {
            bytes += ready.bytes;
            bytes <= MOST_BYTES
        };
        let first = ready.iter().take(TOGETHER).take_while(fits).count();
        let mut left: Vec<usize> = (0..first).collect();
        while !left.is_empty() {
            let items = left.iter().flat_map(|&at| ready[at].items.clone()).collect();
            let sent = self.client.transact_write_items().set_transact_items(Some(items)).send().await;
            let Err(error) = sent else {
                for at in left {
                    written[at] = true;
                }
                break;
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                break;
            };
            // One reason for each item, in their order; an item that was not in the way has the reason None.
            let stands = |pair: &[aws_sdk_dynamodb::types::CancellationReason]| {
                pair.iter().all(|reason| reason.code().is_none_or(|code| code == "None"))
            };
            let mut pairs = cancelled.cancellation_reasons().chunks(2).map(stands);
            let before = left.len();
            left.retain(|_| pairs.next().unwrap_or(false));
            if left.len() == before {
                break;
            }
        }
        written
    }
}

/// The bytes of a packed value.
fn packed(value: Option<&AttributeValue>) -> usize {
    value.and_then(|value| value.as_b().ok()).map_or(0, |bytes| bytes.as_ref().len())
}
