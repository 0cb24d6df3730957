//! `POST /v1beta/tasks/estimate`: what a group would cost and how long it would take. Nothing is written, nothing is bought.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use web::body;

use crate::accepted::json;
use crate::check::{self, Checked};
use crate::form::{self, Purpose, Sent};
use crate::refusal::Refusal;
use crate::{Api, identity};

/// Reckons a group: the body of a create, in which `rows` may stand for the inputs.
pub(crate) async fn estimate(State(api): State<Api>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    identity::caller(&api, &parts.headers)?;
    body::kind(&parts.headers).map_err(Refusal::Refused)?;
    let bytes = body::read(&parts.headers, body).await.map_err(Refusal::Refused)?;
    let sent = Sent::read(&parts.headers, &bytes, parts.uri.query()).map_err(Refusal::Refused)?;
    let checked = check::complete(&api, form::group(sent, Purpose::Estimate)).await?;
    Ok(json(StatusCode::OK, &reckoned(&checked, false)))
}

/// What is told of a group that was judged and not created.
pub(crate) fn reckoned(checked: &Checked, dry_run: bool) -> Value {
    let mut told = json!(checked.estimate());
    told["warnings"] = json!(checked.draft.spec.warnings);
    if dry_run {
        told["dry_run"] = true.into();
    }
    told
}
