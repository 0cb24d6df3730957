//! `POST /{id}/cancel`: the unit ends now. Its holder is fenced, nothing more is bought, and whoever asked for it is told.
//!
//! What is answered depends on the path: a group's shape here, a task's in `tasks::change`.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::announce::announce;
use domain::message::Work;
use domain::unit::{Status, Unit};
use http::StatusCode;
use serde_json::{Value, json};
use store::Change;

use super::{counts, decide};
use crate::accepted::json;
use crate::refusal::Refusal;
use crate::{Api, TRIES, identity};

/// Cancels a group. One that is cancelled already is answered the same again.
pub(crate) async fn cancel(
    State(api): State<Api>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    Ok(json(StatusCode::OK, &told(&cancelled(&api, &id, &headers).await?)))
}

/// The unit, cancelled now or before.
pub(crate) async fn cancelled(api: &Api, id: &str, headers: &HeaderMap) -> Result<Unit, Refusal> {
    let caller = identity::caller(api, headers)?;
    let owner = identity::owner(api, &caller);
    for _ in 0..TRIES {
        let seen = identity::owned(api, id, &owner).await?;
        if seen.status == Status::Cancelled {
            return Ok(seen);
        }
        let now = api.now();
        let ended = decide::cancelled(&seen, now)?;
        match api.store().cancel(&seen, &ended, &announce(&ended, now)).await? {
            Change::Raced => {}
            Change::Done => {
                tracing::info!(unit.id = %seen.id, "A unit is cancelled.");
                // Whoever holds the unit finds out at its next write; a holder in the process that gets this finds out now.
                api.announce(&seen, Work::unit(seen.id.clone(), seen.lease.hop + 1)).await;
                return Ok(ended);
            }
        }
    }
    Err(Refusal::Raced)
}

fn told(unit: &Unit) -> Value {
    json!({
        "url": unit.url(),
        "id": unit.id,
        "taskgroup_id": unit.id,
        "status": unit.status.word(),
        "num_task_runs": unit.rows().max(unit.counts.total()),
        "task_run_status_counts": counts(unit),
        "completed_at": unit.completed_at,
        "expires_at": unit.expires_at,
    })
}
