//! What was bought: one item for each request upstream that was answered.
//!
//! Keyed by the holder's epoch and a number of its own, so writing one again is harmless and nobody overwrites another's.

use domain::UnitId;
use domain::run::Purchase;
use jiff::Timestamp;

use crate::attributes::{Item, Reader, bytes, expiry, text};
use crate::keys::{self, PK, SK};
use crate::value::pack_json;
use crate::{Error, Result, Store};

/// Purchases read at a time.
const PAGE: i32 = 20;

/// Where a purchase stands among those of its unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchasePlace(String);

impl Store {
    /// Writes a purchase of the holder with this `epoch`, its `number`th.
    pub async fn put_purchase(
        &self,
        id: &UnitId,
        epoch: u64,
        number: u32,
        purchase: &Purchase,
        expires_at: Timestamp,
    ) -> Result<()> {
        let item = Item::from([
            (PK.to_owned(), text(keys::unit(id))),
            (SK.to_owned(), text(keys::purchase(epoch, number))),
            ("v".to_owned(), bytes(pack_json(purchase))),
            ("expires_at".to_owned(), expiry(expires_at)),
        ]);
        self.client.put_item().table_name(&self.tables.units).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// All purchases of a unit, oldest first. A run may stand in more than one: they say the same.
    pub async fn purchases(&self, id: &UnitId) -> Result<Vec<Purchase>> {
        let items = self.children(&self.tables.units, &keys::unit(id), "B#", "B#~").await?;
        items.iter().map(|item| Reader::new(item).packed("v")).collect()
    }

    /// Some purchases of a unit, oldest first, from behind the one that was read last: each with the epoch of the claim that made it, and with
    /// the place from which to read on. An empty page is the end.
    pub async fn purchases_behind(
        &self,
        id: &UnitId,
        last: Option<&PurchasePlace>,
    ) -> Result<Vec<(PurchasePlace, u64, Purchase)>> {
        let found = self
            .client
            .query()
            .table_name(&self.tables.units)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", text(keys::unit(id)))
            // A character that sorts first, so that what was read last is not read again.
            .expression_attribute_values(
                ":from",
                text(last.map_or_else(|| "B#".to_owned(), |last| format!("{}\u{1}", last.0))),
            )
            .expression_attribute_values(":to", text("B#~"))
            .consistent_read(true)
            .limit(PAGE)
            .send()
            .await?;
        let read = |item: &Item| {
            let reader = Reader::new(item);
            let place = reader.text(SK)?.to_owned();
            let epoch = place.split('#').nth(1).and_then(|epoch| epoch.parse().ok());
            let epoch = epoch.ok_or_else(|| Error::corrupt(reader.name(), "no epoch in its key"))?;
            Ok((PurchasePlace(place), epoch, reader.packed("v")?))
        };
        found.items.unwrap_or_default().iter().map(read).collect()
    }

    /// All items of a partition with sort keys from `from` to `to`, in order, strongly consistent.
    pub(crate) async fn children(&self, table: &str, pk: &str, from: &str, to: &str) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let found = self
                .client
                .query()
                .table_name(table)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", text(pk))
                .expression_attribute_values(":from", text(from))
                .expression_attribute_values(":to", text(to))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await?;
            items.extend(found.items.unwrap_or_default());
            start = found.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}
