//! Reading one unit.

use domain::UnitId;
use domain::unit::Unit;

use super::item;
use crate::attributes::text;
use crate::keys::{self, META, PK, SK};
use crate::{Result, Store};

impl Store {
    /// The unit with this id, strongly consistent; none if there never was one, or it was deleted.
    ///
    /// An expired unit is still returned while its item exists: the caller says 410.
    pub async fn unit(&self, id: &UnitId) -> Result<Option<Unit>> {
        let found = self
            .client
            .get_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::unit(id)))
            .key(SK, text(META))
            .consistent_read(true)
            .send()
            .await?;
        found.item.as_ref().map_or(Ok(None), item::read)
    }
}
