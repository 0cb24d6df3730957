//! Answers that are not successes: `application/problem+json` (RFC 9457).
//!
//! Beside the standard's members each has `error`, the same text as `detail`, since the first clients read that key, and `errors`, every fault of
//! what was sent with its JSON pointer. Invariant: what stands in a problem may be shown to whoever asked.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use domain::fault::{Fault, told};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An answer that is not a success.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    // A problem travels as an error, where size matters, and is seldom made.
    parts: Box<Parts>,
}

#[derive(Debug, Clone, PartialEq)]
struct Parts {
    status: StatusCode,
    detail: String,
    faults: Vec<Fault>,
    more: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A handler's result.
pub type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    /// A problem with this status; `detail` says to a person what is wrong and what would be right.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            parts: Box::new(Parts {
                status,
                detail,
                faults: Vec::new(),
                more: Map::new(),
                headers: Vec::new(),
            }),
        }
    }

    /// 400: what was sent cannot be read.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 401: a credential is missing, or is not one of those that are accepted.
    #[must_use]
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail).header(WWW_AUTHENTICATE, "Bearer")
    }

    /// 402: it would cost more than was allowed.
    #[must_use]
    pub fn payment_required(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYMENT_REQUIRED, detail)
    }

    /// 403: only somebody else may do it.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 404.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 405; `allowed` are the methods that the path knows.
    #[must_use]
    pub fn method_not_allowed(allowed: &[&str]) -> Self {
        let allowed = allowed.join(", ");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, format!("This path knows these methods only: {allowed}."))
            .header(ALLOW, &allowed)
    }

    /// 409: it does not fit what has happened before.
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 410: it was here, and is no more.
    #[must_use]
    pub fn gone(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, detail)
    }

    /// 413: the body is too large.
    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// 415: the body is of a type that is not read here.
    #[must_use]
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// 422: it can be read and makes no sense. A hundred faults are told at most.
    ///
    /// The detail is the fault if there is one, else their number.
    #[must_use]
    pub fn unprocessable(faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [] => "The request makes no sense.".to_owned(),
            [Fault { pointer, message }] if pointer.is_empty() => message.clone(),
            [fault] => fault.to_string(),
            faults => format!("The request has {} faults; `errors` lists them.", faults.len()),
        };
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
        problem.parts.faults = told(faults);
        problem
    }

    /// 429: too much at once.
    #[must_use]
    pub fn too_many_requests(detail: impl Into<String>, after: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(after)
    }

    /// 500. What happened belongs into the log, not into the answer.
    #[must_use]
    pub fn internal() -> Self {
        let detail = "Something went wrong here. It has been logged; trying again may help.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    /// 503: not now.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>, after: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(after)
    }

    /// The same with a further member, such as `required_fields`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.parts.more.insert(name.to_owned(), value.into());
        self
    }

    /// The same with these faults listed.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.parts.faults = told(faults);
        self
    }

    /// The same, asking to come again after so many whole seconds, at least one.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        let seconds = after.as_millis().div_ceil(1_000).max(1).to_string();
        self.header(RETRY_AFTER, &seconds)
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.parts.status
    }

    /// What a person reads.
    #[must_use]
    pub const fn detail(&self) -> &str {
        self.parts.detail.as_str()
    }

    /// The faults that are told.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.parts.faults
    }

    /// The problem as a JSON object; also what an `error` event of a stream holds.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Parts { status, detail, faults, more, .. } = &*self.parts;
        let mut body = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "detail": detail,
            "error": detail,
        });
        if !faults.is_empty() {
            let fault = |fault: &Fault| json!({ "pointer": fault.pointer, "detail": fault.message });
            body["errors"] = faults.iter().map(fault).collect();
        }
        for (name, value) in more {
            body[name] = value.clone();
        }
        body
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.parts.headers.retain(|(known, _)| *known != name);
            self.parts.headers.push((name, value));
        }
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.parts.status.as_u16(), self.parts.detail)
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.parts.status, self.to_json().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.extend(self.parts.headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sent(problem: Problem) -> (StatusCode, http::HeaderMap, Value) {
        let (parts, body) = problem.into_response().into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_problem_has_the_standards_members_and_those_that_older_clients_read() {
        let faults = vec![Fault::new("/inputs/3", "a row is an object"), Fault::new("/limit", "a number")];
        let problem = Problem::unprocessable(faults).with("required_fields", vec!["inputs"]);
        let (status, headers, body) = sent(problem).await;
        assert_eq!((status.as_u16(), &headers[CONTENT_TYPE]), (422, &HeaderValue::from_static(MEDIA_TYPE)));
        let detail = "The request has 2 faults; `errors` lists them.";
        assert_eq!(
            body,
            json!({
                "type": "about:blank", "title": "Unprocessable Entity", "status": 422, "detail": detail, "error": detail,
                "errors": [
                    {"pointer": "/inputs/3", "detail": "a row is an object"},
                    {"pointer": "/limit", "detail": "a number"},
                ],
                "required_fields": ["inputs"],
            })
        );
    }

    #[tokio::test]
    async fn one_fault_is_the_detail_itself() {
        let (_, _, body) = sent(Problem::unprocessable(vec![Fault::new("/limit", "a number")])).await;
        assert_eq!(body["detail"], "/limit: a number");
        let (_, _, body) = sent(Problem::unprocessable(vec![Fault::new("", "no rows")])).await;
        assert_eq!(body["error"], "no rows");
    }

    #[tokio::test]
    async fn some_problems_bring_headers() {
        let (_, headers, _) = sent(Problem::method_not_allowed(&["GET", "POST"])).await;
        assert_eq!(headers[ALLOW], "GET, POST");
        let (_, headers, _) = sent(Problem::unavailable("later", Duration::from_millis(1_200))).await;
        assert_eq!(headers[RETRY_AFTER], "2");
        let (_, headers, _) = sent(Problem::unauthorized("a key")).await;
        assert_eq!(headers[WWW_AUTHENTICATE], "Bearer");
    }

    #[test]
    fn each_constructor_has_its_status() {
        let after = Duration::from_secs(1);
        for (problem, status) in [
            (Problem::bad_request(""), 400),
            (Problem::unauthorized(""), 401),
            (Problem::payment_required(""), 402),
            (Problem::forbidden(""), 403),
            (Problem::not_found(""), 404),
            (Problem::method_not_allowed(&[]), 405),
            (Problem::conflict(""), 409),
            (Problem::gone(""), 410),
            (Problem::too_large(""), 413),
            (Problem::unsupported_media_type(""), 415),
            (Problem::unprocessable(Vec::new()), 422),
            (Problem::too_many_requests("", after), 429),
            (Problem::internal(), 500),
            (Problem::unavailable("", after), 503),
        ] {
            assert_eq!(problem.status().as_u16(), status);
        }
    }
}
