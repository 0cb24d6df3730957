//! Cancelling and retrying under `/api/tasks/{task}` and `/task/{id}`: what `/{id}` knows, answered in the shape of a task.
//!
//! Under `/api/tasks` the owner's own id for a task means it too. Clients of the predecessor read `{taskId, cancelled: true}`.

use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::UnitId;
use domain::unit::Unit;
use http::StatusCode;
use serde_json::{Value, json};

use crate::accepted::json as answer;
use crate::refusal::Refusal;
use crate::unit::{cancel, retry};
use crate::{Api, identity};

/// A retry answered as a task.
const AS_TASK: retry::Telling = retry::Telling { shape: "task", told: retried };

/// Cancels a task; it stays readable.
pub(crate) async fn cancel(
    State(api): State<Api>,
    Path(task): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = id(&api, &task, &headers).await?;
    cancel_one(State(api), Path(id.to_string()), headers).await
}

/// Buys a failed task again.
pub(crate) async fn retry(
    State(api): State<Api>,
    Path(task): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let id = id(&api, &task, request.headers()).await?;
    retry_one(State(api), Path(id.to_string()), request).await
}

/// Cancels the task with this id.
pub(crate) async fn cancel_one(
    State(api): State<Api>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let ended = cancel::cancelled(&api, &id, &headers).await?;
    let mut told = stands(&ended);
    told["cancelled"] = true.into();
    Ok(answer(StatusCode::OK, &told))
}

/// Buys the failed task with this id again.
pub(crate) async fn retry_one(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    retry::retried(&api, &id, request, AS_TASK).await
}

fn retried(seen: &Unit, now: &Unit) -> Value {
    let mut told = stands(now);
    told["retried"] = retry::again(seen).into();
    told
}

/// A task as it stands after a change.
fn stands(unit: &Unit) -> Value {
    json!({
        "id": unit.id,
        "taskId": unit.id,
        "kind": unit.kind.word(),
        "type": views::type_of(unit.kind),
        "status": unit.status.word(),
        "queue": "default",
        "createdAt": unit.created_at,
        "completedAt": unit.completed_at,
        "expiresAt": unit.expires_at,
        "url": unit.url(),
    })
}

/// The id of the unit that a segment means: its own, or what the caller's own id stands for.
pub(crate) async fn id(api: &Api, task: &str, headers: &HeaderMap) -> Result<UnitId, Refusal> {
    if let Ok(id) = task.parse() {
        return Ok(id);
    }
    let owner = identity::owner(api, &identity::caller(api, headers)?);
    let known = api.store().known_as(&owner, task, api.now()).await?;
    known.ok_or(Refusal::NoUnit)
}
