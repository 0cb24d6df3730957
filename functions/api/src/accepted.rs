//! The answer to work that was accepted: 202, where it stands, and the same again when it is asked for again.

use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

/// The header of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Whether an answer is given for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// It is.
    Now,
    /// The same request was answered so before.
    Before,
}

/// 202 with this body, whose `url` is its `Location`. Who accepts plain text and nothing else first gets the bare URL.
pub(crate) fn answer(body: &Value, given: Given, headers: &HeaderMap) -> Response {
    let url = body["url"].as_str().unwrap_or_default();
    let mut response = if wants_text(headers) {
        (StatusCode::ACCEPTED, [(CONTENT_TYPE, "text/plain; charset=utf-8")], url.to_owned()).into_response()
    } else {
        json(StatusCode::ACCEPTED, body)
    };
    let headers = response.headers_mut();
    if let Ok(url) = HeaderValue::from_str(url) {
        headers.insert(LOCATION, url);
    }
    if given == Given::Before {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// An answer of JSON that nobody keeps.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (status, headers, format!("{body}\n")).into_response()
}

fn wants_text(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default();
    first.trim().eq_ignore_ascii_case("text/plain")
}
