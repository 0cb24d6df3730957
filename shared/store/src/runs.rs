//! The runs of a group: an item each, from the moment there is more to say than "bought".
//!
//! A run's item carries the epoch that wrote it, and a put is refused where the item's is higher. A value that does not fit is split: its parts
//! carry epoch and attempt in their keys, are written first, and are named by the item that announces them.

use std::collections::VecDeque;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use domain::UnitId;
use domain::run::Run;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use jiff::Timestamp;

use crate::attributes::{Item, Reader, bytes, expiry, number, text};
use crate::keys::{self, PK, RUNS_PER_PARTITION, SK};
use crate::outbox::unless_condition_failed;
use crate::value::{INLINE_BYTES, pack_json, unpack};
use crate::{Error, Result, Store};

/// Runs to a transaction, and their bytes: DynamoDB allows 100 and 4 MB.
const TRANSACTION_RUNS: usize = 50;
const TRANSACTION_BYTES: usize = 3 * 1_024 * 1_024;
/// From here on runs are written in transactions rather than one by one.
const WORTH_A_TRANSACTION: usize = 4;
/// Writes under way at a time.
const CONCURRENCY: usize = 8;

const NOT_NEWER: &str = "attribute_not_exists(pk) OR epoch <= :epoch";

impl Store {
    /// Writes these runs for the holder with this `epoch`; false when a newer holder has written one of them: the caller is fenced.
    ///
    /// Writing the same runs again is harmless.
    pub async fn put_runs(
        &self,
        id: &UnitId,
        epoch: u64,
        runs: &[Run],
        expires_at: Timestamp,
    ) -> Result<bool> {
        let mut batches: Vec<Vec<Item>> = Vec::new();
        let (mut batch, mut size) = (Vec::new(), 0);
        for run in runs {
            let (item, parts) = items(id, epoch, run, expires_at);
            self.put_parts(parts).await?;
            let bytes = item.get("v").and_then(|v| v.as_b().ok()).map_or(0, |v| v.as_ref().len()) + 300;
            if batch.len() == TRANSACTION_RUNS || size + bytes > TRANSACTION_BYTES {
                batches.push(std::mem::take(&mut batch));
                size = 0;
            }
            size += bytes;
            batch.push(item);
        }
        batches.push(batch);
        let written =
            stream::iter(batches).map(|batch| self.put_run_batch(epoch, batch)).buffer_unordered(CONCURRENCY);
        written.try_fold(true, |all, one| async move { Ok(all && one) }).await
    }

    async fn put_run_batch(&self, epoch: u64, items: Vec<Item>) -> Result<bool> {
        if items.len() >= WORTH_A_TRANSACTION {
            let puts = items.into_iter().map(|item| {
                Put::builder()
                    .table_name(&self.tables.units)
                    .set_item(Some(item))
                    .condition_expression(NOT_NEWER)
                    .expression_attribute_values(":epoch", number(epoch))
                    .build()
                    .map(|put| TransactWriteItem::builder().put(put).build())
                    .map_err(|error| Error::unavailable(error.to_string()))
            });
            return self.transact(puts.collect::<Result<_>>()?).await;
        }
        for item in items {
            let put = self
                .client
                .put_item()
                .table_name(&self.tables.units)
                .set_item(Some(item))
                .condition_expression(NOT_NEWER)
                .expression_attribute_values(":epoch", number(epoch))
                .send()
                .await;
            if !unless_condition_failed(put)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn put_parts(&self, parts: Vec<Item>) -> Result<()> {
        stream::iter(parts)
            .map(|item| async {
                self.client.put_item().table_name(&self.tables.units).set_item(Some(item)).send().await?;
                Ok(())
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await
    }

    /// The runs with these indexes that have an item, in order, strongly consistent. Reads as it is polled: memory stays flat.
    pub fn runs<'a>(
        &'a self,
        id: &'a UnitId,
        indexes: std::ops::Range<u32>,
    ) -> impl Stream<Item = Result<Run>> + Send + 'a {
        let partitions = indexes.start / RUNS_PER_PARTITION..indexes.end.div_ceil(RUNS_PER_PARTITION);
        stream::iter(partitions)
            .map(move |page| {
                let first = indexes.start.max(page * RUNS_PER_PARTITION);
                let end = indexes.end.min((page + 1) * RUNS_PER_PARTITION);
                self.runs_of_partition(id, page, first..end)
            })
            .flatten()
    }

    fn runs_of_partition<'a>(
        &'a self,
        id: &'a UnitId,
        page: u32,
        indexes: std::ops::Range<u32>,
    ) -> impl Stream<Item = Result<Run>> + Send + 'a {
        let from = text(keys::run(indexes.start));
        // '~' sorts behind everything that a key may go on with
        let to = text(format!("{}~", keys::run(indexes.end.saturating_sub(1))));
        let state = Walk { start: None, done: indexes.is_empty(), items: VecDeque::new() };
        stream::try_unfold(state, move |mut walk| {
            let (from, to) = (from.clone(), to.clone());
            async move {
                loop {
                    if let Some(run) = self.next_run(id, page, &mut walk, &from, &to).await? {
                        return Ok(Some((run, walk)));
                    }
                    if walk.done && walk.items.is_empty() {
                        return Ok(None);
                    }
                }
            }
        })
    }

    /// The next run of the walk, once its item and all its parts are read; none if there was only a stray part.
    async fn next_run(
        &self,
        id: &UnitId,
        page: u32,
        walk: &mut Walk,
        from: &AttributeValue,
        to: &AttributeValue,
    ) -> Result<Option<Run>> {
        let Some(item) = self.next_item(id, page, walk, from, to).await? else { return Ok(None) };
        let reader = Reader::new(&item);
        let key = reader.text(SK)?.to_owned();
        if !is_run(&key) {
            return Ok(None);
        }
        let mut packed = reader.bytes("v")?.to_vec();
        let parts: usize = reader.number_if_any("parts")?.unwrap_or(0);
        let tag = reader.text_if_any("tag").unwrap_or_default().to_owned();
        for part in 0..parts {
            let wanted = keys::part(&key, &tag, part);
            loop {
                let item = self.next_item(id, page, walk, from, to).await?;
                let item = item.ok_or_else(|| Error::corrupt(format!("{id} {wanted}"), "missing"))?;
                let reader = Reader::new(&item);
                if reader.text(SK)? == wanted {
                    packed.extend_from_slice(reader.bytes("v")?);
                    break;
                }
            }
        }
        read(&format!("{id} {key}"), &packed).map(Some)
    }

    async fn next_item(
        &self,
        id: &UnitId,
        page: u32,
        walk: &mut Walk,
        from: &AttributeValue,
        to: &AttributeValue,
    ) -> Result<Option<Item>> {
        while walk.items.is_empty() && !walk.done {
            let found = self
                .client
                .query()
                .table_name(&self.tables.units)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", text(keys::runs(id, page)))
                .expression_attribute_values(":from", from.clone())
                .expression_attribute_values(":to", to.clone())
                .consistent_read(true)
                .set_exclusive_start_key(walk.start.take())
                .send()
                .await?;
            walk.items.extend(found.items.unwrap_or_default());
            walk.start = found.last_evaluated_key;
            walk.done = walk.start.is_none();
        }
        Ok(walk.items.pop_front())
    }

    /// One run, if it has an item.
    pub async fn run(&self, id: &UnitId, index: u32) -> Result<Option<Run>> {
        std::pin::pin!(self.runs(id, index..index + 1)).try_next().await
    }
}

struct Walk {
    start: Option<Item>,
    done: bool,
    items: VecDeque<Item>,
}

fn is_run(key: &str) -> bool {
    key.matches('#').count() == 1
}

fn read(name: &str, packed: &[u8]) -> Result<Run> {
    let json = unpack(packed).map_err(|error| Error::corrupt(name, error))?;
    serde_json::from_slice(&json).map_err(|error| Error::corrupt(name, error))
}

/// A run as its item and the parts that did not fit.
fn items(id: &UnitId, epoch: u64, run: &Run, expires_at: Timestamp) -> (Item, Vec<Item>) {
    let pk = keys::runs(id, run.index / RUNS_PER_PARTITION);
    let sk = keys::run(run.index);
    let packed = pack_json(run);
    let item = |sk: String, value: Vec<u8>| {
        Item::from([
            (PK.to_owned(), text(pk.as_str())),
            (SK.to_owned(), text(sk)),
            ("v".to_owned(), bytes(value)),
            ("epoch".to_owned(), number(epoch)),
            ("expires_at".to_owned(), expiry(expires_at)),
        ])
    };
    if packed.len() <= INLINE_BYTES {
        return (item(sk, packed), Vec::new());
    }
    let tag = format!("{epoch:012}.{}", run.attempt);
    let parts: Vec<Item> = packed
        .chunks(INLINE_BYTES)
        .enumerate()
        .map(|(part, chunk)| item(keys::part(&sk, &tag, part), chunk.to_vec()))
        .collect();
    let mut head = item(sk, Vec::new());
    head.insert("parts".to_owned(), number(parts.len()));
    head.insert("tag".to_owned(), text(tag));
    (head, parts)
}
