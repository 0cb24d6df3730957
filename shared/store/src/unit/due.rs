//! What the sweep looks for: units whose `due_at` has passed, and tombstones whose items are not removed yet.

use domain::unit::Status;
use domain::{OwnerId, UnitId};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::item;
use crate::attributes::{Item, Reader, number, text};
use crate::keys::{self, DUE_SHARDS, META, PK, SK};
use crate::{Result, Store, schema};

/// Items read at a time.
const AT_ONCE: usize = 32;

/// A unit that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub id: UnitId,
    /// Its hop now: what the message must carry.
    pub hop: u32,
    /// Whose it is, if it still says so.
    pub owner: Option<OwnerId>,
    /// Where it stands: a deleted one waits for its removal.
    pub status: Status,
    /// The due time that was seen.
    pub due_at: Timestamp,
    /// When it was last written: how long it has been waiting.
    pub modified_at: Timestamp,
}

impl Store {
    /// The units that are due at `until`; their items are read again, so what is returned is how they stand now.
    ///
    /// One that cannot be read is logged and left out: it must not keep the others from being swept.
    pub async fn due_units(&self, until: Timestamp) -> Result<Vec<Due>> {
        let keys = self.due_keys(&self.tables.units, until).await?;
        let items = stream::iter(keys).map(|key| async move { self.meta_item(&key).await });
        let items: Vec<Option<Item>> = items.buffered(AT_ONCE).try_collect().await?;
        let mut due = Vec::new();
        for item in items.iter().flatten() {
            match read(item) {
                Ok(found) => due.extend(found.filter(|found| found.due_at <= until)),
                Err(error) => {
                    let unit = super::item::id(&Reader::new(item)).ok().map(tracing::field::display);
                    tracing::error!(unit.id = unit, %error, "A due unit is passed over.");
                }
            }
        }
        Ok(due)
    }

    /// Moves a unit's due time, if it still is the one that was seen; says whether it was.
    pub async fn move_due(&self, due: &Due, to: Timestamp) -> Result<bool> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::unit(&due.id)))
            .key(SK, text(META))
            .condition_expression("due_at = :seen")
            .update_expression("SET due_at = :to")
            .expression_attribute_values(":seen", item::due(due.due_at))
            .expression_attribute_values(":to", item::due(to))
            .send()
            .await;
        crate::outbox::unless_condition_failed(sent)
    }

    /// The keys of what is due in a table, earliest first within each shard of the index.
    pub(crate) async fn due_keys(&self, table: &str, until: Timestamp) -> Result<Vec<(String, String)>> {
        let shards = (0..DUE_SHARDS).map(|shard| self.due_shard(table, shard, until));
        let found = futures::future::try_join_all(shards).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn due_shard(&self, table: &str, shard: u8, until: Timestamp) -> Result<Vec<(String, String)>> {
        let mut keys = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(table)
                .index_name(schema::DUE.name)
                .key_condition_expression("due_shard = :shard AND due_at <= :until")
                .expression_attribute_values(":shard", text(format!("{shard:02}")))
                .expression_attribute_values(":until", number(until.as_millisecond()))
                .set_exclusive_start_key(start)
                .send()
                .await?;
            for item in page.items.unwrap_or_default() {
                let reader = Reader::new(&item);
                keys.push((reader.text(PK)?.to_owned(), reader.text(SK)?.to_owned()));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(keys);
            }
        }
    }

    async fn meta_item(&self, (pk, sk): &(String, String)) -> Result<Option<Item>> {
        let found = self
            .client
            .get_item()
            .table_name(&self.tables.units)
            .key(PK, text(pk))
            .key(SK, text(sk))
            .consistent_read(true)
            .send()
            .await?;
        Ok(found.item)
    }
}

fn read(item: &Item) -> Result<Option<Due>> {
    let reader = Reader::new(item);
    let lease = item::lease(&reader)?;
    let Some(due_at) = lease.due_at else { return Ok(None) };
    Ok(Some(Due {
        id: item::id(&reader)?,
        hop: lease.hop,
        owner: reader.text_if_any("owner").map(OwnerId::new),
        status: item::status(&reader)?,
        due_at,
        modified_at: reader.time("modified_at")?,
    }))
}
