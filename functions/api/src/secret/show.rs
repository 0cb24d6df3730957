//! `GET /v1beta/webhooks/secret`: what the caller's deliveries are signed with; made when it is first asked for.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use http::StatusCode;
use store::SigningSecrets;

use super::{made, told};
use crate::accepted::json;
use crate::refusal::Refusal;
use crate::{Api, TRIES, identity};

/// Shows the caller's signing secret.
pub(crate) async fn show(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Refusal> {
    let caller = identity::caller(&api, &headers)?;
    let owner = identity::owner(&api, &caller);
    if api.settings().operator_signs {
        return Err(Refusal::OperatorSigns);
    }
    for _ in 0..TRIES {
        let now = api.now();
        if let Some(kept) = api.store().signing_secrets(&owner).await? {
            return Ok(json(StatusCode::OK, &told(&api, &owner, &kept, now)?));
        }
        let first = SigningSecrets { sealed: made(&api, &owner), made_at: now, before: None };
        if api.store().put_signing_secrets(&owner, None, &first).await? {
            return Ok(json(StatusCode::OK, &told(&api, &owner, &first, now)?));
        }
    }
    Err(Refusal::Raced)
}
