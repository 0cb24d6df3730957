//! The owner's signing secret: shown, and replaced by another while both sign.
//!
//! It is kept sealed, bound to its owner, as the webhook function opens it. Shown only to its owner, in an answer that nobody keeps.

pub(crate) mod rotate;
pub(crate) mod show;

use domain::OwnerId;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::SigningSecrets;
use vault::Secret;
use vault::webhook::SigningSecret;

use crate::Api;
use crate::refusal::Refusal;

/// A new secret, sealed for this owner.
fn made(api: &Api, owner: &OwnerId) -> String {
    let secret = SigningSecret::generate(api.entropy().bytes());
    api.sealer().seal(&Secret::new(secret.expose()), &context(owner))
}

fn open(api: &Api, owner: &OwnerId, sealed: &str) -> Result<Secret, Refusal> {
    api.sealer().open(sealed, &context(owner)).map_err(|_| Refusal::SecretUnreadable)
}

/// What an owner's secrets are bound to when they are sealed.
fn context(owner: &OwnerId) -> String {
    format!("owner:{owner}")
}

/// The secrets as their owner is shown them.
fn told(api: &Api, owner: &OwnerId, secrets: &SigningSecrets, now: Timestamp) -> Result<Value, Refusal> {
    let secret = open(api, owner, &secrets.sealed)?;
    let before = secrets.before.as_ref().filter(|(_, until)| now < *until);
    // One that cannot be opened any more signs nothing, so there is nothing to show.
    let before = before.and_then(|(sealed, until)| {
        let secret = open(api, owner, sealed).ok()?;
        Some(json!({ "secret": secret.expose(), "signs_until": until }))
    });
    Ok(json!({ "secret": secret.expose(), "created_at": secrets.made_at, "previous": before }))
}
