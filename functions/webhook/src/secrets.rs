//! What a delivery is signed with: the unit's own secret, else the operator's, else its owner's, made when it is first needed.
//!
//! While an owner's secret is being rotated the one before signs too, so a receiver may know either. Secrets leave their sealing only here,
//! for the length of one signature.

use domain::OwnerId;
use domain::delivery::Delivery;
use jiff::Timestamp;
use store::SigningSecrets;
use vault::Secret;
use vault::webhook::SigningSecret;

use crate::Webhook;

/// There is nothing to sign with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSecret {
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It is kept, but of no use; shown to its owner.
    #[error("the signing secret cannot be opened; if it is the account's, rotate it")]
    Unusable,
}

impl Webhook {
    /// The secrets that sign this delivery now, the newest first.
    pub(crate) async fn secrets(
        &self,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Vec<SigningSecret>, NoSecret> {
        if let Some(sealed) = &delivery.sealed_secret {
            return Ok(vec![self.open(sealed, delivery.unit.as_str())?]);
        }
        if let Some(secret) = &self.settings.operator_secret {
            return Ok(vec![secret.clone()]);
        }
        let (kept, context) = (self.owners_secrets(&delivery.owner, now).await?, context(&delivery.owner));
        let mut secrets = vec![self.open(&kept.sealed, &context)?];
        if let Some((before, until)) = kept.before
            && now < until
        {
            // One that cannot be opened any more is no reason not to sign with the one that replaced it.
            secrets.extend(self.open(&before, &context));
        }
        Ok(secrets)
    }

    /// An owner's secrets as they are kept; makes the first one if there is none.
    async fn owners_secrets(&self, owner: &OwnerId, now: Timestamp) -> Result<SigningSecrets, store::Error> {
        loop {
            if let Some(kept) = self.store.signing_secrets(owner).await? {
                return Ok(kept);
            }
            let secret = SigningSecret::generate(self.entropy.bytes());
            let sealed = self.sealer.seal(&Secret::new(secret.expose()), &context(owner));
            let made = SigningSecrets { sealed, made_at: now, before: None };
            if self.store.put_signing_secrets(owner, None, &made).await? {
                return Ok(made);
            }
            // Somebody else was quicker: theirs is the one.
        }
    }

    fn open(&self, sealed: &str, context: &str) -> Result<SigningSecret, NoSecret> {
        let opened = self.sealer.open(sealed, context).map_err(|_| NoSecret::Unusable)?;
        opened.expose().parse().map_err(|_| NoSecret::Unusable)
    }
}

/// What an owner's secrets are bound to when they are sealed.
fn context(owner: &OwnerId) -> String {
    format!("owner:{owner}")
}
