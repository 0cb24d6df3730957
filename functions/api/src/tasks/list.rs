//! `GET /api/tasks`: all of an owner's units, newest first, page by page.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use store::Summary;

use crate::accepted::json;
use crate::form::{self, Listed};
use crate::refusal::Refusal;
use crate::{Api, base, identity, lists};

/// Lists the caller's tasks and groups.
pub(crate) async fn list(State(api): State<Api>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let caller = identity::caller(&api, &parts.headers)?;
    let owner = identity::owner(&api, &caller);
    let base = base::of(&api, &parts)?;
    let listing = form::listing(parts.uri.query().unwrap_or_default(), Listed::All)
        .map_err(|faults| Refusal::Faulty { faults, received: None })?;
    let (found, next) = lists::found(&api, &owner, &listing).await?;
    let tasks: Vec<Value> = found.iter().map(|unit| shown(&base, unit)).collect();
    if listing.is_array {
        return Ok(json(StatusCode::OK, &tasks.into()));
    }
    Ok(json(StatusCode::OK, &json!({ "count": tasks.len(), "tasks": tasks, "next_cursor": next })))
}

fn shown(base: &str, unit: &Summary) -> Value {
    let counts = &unit.counts;
    let percent = if unit.status.is_terminal() {
        100
    } else {
        (u64::from(counts.finished()) * 100).checked_div(u64::from(counts.total())).unwrap_or(0).min(99)
    };
    json!({
        "id": unit.id,
        "taskId": unit.id,
        "kind": unit.kind.word(),
        "type": views::type_of(unit.kind),
        "status": unit.status.word(),
        "queue": "default",
        "progress": percent,
        "processor": unit.processor,
        "metadata": unit.metadata,
        "inputPreview": unit.preview,
        "visibility": unit.visibility,
        "runs": counts.total(),
        "createdAt": unit.created_at,
        "completedAt": unit.completed_at,
        "expiresAt": unit.expires_at,
        "url": unit.kind.url(base, &unit.id),
    })
}
