//! The flushes of a unit: what its live streams and its next holder read.
//!
//! Written only if absent, under the unit's next sequence; readers never read beyond the unit's `seq`.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use domain::UnitId;
use domain::event::Flush;
use domain::unit::Unit;
use jiff::SignedDuration;

use crate::attributes::{Item, Reader, bytes, expiry, number, text};
use crate::keys::{self, PK, SK};
use crate::value::pack_json;
use crate::{Result, Store};

const ABSENT: &str = "attribute_not_exists(pk)";

impl Store {
    /// Writes the flush under the unit's present `seq`; returns what already stands there if that is another holder's.
    pub(crate) async fn put_event(&self, unit: &Unit, flush: &Flush) -> Result<Option<Flush>> {
        let sent = self
            .client
            .put_item()
            .table_name(&self.tables.units)
            .set_item(Some(event_item(unit, flush)))
            .condition_expression(ABSENT)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else { return Ok(None) };
        let Some(PutItemError::ConditionalCheckFailedException(there)) = error.as_service_error() else {
            return Err(error.into());
        };
        let Some(item) = there.item() else { return Ok(None) };
        let reader = Reader::new(item);
        let found: Flush = reader.packed("v")?;
        // A holder that was refused by META's condition, or whose reply was lost, finds its own: the same runs.
        let own = reader.number::<u64>("epoch")? == unit.lease.epoch;
        Ok(if own { None } else { Some(found) })
    }

    /// The same as a part of a transaction, which fails if anything stands there.
    pub(crate) fn event_put(&self, unit: &Unit, flush: &Flush) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(&self.tables.units)
            .set_item(Some(event_item(unit, flush)))
            .condition_expression(ABSENT)
            .build()
            .map_err(|error| crate::Error::unavailable(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// All flushes of a unit with their sequences, in order, also those that were never announced: what a new holder takes in.
    pub async fn all_events(&self, id: &UnitId) -> Result<Vec<(u64, Flush)>> {
        let items = self.children(&self.tables.units, &keys::unit(id), "E#", "E#~").await?;
        items.iter().map(Self::event).collect()
    }

    /// The flushes of a unit with their sequences, from the one after `after` to `upto`, in order.
    pub async fn events(&self, id: &UnitId, after: u64, upto: u64) -> Result<Vec<(u64, Flush)>> {
        if upto <= after {
            return Ok(Vec::new());
        }
        let (from, to) = (keys::event(after + 1), keys::event(upto));
        let items = self.children(&self.tables.units, &keys::unit(id), &from, &to).await?;
        items.iter().map(Self::event).collect()
    }

    /// The same with the epoch of the claim that wrote each.
    pub async fn events_by_claim(
        &self,
        id: &UnitId,
        after: u64,
        upto: u64,
    ) -> Result<Vec<(u64, u64, Flush)>> {
        if upto <= after {
            return Ok(Vec::new());
        }
        let (from, to) = (keys::event(after + 1), keys::event(upto));
        let items = self.children(&self.tables.units, &keys::unit(id), &from, &to).await?;
        let by_claim = |item: &Item| {
            let (seq, flush) = Self::event(item)?;
            Ok((seq, Reader::new(item).number("epoch")?, flush))
        };
        items.iter().map(by_claim).collect()
    }

    fn event(item: &Item) -> Result<(u64, Flush)> {
        let reader = Reader::new(item);
        let seq = reader.text(SK)?.strip_prefix("E#").and_then(|digits| digits.parse().ok());
        let seq = seq.ok_or_else(|| crate::Error::corrupt(reader.name(), "no sequence in its key"))?;
        Ok((seq, reader.packed("v")?))
    }
}

fn event_item(unit: &Unit, flush: &Flush) -> Item {
    let kept = SignedDuration::try_from(domain::limits::CHILD_RETENTION).unwrap_or(SignedDuration::MAX);
    let expires = unit.created_at.saturating_add(kept).unwrap_or(unit.expires_at);
    Item::from([
        (PK.to_owned(), text(keys::unit(&unit.id))),
        (SK.to_owned(), text(keys::event(unit.seq))),
        ("v".to_owned(), bytes(pack_json(flush))),
        ("epoch".to_owned(), number(unit.lease.epoch)),
        ("expires_at".to_owned(), expiry(expires)),
    ])
}
