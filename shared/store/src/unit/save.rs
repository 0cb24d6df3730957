//! What the holder of a unit writes: flushes, checkpoints, the hand-over, the end.
//!
//! Every write is conditional on the claim's epoch and on the number of outside changes that the holder has seen.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::delivery::Delivery;
use domain::event::Flush;
use domain::unit::{Lease, Status, Unit};
use jiff::Timestamp;

use super::item;
use crate::attributes::{Reader, bytes, expiry, number, text, time};
use crate::keys::{self, META, PK, SK};
use crate::value::pack_json;
use crate::{Error, Result, Store};

/// What came of a holder's write.
#[derive(Debug)]
pub enum Saved {
    /// It is written. With when a webhook of the upstream last asked the holder to look, if one did.
    Yes(Option<Timestamp>),
    /// Somebody else holds the unit, or it is over or deleted: the holder must stop. With the lease and status found, if any.
    Fenced(Option<(Lease, Status)>),
    /// Something was asked for from outside that the holder has not seen; nothing was written. With the unit as it stands now.
    Changed(Box<Unit>),
    /// A predecessor wrote a flush under this sequence and never announced it: take it in, then write under the next one.
    Behind(Flush),
}

const HELD: &str = "epoch = :epoch AND changes = :changes AND #status = :running";

impl Store {
    /// Writes a flush of the unit, whose `seq` has been raised to the flush's, and announces it.
    ///
    /// The event item is written first, only if absent; then META. A repetition finds its own event item and goes on.
    pub async fn flush(&self, unit: &Unit, flush: &Flush) -> Result<Saved> {
        if let Some(behind) = self.put_event(unit, flush).await? {
            return Ok(Saved::Behind(behind));
        }
        self.checkpoint(unit).await
    }

    /// Writes how far the holder has come, without an event.
    pub async fn checkpoint(&self, unit: &Unit) -> Result<Saved> {
        let (sets, values) = state(unit);
        self.update_held(unit, format!("SET {sets}"), values).await
    }

    /// The same, and when the sweep shall look at the unit: at `unit.lease.due_at`.
    pub async fn checkpoint_due(&self, unit: &Unit) -> Result<Saved> {
        let (mut sets, mut values) = state(unit);
        if let Some(due_at) = unit.lease.due_at {
            sets.push_str(", due_at = :due");
            values.insert(":due".to_owned(), item::due(due_at));
        }
        self.update_held(unit, format!("SET {sets}"), values).await
    }

    /// Writes the end of the unit, whose status is terminal and whose `seq` has been raised to the flush's, together with that flush
    /// and with what must be told of it. Its secrets are erased with the same write.
    ///
    /// One transaction, the flush included: nobody ever reads of an end that was refused.
    pub async fn finish(&self, unit: &Unit, flush: &Flush, deliveries: &[Delivery]) -> Result<Saved> {
        let (sets, mut values) = state(unit);
        values.insert(":ended".to_owned(), time(unit.completed_at.unwrap_or(unit.modified_at)));
        values.insert(":expires".to_owned(), expiry(unit.expires_at));
        values.insert(":status".to_owned(), text(unit.status.word()));
        let expression = format!(
            "SET {sets}, #status = :status, completed_at = :ended, expires_at = :expires \
             REMOVE due_at, due_shard, holder, sealed"
        );
        let update = self.held_update(unit, expression, values)?;
        let mut items = vec![update, self.event_put(unit, flush)?];
        for delivery in deliveries {
            items.push(self.put_delivery(delivery)?);
        }
        if self.transact(items).await? {
            return Ok(Saved::Yes(unit.lease.nudged_at));
        }
        match self.refusal(unit).await? {
            // The unit is as it was seen, so the flush's place is taken.
            Saved::Changed(found) if found.changes == unit.changes => {
                let behind = self.events(&unit.id, unit.seq - 1, unit.seq).await?.pop();
                let (_, behind) = behind.ok_or_else(|| {
                    Error::unavailable("a unit's end was refused, and nothing stands against it")
                })?;
                Ok(Saved::Behind(behind))
            }
            refused => Ok(refused),
        }
    }

    /// What the expression sets, if the unit is held still: as a part of a transaction.
    pub(super) fn held_update(
        &self,
        unit: &Unit,
        expression: String,
        values: HashMap<String, AttributeValue>,
    ) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.tables.units)
            .key(PK, text(keys::unit(&unit.id)))
            .key(SK, text(META))
            .condition_expression(HELD)
            .update_expression(expression)
            .expression_attribute_names("#status", "status")
            .set_expression_attribute_values(Some(values))
            .build()
            .map_err(|error| Error::unavailable(error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Writes what the expression sets, if the unit is held still. What is only written back as it stands comes back with the answer:
    /// so a holder learns of nudges without asking, and none of them fails its write.
    async fn update_held(
        &self,
        unit: &Unit,
        expression: String,
        mut values: HashMap<String, AttributeValue>,
    ) -> Result<Saved> {
        let expression = format!("{expression}, nudged_at = if_not_exists(nudged_at, :never)");
        values.insert(":never".to_owned(), time(Timestamp::UNIX_EPOCH));
        let sent = self
            .client
            .update_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::unit(&unit.id)))
            .key(SK, text(META))
            .condition_expression(HELD)
            .update_expression(expression)
            .expression_attribute_names("#status", "status")
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::None)
            .send()
            .await;
        match sent {
            Ok(output) => {
                let written = output.attributes.unwrap_or_default();
                Ok(Saved::Yes(item::nudged_at(&Reader::new(&written))?))
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                self.refusal(unit).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Why a holder's write was refused: reads the unit again.
    async fn refusal(&self, mine: &Unit) -> Result<Saved> {
        let found = self
            .client
            .get_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::unit(&mine.id)))
            .key(SK, text(META))
            .consistent_read(true)
            .send()
            .await?;
        let Some(item) = found.item else { return Ok(Saved::Fenced(None)) };
        let reader = Reader::new(&item);
        let (lease, status) = (item::lease(&reader)?, item::status(&reader)?);
        if lease.epoch == mine.lease.epoch
            && !status.is_terminal()
            && let Some(unit) = item::read(&item)?
        {
            return Ok(Saved::Changed(Box::new(unit)));
        }
        Ok(Saved::Fenced(Some((lease, status))))
    }
}

/// The assignments of what every holder's write carries, with their values and those of its condition.
pub(super) fn state(unit: &Unit) -> (String, HashMap<String, AttributeValue>) {
    let sets =
        "counts = :counts, progress = :progress, seq = :seq, modified_at = :modified, summary = :summary, \
                fruitless = :fruitless"
            .to_owned();
    let values = HashMap::from([
        (":counts".to_owned(), text(item::json(&unit.counts))),
        (":progress".to_owned(), bytes(pack_json(&unit.progress))),
        (":seq".to_owned(), number(unit.seq)),
        (":modified".to_owned(), time(unit.modified_at)),
        (":summary".to_owned(), text(item::brief(unit))),
        (":fruitless".to_owned(), number(unit.lease.fruitless)),
        (":epoch".to_owned(), number(unit.lease.epoch)),
        (":changes".to_owned(), number(unit.changes)),
        (":running".to_owned(), text(Status::Running.word())),
    ]);
    (sets, values)
}
