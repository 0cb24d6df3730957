//! `POST /{id}/deliveries/{hook}/redeliver`: what was told last by this hook is told once more, from the foot of the ladder.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::delivery::{Delivery, State as Stands, redelivered};
use domain::message::Attempt;
use http::StatusCode;
use serde_json::json;

use crate::accepted::json;
use crate::refusal::Refusal;
use crate::{Api, TRIES, identity};

/// Starts the newest delivery of a hook again.
pub(crate) async fn redeliver(
    State(api): State<Api>,
    Path((id, hook)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let caller = identity::caller(&api, &headers)?;
    let unit = identity::owned(&api, &id, &identity::owner(&api, &caller)).await?;
    for _ in 0..TRIES {
        let deliveries = api.store().deliveries(&unit.id).await?;
        let of_hook = deliveries.into_iter().filter(|delivery| delivery.hook == hook);
        let seen = of_hook.max_by_key(|delivery| (delivery.created_at, delivery.round));
        let seen = seen.ok_or(Refusal::NoDelivery)?;
        let now = api.now();
        let again = redelivered(&seen, now);
        let Stands::Pending { attempt, .. } = again.state else { continue };
        if api.store().save_delivery(&seen, &again).await? {
            tracing::info!(unit.id = %unit.id, delivery.key = again.key(), "A delivery is asked for again.");
            let message = Attempt { unit: unit.id.clone(), delivery: again.key(), attempt };
            if let Err(error) = api.queue().send_attempt(&message, now, now).await {
                tracing::warn!(unit.id = %unit.id, %error, "The message of an attempt was not sent; the sweep will send it.");
            }
            return Ok(json(StatusCode::ACCEPTED, &told(&again, attempt)));
        }
    }
    Err(Refusal::Raced)
}

fn told(delivery: &Delivery, attempt: u32) -> serde_json::Value {
    json!({
        "hook": delivery.hook,
        "moment": delivery.moment,
        "round": delivery.round,
        "url": delivery.url,
        "state": "pending",
        "attempt": attempt,
    })
}
