//! `GET /health`: whether work can be accepted, which is whether the tables answer.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;
use web::Problem;

use crate::Api;
use crate::accepted::json;

/// 200 with the version, or 503.
pub(crate) async fn health(State(api): State<Api>) -> Response {
    let version = env!("CARGO_PKG_VERSION");
    match api.store().ping().await {
        Ok(()) => json(StatusCode::OK, &json!({ "status": "ok", "version": version })),
        Err(error) => {
            tracing::error!(%error, "The tables do not answer.");
            Problem::unavailable("The tables do not answer.", Duration::from_secs(5))
                .with("version", version)
                .into_response()
        }
    }
}
