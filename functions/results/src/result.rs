//! `GET /{id}` and its suffixes: the unit in the format that its reader wants.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::unit::{Kind, Unit};
use jiff::{SignedDuration, Timestamp};
use views::task::TaskJson;
use views::{Format, Options, Out, View};

use crate::body::{self, Sink, Stop};
use crate::refusal::Refusal;
use crate::rows::Rows;
use crate::stream::plain;
use crate::stream::task::{self, Spelling};
use crate::watch::Sight;
use crate::{Results, told};

/// When a reader of an unfinished unit may ask again, in seconds.
const AGAIN_SECONDS: &str = "2";

/// Which of its JSON shapes a unit is asked for in; the path says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A group.
    #[default]
    Group,
    /// A task with its events.
    Task,
    /// A task as a resource among others.
    Resource,
}

/// What a reader asked for besides the unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) shape: Shape,
    /// The suffix's format; none leaves it to `Accept`.
    pub(crate) format: Option<Format>,
    pub(crate) options: Options,
    /// How long to wait for the end.
    pub(crate) wait: Option<Duration>,
}

/// Answers with the unit in the format that is wanted.
pub(crate) async fn answer(
    results: &Results,
    unit: Arc<Unit>,
    wanted: Wanted,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let format = wanted.format.unwrap_or_else(|| Format::of_accept(accept));
    if format == Format::Sse {
        let last = super::routes::last_event_id(headers, None);
        return Ok(events(match unit.kind {
            Kind::Task => task::stream(results, unit, Spelling::Plain, last.as_deref()),
            Kind::Group => plain::stream(results, unit, wanted.options, last.as_deref()),
        }));
    }
    let unit = match wanted.wait {
        Some(wait) if !unit.status.is_terminal() => waited(results, unit, wait).await,
        _ => unit,
    };
    let view = view(results, &unit, format, &wanted).await?;
    let body = {
        let rows = Rows::new(results.store(), &unit);
        body::written(results.settings().at_fault, move |sink| async move { write(&rows, view, &sink).await })
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if !unit.status.is_terminal() {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(AGAIN_SECONDS));
    }
    match format {
        Format::Html => {
            if let Ok(policy) = HeaderValue::try_from(views::content_security_policy(&unit)) {
                headers.insert(CONTENT_SECURITY_POLICY, policy);
            }
        }
        Format::Csv => {
            if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"{}.csv\"", unit.id)) {
                headers.insert(CONTENT_DISPOSITION, name);
            }
        }
        Format::Json | Format::Markdown | Format::Ndjson | Format::Sse => {}
    }
    Ok(response)
}

/// The view of the unit. What is no JSON follows the unit's kind, whatever the path.
async fn view(
    results: &Results,
    unit: &Arc<Unit>,
    format: Format,
    wanted: &Wanted,
) -> Result<Box<dyn View>, Refusal> {
    let (store, is_json) = (results.store(), format == Format::Json);
    let options = Options { now: Some(results.clock().now()), ..wanted.options.clone() };
    Ok(match (wanted.shape, unit.kind) {
        (Shape::Resource, _) if is_json => {
            Box::new(TaskJson::bare(unit.clone(), &told::stats(store, unit).await?))
        }
        (Shape::Group, _) if is_json => views::view(format, unit.clone(), &options),
        (_, Kind::Group) if !is_json => views::view(format, unit.clone(), &options),
        _ => views::task::view(format, unit.clone(), told::all(store, unit).await?, &options),
    })
}

/// An event stream as a response; without one, the word that the stream is at its end.
pub(crate) fn events(body: Option<Body>) -> Response {
    let Some(body) = body else { return StatusCode::NO_CONTENT.into_response() };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(Format::Sse.content_type()));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Writes a view of these rows.
pub(crate) async fn write(rows: &Rows, mut view: Box<dyn View>, sink: &Sink) -> Result<(), Stop> {
    let mut out = Out::default();
    while let Some(pass) = view.turn(&mut out) {
        let mut walk = rows.walk(rows.all(), pass);
        while let Some(found) = walk.next().await? {
            view.row(&found.row(), &mut out);
            sink.pour(&mut out).await?;
        }
    }
    sink.send(out.take()).await
}

/// The unit once it is over, or as it stands when the time is up.
async fn waited(results: &Results, unit: Arc<Unit>, wait: Duration) -> Arc<Unit> {
    let clock = results.clock();
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::ZERO);
    let until = clock.now().saturating_add(wait).unwrap_or(Timestamp::MAX);
    let mut watcher = results.watchers().watch(&unit, false);
    let mut unit = unit;
    while !unit.status.is_terminal() {
        tokio::select! {
            sight = watcher.next() => match sight {
                Sight::Unit(seen, _) => unit = seen,
                Sight::Gone | Sight::Dark => return unit,
            },
            () = clock.sleep_until(until) => return unit,
        }
    }
    unit
}
