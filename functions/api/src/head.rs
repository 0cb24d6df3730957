//! HEAD of what `results` serves: on API Gateway every HEAD comes here, so it is answered here as the GET would begin.
//!
//! Reads the unit and no more of it. Invariant: whoever may not read a unit learns nothing of it by HEAD either.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::UnitId;
use domain::unit::{Unit, Visibility};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY};
use views::Format;
use web::Problem;

use crate::refusal::Refusal;
use crate::{Api, identity, tasks};

/// What a GET of this path would begin with, where the path is one of a unit's.
pub(crate) async fn answer(api: &Api, path: &str, headers: &HeaderMap) -> Response {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match begun(api, &segments, headers).await {
        Ok(content_type) => {
            let known = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache"), (VARY, "accept")];
            known.into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn begun(api: &Api, segments: &[&str], headers: &HeaderMap) -> Result<&'static str, Refusal> {
    let (name, rest) = match segments {
        ["api", "tasks", task, rest @ ..] => return begun_of_task(api, task, rest, headers).await,
        ["task", name, rest @ ..] | [name, rest @ ..] => (*name, rest),
        [] => return Err(Refusal::NoUnit),
    };
    let (id, suffix) = web::routes::unit(name).ok_or(Refusal::NoUnit)?;
    begun_of(api, &id, suffix, rest, headers).await
}

/// A task's own resource, which is JSON whatever is accepted.
async fn begun_of_task(
    api: &Api,
    task: &str,
    rest: &[&str],
    headers: &HeaderMap,
) -> Result<&'static str, Refusal> {
    let id = tasks::change::id(api, task, headers).await?;
    let suffix = if rest.is_empty() { Some(Format::Json.suffix()) } else { None };
    begun_of(api, &id, suffix, rest, headers).await
}

async fn begun_of(
    api: &Api,
    id: &UnitId,
    suffix: Option<&str>,
    rest: &[&str],
    headers: &HeaderMap,
) -> Result<&'static str, Refusal> {
    let unknown = |what: &str| Refusal::Refused(Problem::not_found(what));
    let unit = identity::present(api, id).await?;
    if unit.spec.visibility == Visibility::Key || rest.first() == Some(&"deliveries") {
        owned(api, &unit, headers)?;
    }
    match (rest, suffix) {
        ([], Some(suffix)) => {
            Ok(Format::of_suffix(suffix).ok_or_else(|| unknown("There is no such format."))?.content_type())
        }
        ([], None) => {
            let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
            Ok(Format::of_accept(accept).content_type())
        }
        (["events"], _) => Ok(Format::Sse.content_type()),
        (["runs", index], _) => {
            let is_there = index.parse::<u32>().is_ok_and(|index| index < unit.rows());
            if is_there {
                Ok(Format::Json.content_type())
            } else {
                Err(unknown("It has no run with this number."))
            }
        }
        _ => Ok(Format::Json.content_type()),
    }
}

fn owned(api: &Api, unit: &Unit, headers: &HeaderMap) -> Result<(), Refusal> {
    let caller = identity::caller(api, headers)?;
    if identity::owner(api, &caller) == unit.owner { Ok(()) } else { Err(Refusal::NotTheOwner) }
}
