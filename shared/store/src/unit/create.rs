//! Accepting a unit: durable before the answer.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::unit::Unit;

use super::item;
use crate::idempotency::{Idempotent, Remembered, remember};
use crate::keys::PK;
use crate::{Result, Store};

/// What came of a creation, or of any write that carries an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It is written.
    Now,
    /// The key was used before: nothing was written.
    Before(Remembered),
}

impl Store {
    /// Writes a new unit, whose inputs are stored already, and what its `Idempotency-Key` shall remember.
    ///
    /// One transaction: either both are there or none. Repeating it with the same key writes nothing.
    pub async fn create_unit(&self, unit: &Unit, key: Option<&Idempotent>) -> Result<Created> {
        self.create_unit_under(unit, key.as_slice()).await
    }

    /// The same under several keys: it is written if none of them was used before.
    pub async fn create_unit_under(&self, unit: &Unit, keys: &[&Idempotent]) -> Result<Created> {
        let put = Put::builder()
            .table_name(&self.tables.units)
            .set_item(Some(item::write(unit)))
            .condition_expression(format!("attribute_not_exists({PK})"))
            .build()
            .map_err(|error| crate::Error::unavailable(error.to_string()))?;
        let mut items = vec![TransactWriteItem::builder().put(put).build()];
        for key in keys {
            items.push(remember(&self.tables.units, key)?);
        }
        if self.transact(items).await? {
            return Ok(Created::Now);
        }
        for key in keys {
            if let Some(remembered) = self.remembered(&key.owner, &key.key, key.at).await? {
                return Ok(Created::Before(remembered));
            }
        }
        Err(crate::Error::unavailable("the unit's id is taken"))
    }
}
