//! `GET /v1beta/tasks/groups`: the owner's groups, newest first, page by page.
//!
//! The table knows owner and time; everything else is filtered here. So a page may be short, or empty, and yet have a next one.

use axum::extract::{Request, State};
use axum::response::Response;
use domain::limits::LIST_PAGE;
use domain::run::RunStatus;
use http::StatusCode;
use serde_json::{Map, Value, json};
use store::Summary;

use crate::accepted::json;
use crate::form;
use crate::refusal::Refusal;
use crate::{Api, base, identity};

/// Pages of the table that one answer looks through at most.
const LOOKED_THROUGH: usize = 10;

/// Lists the caller's groups.
pub(crate) async fn list(State(api): State<Api>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let caller = identity::caller(&api, &parts.headers)?;
    let owner = identity::owner(&api, &caller);
    let base = base::of(&api, &parts)?;
    let listing = form::listing(parts.uri.query().unwrap_or_default())
        .map_err(|faults| Refusal::Faulty { faults, received: None })?;

    let mut found: Vec<Summary> = Vec::new();
    let mut next = listing.cursor.clone();
    let mut is_over = listing.is_over();
    for _ in 0..LOOKED_THROUGH {
        if is_over || found.len() >= listing.limit {
            break;
        }
        let page =
            api.store().list(&owner, listing.created.clone(), next.as_deref(), LIST_PAGE, api.now()).await?;
        is_over = page.next.is_none();
        next = page.next;
        for unit in page.units {
            if found.len() == listing.limit {
                is_over = false;
                break;
            }
            next = Some(unit.cursor.clone());
            if listing.filter.admits(&unit) {
                found.push(unit);
            }
        }
    }
    let groups: Vec<Value> = found.iter().map(|unit| shown(&base, unit)).collect();
    let next = next.filter(|_| !is_over);
    Ok(json(StatusCode::OK, &json!({ "count": groups.len(), "groups": groups, "next_cursor": next })))
}

fn shown(base: &str, unit: &Summary) -> Value {
    let counts = RunStatus::ALL.into_iter().filter(|status| unit.counts.of(*status) > 0);
    let counts: Map<String, Value> =
        counts.map(|status| (status.word().to_owned(), unit.counts.of(status).into())).collect();
    json!({
        "taskgroup_id": unit.id,
        "url": format!("{base}/{}", unit.id),
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
