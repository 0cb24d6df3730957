//! The routes of this function.
//!
//! On one segment, `{id}` is the id with its suffix, for a path variable is a whole segment.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use views::{Format, Out};

use crate::access::{of_owner, readable};
use crate::deliveries::Log;
use crate::refusal::Refusal;
use crate::result::{self, Wanted, events};
use crate::stream::typed;
use crate::{Results, query, runs};

type Answer = Result<Response, Refusal>;

/// All routes. A path that none of them has is answered by the caller's fallback.
pub fn router(results: Results) -> Router {
    Router::new()
        .route("/{id}", get(unit))
        .route("/{id}/events", get(live))
        .route("/{id}/runs", get(page))
        .route("/{id}/runs/{index}", get(run))
        .route("/{id}/deliveries", get(log))
        .with_state(results)
}

async fn unit(
    State(results): State<Results>,
    Path(name): Path<String>,
    Query(query): Query<query::Result>,
    headers: HeaderMap,
) -> Answer {
    let (id, format) = match name.split_once('.') {
        None => (name.as_str(), None),
        Some((id, suffix)) => (id, Some(Format::of_suffix(suffix).ok_or(Refusal::NoRoute)?)),
    };
    let unit = readable(&results, id, &headers).await?;
    let (options, wait) = query.read()?;
    Ok(result::answer(&results, unit, Wanted { format, options, wait }, &headers).await)
}

async fn live(
    State(results): State<Results>,
    Path(id): Path<String>,
    Query(query): Query<query::Events>,
    headers: HeaderMap,
) -> Answer {
    let unit = readable(&results, &id, &headers).await?;
    let last = last_event_id(&headers, query.last_event_id);
    Ok(events(typed::stream(&results, unit, last.as_deref())))
}

async fn page(
    State(results): State<Results>,
    Path(id): Path<String>,
    Query(query): Query<query::Runs>,
    headers: HeaderMap,
) -> Answer {
    let unit = readable(&results, &id, &headers).await?;
    Ok(json(runs::page(&results, unit, query.read()?)))
}

async fn run(
    State(results): State<Results>,
    Path((id, index)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let unit = readable(&results, &id, &headers).await?;
    let index = index.parse().map_err(|_| Refusal::NoRun)?;
    runs::one(&results, &unit, index).await?.map(json).ok_or(Refusal::NoRun)
}

async fn log(State(results): State<Results>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let unit = of_owner(&results, &id, &headers).await?;
    let deliveries = results.store().deliveries(&unit.id).await?;
    let mut out = Out::default();
    out.json(&Log::new(&deliveries));
    out.text("\n");
    Ok(json(out.take()))
}

fn json(body: impl Into<axum::body::Body>) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")];
    (StatusCode::OK, headers, body.into()).into_response()
}

/// The id of the last event that a reader saw: what its browser says, which is newer, else what its page says.
pub(crate) fn last_event_id(headers: &HeaderMap, page: Option<String>) -> Option<String> {
    let said = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    said.or(page).filter(|id| !id.is_empty())
}
