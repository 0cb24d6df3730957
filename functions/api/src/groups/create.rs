//! `POST /v1beta/tasks/groups`: a group is accepted, or everything that is wrong with it is told.

use axum::extract::{Request, State};
use axum::response::Response;
use domain::unit::{Kind, Unit};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use web::body;

use super::estimate::reckoned;
use crate::accept::{accept, made};
use crate::accepted::json;
use crate::check;
use crate::form::{self, Purpose, Sent};
use crate::idempotency::Key;
use crate::refusal::Refusal;
use crate::{Api, base, identity};

/// What a group says of its processor while the choice is the upstream's.
const NOT_CHOSEN: &str = "not asked for: the upstream is asked to recommend one when the group begins";

/// Accepts a group, or says everything that is wrong with it.
pub(crate) async fn create(State(api): State<Api>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (headers, query) = (&parts.headers, parts.uri.query());
    let caller = identity::caller(&api, headers)?;
    let base = base::of(&api, &parts)?;
    body::kind(headers).map_err(Refusal::Refused)?;
    let bytes = body::read(headers, body).await.map_err(Refusal::Refused)?;
    let owner = identity::owner(&api, &caller);
    let request = [b"create".as_slice(), query.unwrap_or_default().as_bytes(), &bytes];
    let mut key = Key::of(headers, &owner, &request)?;
    if let Some(key) = &mut key
        && let Some(before) = key.before(&api, headers).await?
    {
        return Ok(before);
    }
    let sent = Sent::read(headers, &bytes, query).map_err(Refusal::Refused)?;
    let checked = check::complete(&api, form::group(sent, Purpose::Create)).await?;
    if checked.draft.dry_run {
        return Ok(json(StatusCode::OK, &reckoned(&checked, true)));
    }

    let estimate = json!(checked.estimate());
    let (unit, rows) = made(&api, Kind::Group, (&caller, base), checked.draft, checked.rows)?;
    accept(&api, (&unit, &rows), key.into_iter().collect(), &told(&unit, &estimate), headers).await
}

/// What is answered: where the group is, and what is known of it so far.
fn told(unit: &Unit, estimate: &Value) -> Value {
    let group = &unit.spec.group;
    let created: Timestamp = unit.created_at;
    json!({
        "url": unit.url(),
        "taskgroup_id": unit.id,
        "task_group_id": unit.id,
        "status": unit.status.word(),
        "num_task_runs": unit.progress.rows,
        "processor_used": group.processor,
        "processor_reason": if group.processor.is_some() { "asked for" } else { NOT_CHOSEN },
        "warnings": group.warnings,
        "estimate": estimate,
        "created_at": created,
        "expires_at": unit.expires_at,
    })
}
