//! The HTTP side of the doubles: which service a request is for, and the two protocols' envelopes.
//!
//! Leaves every decision to the services. A request without a signature header is refused: signatures are not checked, but a page in
//! a browser cannot add the header, so none can reach the queues. Invariant: no request gets anything but JSON.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use serde_json::{Value, json};

use super::scheduler::{self, Scheduler};
use super::sqs::{self, Sqs};

/// A message of 1 MiB, six times as long when its characters are escaped, and what is around it.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

type Services = (Sqs, Scheduler);

pub(super) fn router(sqs: Sqs, scheduler: Scheduler) -> Router {
    Router::new().fallback(answer).layer(DefaultBodyLimit::max(MAX_BODY_BYTES)).with_state((sqs, scheduler))
}

async fn answer(
    State((queues, schedules)): State<Services>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let signed = headers.contains_key(header::AUTHORIZATION);
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    if let Some(operation) = target.and_then(|target| target.strip_prefix("AmazonSQS.")) {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let base = format!("http://{host}");
        let outcome =
            if signed { queues.call(operation, &base, &body).await } else { Err(sqs::Error::Unsigned) };
        return outcome.map_or_else(|error| sqs_error(&error), |answer| respond(200, SQS_JSON, &answer, &[]));
    }
    let outcome = if signed {
        schedules.call(&method, uri.path(), uri.query().unwrap_or_default(), &body)
    } else {
        Err(scheduler::Error::Unsigned)
    };
    outcome.map_or_else(|error| scheduler_error(&error), |answer| respond(200, REST_JSON, &answer, &[]))
}

const SQS_JSON: &str = "application/x-amz-json-1.0";
const REST_JSON: &str = "application/json";

fn sqs_error(error: &sqs::Error) -> Response<Body> {
    let (status, code, query_code) = error.codes();
    let fault = if status < 500 { "Sender" } else { "Receiver" };
    let body = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": error.to_string() });
    respond(status, SQS_JSON, &body, &[("x-amzn-query-error", &format!("{query_code};{fault}"))])
}

fn scheduler_error(error: &scheduler::Error) -> Response<Body> {
    let (status, code) = error.code();
    respond(status, REST_JSON, &json!({ "Message": error.to_string() }), &[("x-amzn-errortype", code)])
}

fn respond(status: u16, kind: &str, body: &Value, headers: &[(&str, &str)]) -> Response<Body> {
    let mut response = Response::builder().status(status).header(header::CONTENT_TYPE, kind);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_string())).unwrap_or_else(|_| {
        let mut failed = Response::new(Body::empty());
        *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        failed
    })
}
