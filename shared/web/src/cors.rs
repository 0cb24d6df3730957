//! The headers that every answer carries, errors too: any page may read it, and none may guess its type.
//!
//! [`answer`] stands outermost, around the routes and their fallbacks. Invariants: no header name is repeated, because API Gateway
//! would make an array of it. That an answer to HEAD has no body is axum's doing, and a test's here.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_LENGTH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

/// Request headers that a page may send.
pub const ALLOWED_HEADERS: &str = "Content-Type, Authorization, x-api-key, Idempotency-Key, Last-Event-ID";
/// Response headers that a page may read.
pub const EXPOSED_HEADERS: &str = "Location, Retry-After, Idempotency-Replayed";
/// Methods that a page may use.
pub const METHODS: &str = "GET, HEAD, POST, DELETE, OPTIONS";
/// Seconds for which a browser may remember a preflight.
const MAX_AGE: &str = "7200";

/// Middleware: answers every OPTIONS itself, with 204, and gives every other answer its headers.
pub async fn answer(request: Request, next: Next) -> Response {
    let mut response =
        if request.method() == Method::OPTIONS { preflight() } else { next.run(request).await };
    dress(response.headers_mut());
    response
}

fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED_HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    response
}

/// Puts the headers of every answer where they are missing, and joins repeated ones.
pub fn dress(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A result's URL is what one needs to read it: no page tells it to the sites it links to.
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    join_repeated(headers);
}

fn join_repeated(headers: &mut HeaderMap) {
    let repeated: Vec<HeaderName> =
        headers.keys().filter(|name| headers.get_all(*name).iter().count() > 1).cloned().collect();
    for name in repeated {
        let values: Vec<&[u8]> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
        // A length is no list, and neither value is to be trusted.
        let joined = (name != CONTENT_LENGTH).then(|| HeaderValue::from_bytes(&values.join(&b", "[..])));
        match joined {
            Some(Ok(joined)) => headers.insert(name, joined),
            _ => headers.remove(name),
        };
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::response::IntoResponse;
    use axum::routing::{get, post};
    use http::header::{CONTENT_TYPE, VARY};
    use tower::ServiceExt;

    use super::*;
    use crate::Problem;

    fn app() -> Router {
        let twice = || async {
            let mut response = "text".into_response();
            response.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
            response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
            response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
            response
        };
        Router::new()
            .route("/text", get(twice))
            .route("/fails", post(|| async { Problem::conflict("no") }))
            .fallback(|| async { Problem::not_found("There is nothing here.") })
            .method_not_allowed_fallback(|| async { Problem::method_not_allowed(&["POST"]) })
            .layer(axum::middleware::from_fn(answer))
    }

    async fn ask(method: &str, path: &str) -> (StatusCode, HeaderMap, usize) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let (parts, body) = app().oneshot(request).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, bytes.len())
    }

    #[tokio::test]
    async fn every_answer_may_be_read_by_any_page() {
        for (method, path, status) in [
            ("GET", "/text", 200),
            ("HEAD", "/text", 200),
            ("OPTIONS", "/text", 204),
            ("OPTIONS", "/nowhere", 204),
            ("POST", "/fails", 409),
            ("GET", "/fails", 405),
            ("GET", "/nowhere", 404),
            ("HEAD", "/nowhere", 404),
        ] {
            let (got, headers, length) = ask(method, path).await;
            assert_eq!(got.as_u16(), status, "{method} {path}");
            assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{method} {path}");
            assert_eq!(headers[ACCESS_CONTROL_EXPOSE_HEADERS], EXPOSED_HEADERS);
            assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert!(headers.contains_key(REFERRER_POLICY));
            let bodiless = matches!(method, "HEAD" | "OPTIONS");
            assert_eq!(length == 0, bodiless, "{method} {path}");
            for name in headers.keys() {
                assert_eq!(headers.get_all(name).iter().count(), 1, "{name}");
            }
        }
    }

    #[tokio::test]
    async fn a_preflight_allows_what_the_contract_names() {
        let (_, headers, _) = ask("OPTIONS", "/text").await;
        assert_eq!(
            headers[ACCESS_CONTROL_ALLOW_HEADERS],
            "Content-Type, Authorization, x-api-key, Idempotency-Key, Last-Event-ID"
        );
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_METHODS], METHODS);
    }

    #[tokio::test]
    async fn repeated_headers_are_joined_and_a_stricter_policy_stays() {
        let (_, headers, _) = ask("GET", "/text").await;
        assert_eq!(headers[VARY], "Accept, Origin");
        assert_eq!(headers[REFERRER_POLICY], "same-origin");
        let (_, headers, _) = ask("HEAD", "/nowhere").await;
        assert_eq!(headers[CONTENT_TYPE], crate::problem::MEDIA_TYPE);
    }
}
