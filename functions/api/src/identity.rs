//! Who asks, and which unit they mean: its owner, or nobody who may change it.

use axum::http::HeaderMap;
use domain::group::Secrets;
use domain::unit::Unit;
use domain::{OwnerId, UnitId};
use serde_json::Value;
use vault::Secret;
use web::Caller;

use crate::Api;
use crate::refusal::Refusal;

/// Whoever sends these headers; 401 where nobody is known by them.
pub(crate) fn caller(api: &Api, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let credential = web::credential::of(headers).map_err(Refusal::Refused)?;
    api.settings().access.caller(credential.as_ref()).map_err(Refusal::Refused)
}

/// The owner of what this caller makes.
pub(crate) fn owner(api: &Api, caller: &Caller) -> OwnerId {
    caller.owner(api.sealer())
}

/// The unit that a segment of a path names, if there is one, its time is not over, and it is this owner's.
pub(crate) async fn owned(api: &Api, segment: &str, owner: &OwnerId) -> Result<Unit, Refusal> {
    let id: UnitId = segment.parse().map_err(|_| Refusal::NoUnit)?;
    let unit = present(api, &id).await?;
    if unit.owner == *owner { Ok(unit) } else { Err(Refusal::NotTheOwner) }
}

/// The unit with this id, if there is one and its time is not over.
pub(crate) async fn present(api: &Api, id: &UnitId) -> Result<Unit, Refusal> {
    let unit = api.store().unit(id).await?.ok_or(Refusal::NoUnit)?;
    if unit.is_expired(api.now()) { Err(Refusal::Expired) } else { Ok(unit) }
}

/// What a runner needs to buy this unit's work, sealed for this unit alone.
///
/// # Panics
/// Never: secrets have a JSON form.
pub(crate) fn sealed(api: &Api, id: &UnitId, caller: &Caller, mcp_servers: Option<Value>) -> String {
    let secrets = Secrets { key: caller.key.expose().to_owned(), mcp_servers };
    let text = serde_json::to_string(&secrets).expect("secrets are a text and JSON");
    api.sealer().seal(&Secret::new(text), id.as_str())
}
