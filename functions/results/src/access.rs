//! Which unit a reader means, and whether it may read it.

use std::sync::Arc;

use axum::http::HeaderMap;
use domain::UnitId;
use domain::unit::{Unit, Visibility};

use crate::Results;
use crate::refusal::Refusal;

/// The unit with this id, if whoever sends these headers may read it.
pub(crate) async fn readable(
    results: &Results,
    id: &UnitId,
    headers: &HeaderMap,
) -> Result<Arc<Unit>, Refusal> {
    let unit = unit(results, id).await?;
    match unit.spec.visibility {
        Visibility::Link => {}
        Visibility::Key => owned(results, &unit, headers)?,
    }
    Ok(unit)
}

/// The unit with this id, if its owner sends these headers.
pub(crate) async fn of_owner(
    results: &Results,
    id: &UnitId,
    headers: &HeaderMap,
) -> Result<Arc<Unit>, Refusal> {
    let unit = unit(results, id).await?;
    owned(results, &unit, headers)?;
    Ok(unit)
}

async fn unit(results: &Results, id: &UnitId) -> Result<Arc<Unit>, Refusal> {
    let unit = results.store().unit(id).await?.ok_or(Refusal::NoUnit)?;
    if unit.is_expired(results.clock().now()) { Err(Refusal::Expired) } else { Ok(Arc::new(unit)) }
}

fn owned(results: &Results, unit: &Unit, headers: &HeaderMap) -> Result<(), Refusal> {
    let credential = web::credential::of(headers).map_err(Refusal::WhoAsks)?;
    let caller = results.settings().access.caller(credential.as_ref()).map_err(Refusal::WhoAsks)?;
    if caller.owner(results.sealer()) == unit.owner { Ok(()) } else { Err(Refusal::NotTheOwner) }
}
