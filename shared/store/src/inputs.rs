//! The rows of a group: pages of a hundred, each one value, split where it is too long.
//!
//! Written before the unit, or the append, that announces them; never changed. So writing a page twice is harmless.

use domain::UnitId;
use domain::input::{Input, PAGE_ROWS};
use domain::unit::Unit;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use crate::attributes::{Item, Reader, bytes, expiry, number, text};
use crate::keys::{self, PK, SK};
use crate::value::{INLINE_BYTES, pack_json, unpack};
use crate::{Error, Result, Store};

/// Pages written at a time.
const CONCURRENCY: usize = 8;

impl Store {
    /// Stores these rows as pages of `source`, from its page `first_page` on. All but the source's last page must be full.
    pub async fn put_inputs(
        &self,
        id: &UnitId,
        source: &str,
        first_page: u32,
        rows: &[Input],
        expires_at: Timestamp,
    ) -> Result<()> {
        let pages = rows.chunks(PAGE_ROWS as usize).zip(first_page..);
        let items: Vec<Item> =
            pages.flat_map(|(rows, page)| page_items(id, source, page, rows, expires_at)).collect();
        stream::iter(items)
            .map(|item| async {
                self.client.put_item().table_name(&self.tables.units).set_item(Some(item)).send().await?;
                Ok::<_, Error>(())
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await
    }

    /// One page of a source, in order; none if it was never written.
    pub async fn input_page(&self, id: &UnitId, source: &str, page: u32) -> Result<Option<Vec<Input>>> {
        let key = keys::input_page(source, page);
        let mut packed = Vec::new();
        let mut start = None;
        loop {
            let found = self
                .client
                .query()
                .table_name(&self.tables.units)
                .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                .expression_attribute_values(":pk", text(keys::unit(id)))
                .expression_attribute_values(":sk", text(&key))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await?;
            for item in found.items.unwrap_or_default() {
                packed.extend_from_slice(Reader::new(&item).bytes("v")?);
            }
            start = found.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        if packed.is_empty() {
            return Ok(None);
        }
        let corrupt = |reason: String| Error::corrupt(format!("{id} {key}"), reason);
        let json = unpack(&packed).map_err(|error| corrupt(error.to_string()))?;
        serde_json::from_slice(&json).map(Some).map_err(|error| corrupt(error.to_string()))
    }

    /// All rows of a unit in order, page by page; each page with the index of its first row.
    pub fn inputs<'a>(
        &'a self,
        unit: &'a Unit,
    ) -> impl futures::Stream<Item = Result<(u32, Vec<Input>)>> + Send + 'a {
        let mut pages = Vec::new();
        let mut first = 0;
        for (source, rows) in unit.sources() {
            pages.extend((0..rows.div_ceil(PAGE_ROWS)).map(|page| (first + page * PAGE_ROWS, source, page)));
            first += rows;
        }
        stream::iter(pages)
            .map(move |(first, source, page)| async move {
                let rows = self.input_page(&unit.id, source, page).await?;
                let rows =
                    rows.ok_or_else(|| Error::corrupt(format!("{} {source} {page}", unit.id), "missing"))?;
                Ok((first, rows))
            })
            .buffered(2)
    }

    /// One row of a unit; none past its last.
    pub async fn input(&self, unit: &Unit, index: u32) -> Result<Option<Input>> {
        let Some(place) = domain::input::place(unit.sources(), index) else { return Ok(None) };
        let page = self.input_page(&unit.id, place.source, place.page).await?;
        Ok(page.and_then(|rows| rows.get(place.slot).cloned()))
    }
}

/// A page as items: the first chunk under the page's key, further ones right behind it.
fn page_items(id: &UnitId, source: &str, page: u32, rows: &[Input], expires_at: Timestamp) -> Vec<Item> {
    let key = keys::input_page(source, page);
    pack_json(rows)
        .chunks(INLINE_BYTES)
        .enumerate()
        .map(|(part, chunk)| {
            let sk = if part == 0 { key.clone() } else { keys::part(&key, "p", part) };
            Item::from([
                (PK.to_owned(), text(keys::unit(id))),
                (SK.to_owned(), text(sk)),
                ("v".to_owned(), bytes(chunk.to_vec())),
                ("rows".to_owned(), number(rows.len())),
                ("expires_at".to_owned(), expiry(expires_at)),
            ])
        })
        .collect()
}
