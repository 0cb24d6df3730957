//! The upstream's webhooks that have had their effect, so that none has a second one.
//!
//! Keyed by the webhook's id, which is the upstream's and the same for all its attempts; writing one again changes nothing. Only those are
//! remembered that made somebody look, so that a thousand that come at once cost no thousand writes.

use jiff::Timestamp;

use crate::attributes::{Item, Reader, expiry, text};
use crate::keys::{self, PK, SK};
use crate::{Result, Store};

const SORT: &str = "W";

impl Store {
    /// Whether the webhook with this id has had its effect, and that is not forgotten `now`.
    pub async fn heard(&self, webhook_id: &str, now: Timestamp) -> Result<bool> {
        let found = self
            .client
            .get_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::heard(webhook_id)))
            .key(SK, text(SORT))
            .consistent_read(true)
            .send()
            .await?;
        let Some(item) = found.item else { return Ok(false) };
        Ok(Reader::new(&item).expiry("expires_at")? > now)
    }

    /// Remembers until then that the webhook with this id has had its effect.
    pub async fn remember_heard(&self, webhook_id: &str, until: Timestamp) -> Result<()> {
        let item = Item::from([
            (PK.to_owned(), text(keys::heard(webhook_id))),
            (SK.to_owned(), text(SORT)),
            ("expires_at".to_owned(), expiry(until)),
        ]);
        self.client.put_item().table_name(&self.tables.units).set_item(Some(item)).send().await?;
        Ok(())
    }
}
