//! Removing everything of a deleted unit, but for its tombstone.
//!
//! Deleting what is gone is harmless, so a removal that was cut is simply done again.

use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use domain::UnitId;
use domain::unit::Status;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::attributes::{Item, Reader, text};
use crate::keys::{self, META, PK, RUNS_PER_PARTITION, SK};
use crate::unit::item;
use crate::{Error, Result, Store};

/// Keys to a batch: DynamoDB allows 25.
const BATCH: usize = 25;

impl Store {
    /// Removes every item of a deleted unit and takes its tombstone off the sweep. Does nothing for a unit that is not deleted.
    pub async fn remove(&self, id: &UnitId) -> Result<()> {
        let found = self
            .client
            .get_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::unit(id)))
            .key(SK, text(META))
            .consistent_read(true)
            .send()
            .await?;
        let Some(tombstone) = found.item else { return Ok(()) };
        let reader = Reader::new(&tombstone);
        if item::status(&reader)? != Status::Deleted {
            return Ok(());
        }
        let rows: u32 = reader.number_if_any("run_rows")?.unwrap_or(0);
        for page in 0..rows.div_ceil(RUNS_PER_PARTITION) {
            self.remove_partition(&self.tables.units, &keys::runs(id, page)).await?;
        }
        self.remove_partition(&self.tables.outbox, &keys::unit(id)).await?;
        self.remove_partition(&self.tables.units, &keys::unit(id)).await?;
        self.client
            .update_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::unit(id)))
            .key(SK, text(META))
            .condition_expression("attribute_exists(pk)")
            .update_expression("REMOVE due_at, due_shard")
            .send()
            .await?;
        Ok(())
    }

    async fn remove_partition(&self, table: &str, pk: &str) -> Result<()> {
        loop {
            let found = self
                .client
                .query()
                .table_name(table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", text(pk))
                .projection_expression("pk, sk")
                .consistent_read(true)
                .limit(1_000)
                .send()
                .await?;
            let keys: Vec<Item> =
                found.items.unwrap_or_default().into_iter().filter(|item| !is_meta(item)).collect();
            if keys.is_empty() && found.last_evaluated_key.is_none() {
                return Ok(());
            }
            // One future each, made here: a closure over borrowed chunks could not be sent to another thread.
            let batches: Vec<_> = keys.chunks(BATCH).map(|keys| self.delete_batch(table, keys)).collect();
            stream::iter(batches).buffer_unordered(4).try_collect::<()>().await?;
            if found.last_evaluated_key.is_none() {
                return Ok(());
            }
        }
    }

    async fn delete_batch(&self, table: &str, keys: &[Item]) -> Result<()> {
        let mut requests = Vec::with_capacity(keys.len());
        for key in keys {
            let delete = DeleteRequest::builder().set_key(Some(key.clone())).build();
            let delete = delete.map_err(|error| Error::unavailable(error.to_string()))?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        while !requests.is_empty() {
            let written = self.client.batch_write_item().request_items(table, requests).send().await?;
            requests = written.unprocessed_items.and_then(|mut left| left.remove(table)).unwrap_or_default();
        }
        Ok(())
    }
}

fn is_meta(item: &Item) -> bool {
    item.get(SK).and_then(|sk| sk.as_s().ok()).is_some_and(|sk| sk == META)
}
