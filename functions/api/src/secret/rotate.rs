//! `POST /v1beta/webhooks/secret/rotate`: a new signing secret; the one before goes on signing beside it for a day.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::limits::SECRET_OVERLAP;
use http::StatusCode;
use store::SigningSecrets;

use super::{made, told};
use crate::accepted::json;
use crate::refusal::Refusal;
use crate::{Api, TRIES, after, identity};

/// Replaces the caller's signing secret. Of two rotations at once, the second replaces what the first made.
pub(crate) async fn rotate(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Refusal> {
    let caller = identity::caller(&api, &headers)?;
    let owner = identity::owner(&api, &caller);
    if api.settings().operator_signs {
        return Err(Refusal::OperatorSigns);
    }
    for _ in 0..TRIES {
        let now = api.now();
        let seen = api.store().signing_secrets(&owner).await?;
        let before = seen.as_ref().map(|seen| (seen.sealed.clone(), after(now, SECRET_OVERLAP)));
        let next = SigningSecrets { sealed: made(&api, &owner), made_at: now, before };
        if api.store().put_signing_secrets(&owner, seen.as_ref(), &next).await? {
            return Ok(json(StatusCode::OK, &told(&api, &owner, &next, now)?));
        }
    }
    Err(Refusal::Raced)
}
