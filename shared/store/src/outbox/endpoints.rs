//! What is known of an owner's endpoints: since when everything sent to one fails, and whether it is disabled.
//!
//! Keyed by a hash of the endpoint's URL; the last outcome wins, which is all that is claimed.

use domain::OwnerId;
use jiff::Timestamp;

use crate::attributes::{Item, Reader, expiry, text, time};
use crate::keys::{self, PK, SK};
use crate::{Result, Store};

/// How an owner's endpoint fares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Since when everything sent to it fails; none while it works.
    pub failing_since: Option<Timestamp>,
    /// When it was disabled; none while it is enabled.
    pub disabled_at: Option<Timestamp>,
}

impl Store {
    /// How the endpoint with this hash fares.
    pub async fn endpoint(&self, owner: &OwnerId, hash: &str) -> Result<Endpoint> {
        let found = self
            .client
            .get_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::owner(owner.as_str())))
            .key(SK, text(sort(hash)))
            .consistent_read(true)
            .send()
            .await?;
        let Some(item) = found.item else { return Ok(Endpoint::default()) };
        let reader = Reader::new(&item);
        Ok(Endpoint {
            failing_since: reader.time_if_any("failing_since")?,
            disabled_at: reader.time_if_any("disabled_at")?,
        })
    }

    /// Writes how the endpoint with this hash fares; forgotten at `expires_at`.
    pub async fn put_endpoint(
        &self,
        owner: &OwnerId,
        hash: &str,
        endpoint: Endpoint,
        expires_at: Timestamp,
    ) -> Result<()> {
        let mut item = Item::from([
            (PK.to_owned(), text(keys::owner(owner.as_str()))),
            (SK.to_owned(), text(sort(hash))),
            ("expires_at".to_owned(), expiry(expires_at)),
        ]);
        for (name, at) in [("failing_since", endpoint.failing_since), ("disabled_at", endpoint.disabled_at)] {
            if let Some(at) = at {
                item.insert(name.to_owned(), time(at));
            }
        }
        self.client.put_item().table_name(&self.tables.units).set_item(Some(item)).send().await?;
        Ok(())
    }
}

fn sort(hash: &str) -> String {
    format!("EP#{hash}")
}
