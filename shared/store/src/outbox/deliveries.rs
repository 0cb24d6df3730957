//! Deliveries: written with the change that caused them, taken attempt by attempt, recorded, started anew.
//!
//! Each attempt is taken by a conditional write on its number: a message delivered twice finds its number taken and is dropped.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::UnitId;
use domain::delivery::{Delivery, State};
use jiff::{SignedDuration, Timestamp};

use super::unless_condition_failed;
use crate::attributes::{Item, Reader, bytes, expiry, number, text};
use crate::keys::{self, PK, SK};
use crate::unit::item::due as due_time;
use crate::value::pack_json;
use crate::{Error, Result, Store};

/// What came of taking an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is the taker's to make.
    Yes(Box<Delivery>),
    /// Its number has passed, or the delivery is over or gone: the message is for nothing.
    No,
}

/// A pending delivery that is due, with what it must still be to be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDelivery {
    /// The delivery.
    pub delivery: Delivery,
    version: u64,
    /// The due time that was seen, in milliseconds.
    seen: i64,
}

/// Which delivery an item of the outbox is, by the keys that a stream record gives; none for any other item.
///
/// `key` finds the text of a key attribute by its name. What it gives comes from outside, and is checked.
pub fn delivery_of<'a>(key: impl Fn(&str) -> Option<&'a str>) -> Option<(UnitId, String)> {
    let unit = key(PK)?.strip_prefix("U#")?.parse().ok()?;
    let delivery = key(SK).filter(|key| key.starts_with("D#"))?;
    Some((unit, delivery.to_owned()))
}

impl Store {
    pub(crate) fn put_delivery(&self, delivery: &Delivery) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(&self.tables.outbox)
            .set_item(Some(write(delivery, 0)))
            .condition_expression(format!("attribute_not_exists({PK})"))
            .build()
            .map_err(|error| Error::unavailable(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// One delivery of a unit.
    pub async fn delivery(&self, unit: &UnitId, key: &str) -> Result<Option<Delivery>> {
        Ok(self
            .delivery_item(unit, key)
            .await?
            .map(|item| read(&item))
            .transpose()?
            .map(|(delivery, _)| delivery))
    }

    /// All deliveries of a unit, in the order of their keys.
    pub async fn deliveries(&self, unit: &UnitId) -> Result<Vec<Delivery>> {
        let items = self.children(&self.tables.outbox, &keys::unit(unit), "D#", "D#~").await?;
        items.iter().map(|item| Ok(read(item)?.0)).collect()
    }

    /// Takes attempt `attempt` of a delivery: nobody else gets it before `again_at`, when it counts as lost and may be taken once more.
    pub async fn take_attempt(
        &self,
        unit: &UnitId,
        key: &str,
        attempt: u32,
        again_at: Timestamp,
        now: Timestamp,
    ) -> Result<Taken> {
        let Some(item) = self.delivery_item(unit, key).await? else { return Ok(Taken::No) };
        let (delivery, version) = read(&item)?;
        let State::Pending { attempt: next, .. } = delivery.state else { return Ok(Taken::No) };
        let busy_until = Reader::new(&item).time_if_any("busy_until")?;
        if next != attempt || busy_until.is_some_and(|until| until > now) {
            return Ok(Taken::No);
        }
        let sent = self
            .client
            .update_item()
            .table_name(&self.tables.outbox)
            .key(PK, text(keys::unit(unit)))
            .key(SK, text(key))
            .condition_expression("version = :version")
            .update_expression("SET version = version + :one, busy_until = :busy, due_at = :due")
            .expression_attribute_values(":version", number(version))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":busy", crate::attributes::time(again_at))
            .expression_attribute_values(":due", due_time(again_at))
            .send()
            .await;
        Ok(if unless_condition_failed(sent)? { Taken::Yes(Box::new(delivery)) } else { Taken::No })
    }

    /// Writes a delivery as its taker, or its owner, has changed it, if it still is at the attempt that was `seen`; says whether it was.
    ///
    /// `seen` is the delivery as it was taken or read. A taken attempt is given free by this.
    pub async fn save_delivery(&self, seen: &Delivery, delivery: &Delivery) -> Result<bool> {
        let Some(item) = self.delivery_item(&delivery.unit, &delivery.key()).await? else { return Ok(false) };
        let (found, version) = read(&item)?;
        if found.attempts.len() != seen.attempts.len() || found.state != seen.state {
            return Ok(false);
        }
        let sent = self
            .client
            .put_item()
            .table_name(&self.tables.outbox)
            .set_item(Some(write(delivery, version + 1)))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", number(version))
            .send()
            .await;
        unless_condition_failed(sent)
    }

    /// The pending deliveries that are due at `until`, as they stand now.
    ///
    /// One that cannot be read is logged and left out: it must not keep the others from being swept.
    pub async fn due_deliveries(&self, until: Timestamp) -> Result<Vec<DueDelivery>> {
        let mut due = Vec::new();
        for (pk, sk) in self.due_keys(&self.tables.outbox, until).await? {
            let found = delivery_of(|name| Some(if name == PK { &pk } else { &sk }));
            let Some((unit, key)) = found else { continue };
            let Some(item) = self.delivery_item(&unit, &key).await? else { continue };
            let seen = Reader::new(&item).number_if_any::<i64>("due_at");
            match read(&item).and_then(|(delivery, version)| Ok((delivery, version, seen?))) {
                Ok((delivery, version, Some(seen))) if seen <= until.as_millisecond() => {
                    due.push(DueDelivery { delivery, version, seen });
                }
                Ok(_) => {}
                Err(error) => tracing::error!(unit.id = %unit, %error, "A due delivery is passed over."),
            }
        }
        Ok(due)
    }

    /// Moves the time at which the sweep looks at a pending delivery again, if nobody has moved it or taken the attempt since it was seen.
    pub async fn move_delivery_due(&self, due: &DueDelivery, to: Timestamp) -> Result<bool> {
        let delivery = &due.delivery;
        let sent = self
            .client
            .update_item()
            .table_name(&self.tables.outbox)
            .key(PK, text(keys::unit(&delivery.unit)))
            .key(SK, text(delivery.key()))
            .condition_expression("version = :version AND due_at = :seen")
            .update_expression("SET due_at = :to")
            .expression_attribute_values(":version", number(due.version))
            .expression_attribute_values(":seen", number(due.seen))
            .expression_attribute_values(":to", due_time(to))
            .send()
            .await;
        unless_condition_failed(sent)
    }

    async fn delivery_item(&self, unit: &UnitId, key: &str) -> Result<Option<Item>> {
        let found = self
            .client
            .get_item()
            .table_name(&self.tables.outbox)
            .key(PK, text(keys::unit(unit)))
            .key(SK, text(key))
            .consistent_read(true)
            .send()
            .await?;
        Ok(found.item)
    }
}

fn write(delivery: &Delivery, version: u64) -> Item {
    let kept = SignedDuration::try_from(domain::limits::CHILD_RETENTION).unwrap_or(SignedDuration::MAX);
    let expires = delivery.created_at.saturating_add(kept).unwrap_or(Timestamp::MAX);
    let mut item = Item::from([
        (PK.to_owned(), text(keys::unit(&delivery.unit))),
        (SK.to_owned(), text(delivery.key())),
        ("version".to_owned(), number(version)),
        ("v".to_owned(), bytes(pack_json(delivery))),
        ("expires_at".to_owned(), expiry(expires)),
    ]);
    if let State::Pending { due_at, .. } = delivery.state {
        item.insert("due_at".to_owned(), due_time(due_at));
        item.insert("due_shard".to_owned(), text(keys::due_shard(&delivery.unit)));
    }
    item
}

fn read(item: &Item) -> Result<(Delivery, u64)> {
    let reader = Reader::new(item);
    Ok((reader.packed("v")?, reader.number("version")?))
}
