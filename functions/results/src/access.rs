//! Which unit a reader means, and whether it may read it.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use domain::UnitId;
use domain::unit::{Unit, Visibility};
use vault::Secret;

use crate::Results;
use crate::refusal::Refusal;

/// The unit with this id, if whoever sends these headers may read it.
pub(crate) async fn readable(results: &Results, id: &str, headers: &HeaderMap) -> Result<Arc<Unit>, Refusal> {
    let unit = unit(results, id).await?;
    match unit.spec.visibility {
        Visibility::Link => {}
        Visibility::Key => owned(results, &unit, headers)?,
    }
    Ok(unit)
}

/// The unit with this id, if its owner sends these headers.
pub(crate) async fn of_owner(results: &Results, id: &str, headers: &HeaderMap) -> Result<Arc<Unit>, Refusal> {
    let unit = unit(results, id).await?;
    owned(results, &unit, headers)?;
    Ok(unit)
}

async fn unit(results: &Results, id: &str) -> Result<Arc<Unit>, Refusal> {
    let id: UnitId = id.parse().map_err(|_| Refusal::NoUnit)?;
    let unit = results.store().unit(&id).await?.ok_or(Refusal::NoUnit)?;
    if unit.is_expired(results.clock().now()) { Err(Refusal::Expired) } else { Ok(Arc::new(unit)) }
}

fn owned(results: &Results, unit: &Unit, headers: &HeaderMap) -> Result<(), Refusal> {
    let credential = credential(headers).ok_or(Refusal::WhoAsks)?;
    if results.sealer().owner(&credential) == unit.owner { Ok(()) } else { Err(Refusal::NotTheOwner) }
}

fn credential(headers: &HeaderMap) -> Option<Secret> {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let bearer = || text(AUTHORIZATION.as_str())?.strip_prefix("Bearer ");
    text("x-api-key").or_else(bearer).map(str::trim).filter(|key| !key.is_empty()).map(Secret::new)
}
