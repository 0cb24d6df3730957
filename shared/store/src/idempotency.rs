//! What an `Idempotency-Key` remembers: which request used it, and what was answered.
//!
//! Written in the transaction of the change it guards, only if absent or forgotten, or in the place of the very answer that is known to be
//! of no use any more: so a repeated request changes nothing.
//! DynamoDB deletes late, so what is past its time counts as forgotten though its item still is there.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::OwnerId;
use jiff::Timestamp;

use crate::attributes::{Item, Reader, expiry, text};
use crate::keys::{self, PK, SK};
use crate::{Error, Result, Store};

const SORT: &str = "K";

/// A key with what it shall remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotent {
    /// Whose key it is: two owners never meet.
    pub owner: OwnerId,
    /// The key.
    pub key: String,
    /// A hash of the request.
    pub request: String,
    /// The answer, to be given again.
    pub answer: String,
    /// When it is used.
    pub at: Timestamp,
    /// Until when it is remembered.
    pub until: Timestamp,
    /// The answer that it may take the place of, because what that made is gone; none where nothing may be replaced.
    pub instead_of: Option<String>,
}

/// What a key remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The hash of the request that used it.
    pub request: String,
    /// What was answered.
    pub answer: String,
}

pub(crate) fn remember(table: &str, key: &Idempotent) -> Result<TransactWriteItem> {
    let item = Item::from([
        (PK.to_owned(), text(keys::idempotency(key.owner.as_str(), &key.key))),
        (SK.to_owned(), text(SORT)),
        ("request".to_owned(), text(&key.request)),
        ("answer".to_owned(), text(&key.answer)),
        ("expires_at".to_owned(), expiry(key.until)),
    ]);
    let mut condition = format!("attribute_not_exists({PK}) OR expires_at <= :now");
    let mut put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .expression_attribute_values(":now", expiry(key.at));
    if let Some(answer) = &key.instead_of {
        condition.push_str(" OR answer = :instead_of");
        put = put.expression_attribute_values(":instead_of", text(answer));
    }
    let put = put.condition_expression(condition).build();
    let put = put.map_err(|error| Error::unavailable(error.to_string()))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

impl Store {
    /// What this owner's key remembers, if it was used and is not forgotten `now`.
    pub async fn remembered(&self, owner: &OwnerId, key: &str, now: Timestamp) -> Result<Option<Remembered>> {
        let found = self
            .client
            .get_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::idempotency(owner.as_str(), key)))
            .key(SK, text(SORT))
            .consistent_read(true)
            .send()
            .await?;
        let Some(item) = found.item else { return Ok(None) };
        let reader = Reader::new(&item);
        if reader.expiry("expires_at")? <= now {
            return Ok(None);
        }
        Ok(Some(Remembered {
            request: reader.text("request")?.to_owned(),
            answer: reader.text("answer")?.to_owned(),
        }))
    }
}
