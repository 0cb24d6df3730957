//! `POST /{id}/retry`: every row without an output is bought again; earlier attempts stay on record.
//!
//! What is answered depends on the path: a group's shape here, a task's in `tasks::change`.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use domain::unit::Unit;
use serde_json::{Value, json};
use web::body;

use super::{Change, Outcome, ask, counts, decide};
use crate::accepted::{Given, answer};
use crate::form::{self, Fields};
use crate::idempotency::Key;
use crate::refusal::Refusal;
use crate::{Api, identity};

/// Asks for the failed rows once more. The body may be empty.
pub(crate) async fn retry(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    retried(&api, &id, request, Telling { shape: "group", told }).await
}

/// How a retry is answered: the word of the shape, and the shape of the unit as it was and as it stands.
#[derive(Clone, Copy)]
pub(crate) struct Telling {
    pub(crate) shape: &'static str,
    pub(crate) told: fn(&Unit, &Unit) -> Value,
}

/// Asks for the failed rows of this unit once more, and answers so.
pub(crate) async fn retried(
    api: &Api,
    id: &str,
    request: Request,
    Telling { shape, told }: Telling,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let caller = identity::caller(api, headers)?;
    let owner = identity::owner(api, &caller);
    identity::owned(api, id, &owner).await?;
    let bytes = body::read(headers, body).await.map_err(Refusal::Refused)?;
    let mut key = Key::of(headers, &owner, &[b"retry", shape.as_bytes(), id.as_bytes(), &bytes])?;
    if let Some(key) = &mut key
        && let Some(before) = key.before(api, headers).await?
    {
        return Ok(before);
    }
    let fields = match bytes.trim_ascii() {
        [] => Fields::default(),
        _ => form::json(&bytes).map_err(Refusal::Refused)?,
    };
    let mcp_servers =
        form::servers_only(fields).map_err(|faults| Refusal::Faulty { faults, received: None })?;
    let remembering =
        |seen: &Unit, stands: &Unit| Some(key.as_ref()?.remembering(&told(seen, stands), api.now()));
    let change = Change { segment: id, caller: &caller, mcp_servers };
    match (ask(api, change, |unit| decide::retried(unit, api.now()), remembering).await?, &key) {
        (Outcome::Before(before), Some(key)) => key.again(&before, headers),
        (Outcome::Before(_), None) => Err(Refusal::Raced),
        (Outcome::Done(units), _) => Ok(answer(&told(&units.0, &units.1), Given::Now, headers)),
    }
}

/// How many rows of the unit a retry buys again.
pub(crate) const fn again(seen: &Unit) -> u32 {
    seen.counts.failed + seen.counts.timed_out + seen.counts.cancelled
}

fn told(seen: &Unit, stands: &Unit) -> Value {
    json!({
        "url": stands.url(),
        "id": stands.id,
        "taskgroup_id": stands.id,
        "status": stands.status.word(),
        "retried": again(seen),
        "num_task_runs": stands.rows(),
        "task_run_status_counts": counts(stands),
    })
}
