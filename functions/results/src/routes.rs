//! The routes of this function.
//!
//! On one segment, `{id}` is the id with its suffix, for a path variable is a whole segment.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::UnitId;
use domain::fault::Fault;
use domain::unit::Kind;
use views::{Format, Out};
use web::cors;

use crate::access::{is_of_owner, meant, of_owner, readable};
use crate::deliveries::Log;
use crate::refusal::Refusal;
use crate::result::{self, Shape, Wanted, events};
use crate::stream::task::Spelling;
use crate::stream::typed;
use crate::{Results, query, runs, stream, timeline};

type Answer = Result<Response, Refusal>;

/// The routes of the table that are this function's, and nothing else: for a process that serves other routes too.
pub fn router(results: Results) -> Router {
    Router::new()
        .route("/api/tasks/{task}", get(resource))
        .route("/api/tasks/{task}/events", get(live_resource))
        .route("/task/{id}", get(task))
        .route("/task/{id}/events", get(live))
        .route("/{id}", get(unit))
        .route("/{id}/events", get(live))
        .route("/{id}/runs", get(page))
        .route("/{id}/runs/{n}", get(run))
        .route("/{id}/deliveries", get(log))
        .route("/{id}/timeline", get(timeline))
        .with_state(results)
}

/// The whole function: its routes, an answer to every other path, and the headers of every answer.
pub fn service(results: Results) -> Router {
    let refuse = |OriginalUri(uri): OriginalUri| async move { web::routes::refuse(uri.path()) };
    router(results)
        .fallback(refuse)
        .method_not_allowed_fallback(refuse)
        .layer(axum::middleware::from_fn(cors::answer))
}

type Asked = Result<Query<query::Result>, QueryRejection>;

async fn unit(
    State(results): State<Results>,
    Path(name): Path<String>,
    query: Asked,
    headers: HeaderMap,
) -> Answer {
    document(&results, &name, Shape::Group, query, &headers).await
}

async fn task(
    State(results): State<Results>,
    Path(name): Path<String>,
    query: Asked,
    headers: HeaderMap,
) -> Answer {
    document(&results, &name, Shape::Task, query, &headers).await
}

async fn document(results: &Results, name: &str, shape: Shape, query: Asked, headers: &HeaderMap) -> Answer {
    let (id, suffix) = web::routes::unit(name).ok_or(Refusal::NoUnit)?;
    let format = suffix.map(|suffix| Format::of_suffix(suffix).ok_or(Refusal::NoFormat)).transpose()?;
    let unit = readable(results, &id, headers).await?;
    let (options, wait) = read(query)?.read()?;
    result::answer(results, unit, Wanted { shape, format, options, wait }, headers).await
}

async fn resource(
    State(results): State<Results>,
    Path(task): Path<String>,
    query: Asked,
    headers: HeaderMap,
) -> Answer {
    let unit = readable(&results, &meant(&results, &task, &headers).await?, &headers).await?;
    let (options, wait) = read(query)?.read()?;
    let wanted = Wanted { shape: Shape::Resource, format: Some(Format::Json), options, wait };
    result::answer(&results, unit, wanted, &headers).await
}

type Since = Result<Query<query::Events>, QueryRejection>;

async fn live(
    State(results): State<Results>,
    Path(id): Path<String>,
    query: Since,
    headers: HeaderMap,
) -> Answer {
    told(&results, &parsed(&id)?, query, &headers).await
}

async fn live_resource(
    State(results): State<Results>,
    Path(task): Path<String>,
    query: Since,
    headers: HeaderMap,
) -> Answer {
    let id = meant(&results, &task, &headers).await?;
    told(&results, &id, query, &headers).await
}

/// The typed stream of a unit: each kind has its own events.
async fn told(results: &Results, id: &UnitId, query: Since, headers: &HeaderMap) -> Answer {
    let unit = readable(results, id, headers).await?;
    let last = last_event_id(headers, read(query)?.last_event_id);
    Ok(events(match unit.kind {
        Kind::Task => stream::task::stream(results, unit, Spelling::Named, last.as_deref()),
        Kind::Group => typed::stream(results, unit, last.as_deref()),
    }))
}

async fn page(
    State(results): State<Results>,
    Path(id): Path<String>,
    query: Result<Query<query::Runs>, QueryRejection>,
    headers: HeaderMap,
) -> Answer {
    let unit = readable(&results, &parsed(&id)?, &headers).await?;
    Ok(json(runs::page(&results, unit, read(query)?.read()?)))
}

async fn run(
    State(results): State<Results>,
    Path((id, index)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let unit = readable(&results, &parsed(&id)?, &headers).await?;
    let index = index.parse().map_err(|_| Refusal::NoRun)?;
    runs::one(&results, &unit, index).await?.map(json).ok_or(Refusal::NoRun)
}

async fn log(State(results): State<Results>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let unit = of_owner(&results, &parsed(&id)?, &headers).await?;
    let deliveries = results.store().deliveries(&unit.id).await?;
    let mut out = Out::default();
    out.json(&Log::new(&deliveries));
    out.text("\n");
    Ok(json(out.take()))
}

async fn timeline(State(results): State<Results>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let unit = readable(&results, &parsed(&id)?, &headers).await?;
    let is_owner = is_of_owner(&results, &unit, &headers);
    Ok(json(timeline::of(&results, unit, is_owner)))
}

fn parsed(id: &str) -> Result<UnitId, Refusal> {
    id.parse().map_err(|_| Refusal::NoUnit)
}

/// The query, or the fault that keeps it from being read at all: a name given twice, or broken escapes.
fn read<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    let unreadable =
        |_| Refusal::Query(vec![Fault::new("", "the query cannot be read: each name may stand in it once")]);
    query.map(|Query(query)| query).map_err(unreadable)
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
