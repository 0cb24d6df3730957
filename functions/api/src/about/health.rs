//! `GET /health`: whether work can be accepted, which is whether the tables answer. With `?deep=1` also whether it can go on: the queue and the
//! upstream are asked too, without a key.
//!
//! Invariant: however many ask for the deep check, one is made in [`KEPT`], and none takes longer than [`PATIENCE`].

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use tokio::sync::Mutex;
use web::Problem;

use crate::Api;
use crate::accepted::json;

/// How long the outcome of a deep check stands for those that follow.
const KEPT: SignedDuration = SignedDuration::from_secs(5);
/// How long whatever is asked has to answer.
const PATIENCE: Duration = Duration::from_secs(3);
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// 200 with the version, or 503.
pub(crate) async fn health(State(api): State<Api>, RawQuery(query): RawQuery) -> Response {
    if query.is_some_and(|query| query.split('&').any(|pair| matches!(pair, "deep" | "deep=1" | "deep=true")))
    {
        return Box::pin(deep(&api)).await;
    }
    match api.store().ping().await {
        Ok(()) => json(StatusCode::OK, &json!({ "status": "ok", "version": VERSION })),
        Err(error) => {
            tracing::error!(%error, "The tables do not answer.");
            let told = "The tables do not answer.";
            Problem::unavailable(told, Duration::from_secs(5)).with("version", VERSION).into_response()
        }
    }
}

/// What the last deep check found.
#[derive(Debug, Default)]
pub(crate) struct Deep(Mutex<Option<Found>>);

#[derive(Debug, Clone, Serialize)]
struct Found {
    tables: Answered,
    queue: Answered,
    upstream: Answered,
    checked_at: Timestamp,
}

/// Whether something answered, and how soon.
#[derive(Debug, Clone, Copy, Serialize)]
struct Answered {
    ok: bool,
    milliseconds: u64,
}

async fn deep(api: &Api) -> Response {
    let found = {
        // Whoever comes while a check is made waits for its outcome.
        let mut last = api.0.deep.0.lock().await;
        let now = api.now();
        match last.as_ref().filter(|found| now.duration_since(found.checked_at).abs() < KEPT) {
            Some(found) => found.clone(),
            None => last.insert(Box::pin(check(api, now)).await).clone(),
        }
    };
    let failing = [("tables", found.tables), ("queue", found.queue), ("upstream", found.upstream)];
    let failing: Vec<&str> =
        failing.iter().filter(|(_, answered)| !answered.ok).map(|(name, _)| *name).collect();
    if failing.is_empty() {
        return json(StatusCode::OK, &json!({ "status": "ok", "version": VERSION, "checks": found }));
    }
    let told = format!("No answer in time, or a failure, from: {}.", failing.join(", "));
    let checks = serde_json::to_value(&found).unwrap_or_default();
    Problem::unavailable(told, Duration::from_secs(5))
        .with("version", VERSION)
        .with("checks", checks)
        .into_response()
}

async fn check(api: &Api, checked_at: Timestamp) -> Found {
    let upstream = async {
        // No connection is kept for it: an answer from a new one says more.
        let client = parallel::Client::new(parallel::Settings::new(api.settings().upstream.clone()))?;
        client.reach(PATIENCE).await
    };
    let (tables, queue, upstream) = tokio::join!(
        answered(api, "tables", api.store().ping()),
        answered(api, "queue", api.queue().ping()),
        answered(api, "upstream", upstream),
    );
    Found { tables, queue, upstream, checked_at }
}

async fn answered<E: std::fmt::Display>(
    api: &Api,
    what: &'static str,
    asked: impl Future<Output = Result<(), E>>,
) -> Answered {
    let began = api.now();
    let ok = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(health.of = what, %error, "What was asked about its health does not answer well.");
            false
        }
        Err(_) => {
            tracing::error!(health.of = what, "What was asked about its health does not answer in time.");
            false
        }
    };
    let milliseconds = u64::try_from(api.now().duration_since(began).as_millis()).unwrap_or(0);
    Answered { ok, milliseconds }
}
