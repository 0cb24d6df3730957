//! `DELETE /{id}`: the group is gone at once, and everything of it soon.
//!
//! A tombstone takes its place, which fences whoever holds it; a runner removes the rest. Nobody is told of it: what would be told is removed too.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use domain::limits::TOMBSTONE;
use domain::message::Work;
use store::Change;

use crate::refusal::Refusal;
use crate::{Api, DUE, TRIES, after, identity};

/// Deletes a group, whatever its status.
pub(crate) async fn delete(
    State(api): State<Api>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let caller = identity::caller(&api, &headers)?;
    let owner = identity::owner(&api, &caller);
    for _ in 0..TRIES {
        let seen = identity::owned(&api, &id, &owner).await?;
        let now = api.now();
        let due_at = now.saturating_add(DUE).unwrap_or(now);
        match api.store().delete(&seen, due_at, now, after(now, TOMBSTONE)).await? {
            Change::Raced => {}
            Change::Done => {
                tracing::info!(unit.id = %seen.id, "A group is deleted.");
                api.announce(&seen, Work::Remove { id: seen.id.clone() }).await;
                return Ok(StatusCode::NO_CONTENT);
            }
        }
    }
    Err(Refusal::Raced)
}
