//! Where the result of an identical run stands.
//!
//! Keyed by a hash that includes the owner. The newest put wins; any of them is true.

use domain::UnitId;
use jiff::Timestamp;

use crate::attributes::{Item, Reader, expiry, number, text, time};
use crate::keys::{self, PK, SK};
use crate::{Error, Result, Store};

const SORT: &str = "C";

/// Where a result stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// The unit.
    pub unit: UnitId,
    /// Its run.
    pub index: u32,
    /// When the run ended.
    pub at: Timestamp,
}

impl Store {
    /// Remembers where the result of the run with this hash stands, until `expires_at`.
    pub async fn put_cached(&self, hash: &str, cached: &Cached, expires_at: Timestamp) -> Result<()> {
        let item = Item::from([
            (PK.to_owned(), text(keys::cached(hash))),
            (SK.to_owned(), text(SORT)),
            ("unit".to_owned(), text(cached.unit.as_str())),
            ("index".to_owned(), number(cached.index)),
            ("at".to_owned(), time(cached.at)),
            ("expires_at".to_owned(), expiry(expires_at)),
        ]);
        self.client.put_item().table_name(&self.tables.units).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// Where the result of the run with this hash stands, if one is remembered.
    pub async fn cached(&self, hash: &str) -> Result<Option<Cached>> {
        let found = self
            .client
            .get_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::cached(hash)))
            .key(SK, text(SORT))
            .send()
            .await?;
        let Some(item) = found.item else { return Ok(None) };
        let reader = Reader::new(&item);
        let unit = reader.text("unit")?.parse().map_err(|error| Error::corrupt(reader.name(), error))?;
        Ok(Some(Cached { unit, index: reader.number("index")?, at: reader.time("at")? }))
    }
}
