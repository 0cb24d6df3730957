//! Changes from outside: cancel, append, retry, delete.
//!
//! Cancel and delete raise the epoch and the hop in one write: the holder is fenced, and old messages die out. Append and retry
//! raise the number of changes, which the holder finds out at its next write. Each sets `due_at`, so that a crash before
//! its message is sent is swept.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use domain::delivery::Delivery;
use domain::unit::{Asks, Status, Unit};
use jiff::Timestamp;

use super::item;
use crate::attributes::{bytes, expiry, number, text, time};
use crate::idempotency::{Idempotent, Remembered, remember};
use crate::keys::{self, META, PK, SK};
use crate::value::pack_json;
use crate::{Error, Result, Store};

/// What came of a change from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is written.
    Done,
    /// The unit has moved since it was read: read it again and decide anew.
    Raced,
}

/// What came of an append or a retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It is written.
    Done,
    /// The unit has moved since it was read: read it again and decide anew.
    Raced,
    /// The `Idempotency-Key` was used before: nothing was written.
    Before(Remembered),
}

type Values = HashMap<String, AttributeValue>;

impl Store {
    /// Ends a living unit as `ended` tells it (status, counts, times), fencing its holder, together with what must be told.
    ///
    /// `seen` is the unit as it was read; its `seq` and epoch are the condition, so that the counts are true.
    pub async fn cancel(&self, seen: &Unit, ended: &Unit, deliveries: &[Delivery]) -> Result<Change> {
        let values = Values::from([
            (":epoch".to_owned(), number(seen.lease.epoch)),
            (":seq".to_owned(), number(seen.seq)),
            (":changes".to_owned(), number(seen.changes)),
            (":seen".to_owned(), text(seen.status.word())),
            (":one".to_owned(), number(1)),
            (":status".to_owned(), text(ended.status.word())),
            (":counts".to_owned(), text(item::json(&ended.counts))),
            (":ended".to_owned(), time(ended.completed_at.unwrap_or(ended.modified_at))),
            (":modified".to_owned(), time(ended.modified_at)),
            (":expires".to_owned(), expiry(ended.expires_at)),
        ]);
        let update = self.meta_update(
            &seen.id,
            "epoch = :epoch AND seq = :seq AND changes = :changes AND #status = :seen",
            "SET epoch = epoch + :one, hop = hop + :one, changes = changes + :one, #status = :status, counts = :counts, \
             completed_at = :ended, modified_at = :modified, expires_at = :expires \
             REMOVE due_at, due_shard, holder, sealed",
            values,
        )?;
        let mut items = vec![update];
        for delivery in deliveries {
            items.push(self.put_delivery(delivery)?);
        }
        Ok(if self.transact(items).await? { Change::Done } else { Change::Raced })
    }

    /// Writes what is asked of a unit now. A unit that is over is revived: `revived` tells its new counts, secrets and times.
    ///
    /// `seen` is the unit as it was read. The caller then sends a message with the hop of [`Store::hop_after`].
    pub async fn ask(
        &self,
        seen: &Unit,
        asks: &Asks,
        revived: Option<&Unit>,
        due_at: Timestamp,
        key: Option<&Idempotent>,
    ) -> Result<Appended> {
        let mut values = Values::from([
            (":changes".to_owned(), number(seen.changes)),
            (":seen".to_owned(), text(seen.status.word())),
            (":one".to_owned(), number(1)),
            (":asks".to_owned(), bytes(pack_json(asks))),
            (":due".to_owned(), item::due(due_at)),
            (":shard".to_owned(), text(keys::due_shard(&seen.id))),
        ]);
        let mut sets =
            "SET changes = changes + :one, asks = :asks, due_at = :due, due_shard = :shard".to_owned();
        if let Some(unit) = revived {
            sets.push_str(
                ", #status = :pending, #round = #round + :one, epoch = epoch + :one, hop = hop + :one, \
                 counts = :counts, modified_at = :modified, expires_at = :expires, sealed = :sealed, \
                 progress = :progress, fruitless = :zero REMOVE completed_at",
            );
            values.extend([
                (":pending".to_owned(), text(Status::Pending.word())),
                (":counts".to_owned(), text(item::json(&unit.counts))),
                (":modified".to_owned(), time(unit.modified_at)),
                (":expires".to_owned(), expiry(unit.expires_at)),
                (":sealed".to_owned(), text(unit.sealed.clone().unwrap_or_default())),
                (":progress".to_owned(), bytes(pack_json(&unit.progress))),
                (":zero".to_owned(), number(0)),
            ]);
        }
        let mut items =
            vec![self.meta_update(&seen.id, "changes = :changes AND #status = :seen", &sets, values)?];
        if let Some(key) = key {
            items.push(remember(&self.tables.units, key)?);
        }
        if self.transact(items).await? {
            return Ok(Appended::Done);
        }
        if let Some(key) = key
            && let Some(remembered) = self.remembered(&key.owner, &key.key, key.at).await?
        {
            return Ok(Appended::Before(remembered));
        }
        Ok(Appended::Raced)
    }

    /// The hop that a message must carry after [`Store::ask`] was done on the unit as it was `seen`.
    #[must_use]
    pub const fn hop_after(seen: &Unit) -> u32 {
        if seen.status.is_terminal() { seen.lease.hop + 1 } else { seen.lease.hop }
    }

    /// Turns the unit into a tombstone that remembers nothing but what its removal needs: how far its runs reach.
    ///
    /// Its holder is fenced. The caller then sends a message to remove its items; `due_at` is when the sweep sends another.
    pub async fn delete(
        &self,
        seen: &Unit,
        due_at: Timestamp,
        now: Timestamp,
        gone_at: Timestamp,
    ) -> Result<Change> {
        let values = Values::from([
            (":changes".to_owned(), number(seen.changes)),
            (":seen".to_owned(), text(seen.status.word())),
            (":one".to_owned(), number(1)),
            (":deleted".to_owned(), text(Status::Deleted.word())),
            (":rows".to_owned(), number(seen.rows().max(seen.counts.total()))),
            (":modified".to_owned(), time(now)),
            (":expires".to_owned(), expiry(gone_at)),
            (":due".to_owned(), item::due(due_at)),
            (":shard".to_owned(), text(keys::due_shard(&seen.id))),
        ]);
        let update = self.meta_update(
            &seen.id,
            "changes = :changes AND #status = :seen",
            "SET epoch = epoch + :one, hop = hop + :one, changes = changes + :one, #status = :deleted, \
             run_rows = :rows, modified_at = :modified, expires_at = :expires, due_at = :due, due_shard = :shard \
             REMOVE holder, sealed, spec, asks, progress, summary, counts, listed, #owner",
            values,
        )?;
        Ok(if self.transact(vec![update]).await? { Change::Done } else { Change::Raced })
    }

    fn meta_update(
        &self,
        id: &domain::UnitId,
        condition: &str,
        expression: &str,
        values: Values,
    ) -> Result<TransactWriteItem> {
        let mut update = Update::builder()
            .table_name(&self.tables.units)
            .key(PK, text(keys::unit(id)))
            .key(SK, text(META))
            .condition_expression(condition)
            .update_expression(expression)
            .set_expression_attribute_values(Some(values));
        for (alias, name) in [("#status", "status"), ("#round", "round"), ("#owner", "owner")] {
            if condition.contains(alias) || expression.contains(alias) {
                update = update.expression_attribute_names(alias, name);
            }
        }
        let update = update.build().map_err(|error| Error::unavailable(error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
