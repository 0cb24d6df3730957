//! `GET /v1beta/tasks/groups`: the owner's groups, newest first, page by page.

use axum::extract::{Request, State};
use axum::response::Response;
use domain::run::RunStatus;
use http::StatusCode;
use serde_json::{Map, Value, json};
use store::Summary;

use crate::accepted::json;
use crate::form::{self, Listed};
use crate::refusal::Refusal;
use crate::{Api, base, identity, lists};

/// Lists the caller's groups.
pub(crate) async fn list(State(api): State<Api>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let caller = identity::caller(&api, &parts.headers)?;
    let owner = identity::owner(&api, &caller);
    let base = base::of(&api, &parts)?;
    let listing = form::listing(parts.uri.query().unwrap_or_default(), Listed::Groups)
        .map_err(|faults| Refusal::Faulty { faults, received: None })?;
    let (found, next) = lists::found(&api, &owner, &listing).await?;
    let groups: Vec<Value> = found.iter().map(|unit| shown(&base, unit)).collect();
    Ok(json(StatusCode::OK, &json!({ "count": groups.len(), "groups": groups, "next_cursor": next })))
}

fn shown(base: &str, unit: &Summary) -> Value {
    let counts = RunStatus::ALL.into_iter().filter(|status| unit.counts.of(*status) > 0);
    let counts: Map<String, Value> =
        counts.map(|status| (status.word().to_owned(), unit.counts.of(status).into())).collect();
    json!({
        "taskgroup_id": unit.id,
        "url": unit.kind.url(base, &unit.id),
        "status": unit.status.word(),
        "is_active": !unit.status.is_terminal(),
        "num_task_runs": unit.counts.total(),
        "task_run_status_counts": counts,
        "output_type": unit.output_type,
        "processor": unit.processor,
        "metadata": unit.metadata,
        "created_at": unit.created_at,
        "completed_at": unit.completed_at,
        "expires_at": unit.expires_at,
    })
}
