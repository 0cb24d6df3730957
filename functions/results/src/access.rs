//! Which unit a reader means, and whether it may read it.

use std::sync::Arc;

use axum::http::HeaderMap;
use domain::unit::{Unit, Visibility};
use domain::{OwnerId, UnitId};

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

/// Whether its owner sends these headers; whoever sends none that say who asks is not.
pub(crate) fn is_of_owner(results: &Results, unit: &Unit, headers: &HeaderMap) -> bool {
    owned(results, unit, headers).is_ok()
}

/// The id that a segment under `/api/tasks` means: a unit's own, or the one that whoever sends these headers gave to it.
pub(crate) async fn meant(results: &Results, segment: &str, headers: &HeaderMap) -> Result<UnitId, Refusal> {
    if let Ok(id) = segment.parse() {
        return Ok(id);
    }
    let owner = asking(results, headers)?;
    let known = results.store().known_as(&owner, segment, results.clock().now()).await?;
    known.ok_or(Refusal::NoUnit)
}

async fn unit(results: &Results, id: &UnitId) -> Result<Arc<Unit>, Refusal> {
    let unit = results.store().unit(id).await?.ok_or(Refusal::NoUnit)?;
    if unit.is_expired(results.clock().now()) { Err(Refusal::Expired) } else { Ok(Arc::new(unit)) }
}

fn owned(results: &Results, unit: &Unit, headers: &HeaderMap) -> Result<(), Refusal> {
    if asking(results, headers)? == unit.owner { Ok(()) } else { Err(Refusal::NotTheOwner) }
}

/// The owner that these headers make of whoever sends them.
fn asking(results: &Results, headers: &HeaderMap) -> Result<OwnerId, Refusal> {
    let credential = web::credential::of(headers).map_err(Refusal::WhoAsks)?;
    let caller = results.settings().access.caller(credential.as_ref()).map_err(Refusal::WhoAsks)?;
    Ok(caller.owner(results.sealer()))
}
