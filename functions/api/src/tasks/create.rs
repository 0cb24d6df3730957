//! `POST /api/tasks`: a research task is accepted, or everything that is wrong with it is told.
//!
//! It is a group of one. Clients of the predecessor send their key in the body: it is taken from there, and stands nowhere afterwards.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::unit::{Kind, Unit};
use serde_json::{Value, json};
use web::{Caller, Problem, body, credential};

use crate::accept::{accept, made};
use crate::check;
use crate::form::{self, Task};
use crate::idempotency::Key;
use crate::refusal::Refusal;
use crate::{Api, base, identity};

/// Accepts a task.
pub(crate) async fn create(State(api): State<Api>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (headers, query) = (&parts.headers, parts.uri.query());
    let base = base::of(&api, &parts)?;
    if body::kind(headers).map_err(Refusal::Refused)? != body::Kind::Json {
        return Err(Refusal::Refused(Problem::bad_request(
            "A task is a JSON object; lists go to /v1beta/tasks/groups.",
        )));
    }
    let bytes = body::read(headers, body).await.map_err(Refusal::Refused)?;
    let Task { read, own_id, key } = form::task(form::json(&bytes).map_err(Refusal::Refused)?.beside(query));
    let caller = caller(&api, headers, key.as_deref())?;
    let owner = identity::owner(&api, &caller);
    let request = [b"task".as_slice(), &bytes];
    let own_id = own_id.map(|id| Key::of_own_id(&id, &owner, &request));
    let mut keys: Vec<Key> = Key::of(headers, &owner, &request)?.into_iter().chain(own_id).collect();
    if read.faults.is_empty() {
        for key in &mut keys {
            if let Some(before) = key.before(&api, headers).await? {
                return Ok(before);
            }
        }
    }
    let checked = check::complete(&api, read).await.map_err(as_of_one)?;
    let (unit, rows) = made(&api, Kind::Task, (&caller, base), checked.draft, checked.rows)?;
    accept(&api, (&unit, &rows), keys, &told(&unit), headers).await
}

/// Whoever asks: by the headers, else by the key in the body.
fn caller(api: &Api, headers: &HeaderMap, in_body: Option<&str>) -> Result<Caller, Refusal> {
    let credential = match credential::of(headers).map_err(Refusal::Refused)? {
        Some(credential) => Some(credential),
        None => credential::of_body(in_body.unwrap_or_default()).map_err(Refusal::Refused)?,
    };
    api.settings().access.caller(credential.as_ref()).map_err(Refusal::Refused)
}

/// The same refusal, in the words of a task.
fn as_of_one(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Faulty { faults, received } => Refusal::Faulty { faults: form::of_one(faults), received },
        refusal => refusal,
    }
}

fn told(unit: &Unit) -> Value {
    let mut told = json!({
        "id": unit.id,
        "taskId": unit.id,
        "status": unit.status.word(),
        "queue": "default",
        "url": unit.url(),
    });
    if !unit.spec.group.warnings.is_empty() {
        told["warnings"] = json!(unit.spec.group.warnings);
    }
    told
}
