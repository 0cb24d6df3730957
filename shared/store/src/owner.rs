//! An owner's signing secrets, sealed: the present one, and the one before while both sign.
//!
//! Written by conditional puts on what was seen, so two rotations at once do not lose a secret.

use domain::OwnerId;
use jiff::Timestamp;

use crate::attributes::{Item, Reader, text, time};
use crate::keys::{self, PK, SK};
use crate::outbox::unless_condition_failed;
use crate::{Result, Store};

const SORT: &str = "SECRET";

/// An owner's signing secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningSecrets {
    /// The present one, sealed.
    pub sealed: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// The one before, sealed, and until when it signs too.
    pub before: Option<(String, Timestamp)>,
}

impl Store {
    /// This owner's secrets, if any were made.
    pub async fn signing_secrets(&self, owner: &OwnerId) -> Result<Option<SigningSecrets>> {
        let found = self
            .client
            .get_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::owner(owner.as_str())))
            .key(SK, text(SORT))
            .consistent_read(true)
            .send()
            .await?;
        let Some(item) = found.item else { return Ok(None) };
        let reader = Reader::new(&item);
        let before = reader.text_if_any("before").map(str::to_owned).zip(reader.time_if_any("before_until")?);
        Ok(Some(SigningSecrets {
            sealed: reader.text("sealed")?.to_owned(),
            made_at: reader.time("made_at")?,
            before,
        }))
    }

    /// Writes an owner's secrets if they still are as `seen`; says whether they were.
    pub async fn put_signing_secrets(
        &self,
        owner: &OwnerId,
        seen: Option<&SigningSecrets>,
        secrets: &SigningSecrets,
    ) -> Result<bool> {
        let mut item = Item::from([
            (PK.to_owned(), text(keys::owner(owner.as_str()))),
            (SK.to_owned(), text(SORT)),
            ("sealed".to_owned(), text(&secrets.sealed)),
            ("made_at".to_owned(), time(secrets.made_at)),
        ]);
        if let Some((before, until)) = &secrets.before {
            item.insert("before".to_owned(), text(before));
            item.insert("before_until".to_owned(), time(*until));
        }
        let put = self.client.put_item().table_name(&self.tables.units).set_item(Some(item));
        let put = match seen {
            Some(seen) => put
                .condition_expression("sealed = :seen")
                .expression_attribute_values(":seen", text(&seen.sealed)),
            None => put.condition_expression("attribute_not_exists(pk)"),
        };
        unless_condition_failed(put.send().await)
    }
}
