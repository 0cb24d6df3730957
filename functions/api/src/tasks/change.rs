//! `DELETE /api/tasks/{task}` and `POST /api/tasks/{task}/retry`: what `/{id}` knows, also under the owner's own id for a task.

use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::UnitId;

use crate::refusal::Refusal;
use crate::unit::{cancel, retry};
use crate::{Api, identity};

/// Cancels a task; it stays readable.
pub(crate) async fn cancel(
    State(api): State<Api>,
    Path(task): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = id(&api, &task, &headers).await?;
    cancel::cancel(State(api), Path(id.to_string()), headers).await
}

/// Buys a failed task again.
pub(crate) async fn retry(
    State(api): State<Api>,
    Path(task): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let id = id(&api, &task, request.headers()).await?;
    retry::retry(State(api), Path(id.to_string()), request).await
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
