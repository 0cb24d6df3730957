//! How the upstream says no: every documented error, in the form its endpoint uses.
//!
//! Form 1 is `{"type":"error","error":{ref_id,message,detail}}`, form 2 that of `FastAPI`, `{"detail":[{loc,msg,type}]}`.
//! Leaves to `request` what is wrong with a body. Invariant: a reply in form 1 always carries a fresh `ref_id`.

use ambient::Entropy;
use axum::body::Body;
use axum::response::Response;
use data_encoding::HEXLOWER;
use http::{StatusCode, header};
use serde_json::{Value, json};

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Complaint {
    /// The kind in pydantic's words, `missing` for instance.
    pub(crate) kind: &'static str,
    /// Where: strings and numbers, starting with `body`, `query` or `path`.
    pub(crate) loc: Vec<Value>,
    /// What, for a reader.
    pub(crate) msg: String,
    /// The value complained about.
    pub(crate) input: Value,
}

/// A rule that plain types cannot express; form 1 tells it as the error's own message.
pub(crate) const RULE: &str = "value_error";

impl Complaint {
    /// The same complaint about something that lies deeper: `outer` is put between the root and the rest.
    pub(crate) fn within(mut self, outer: &[Value]) -> Self {
        self.loc.splice(1..1, outer.iter().cloned());
        self
    }
}

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// 401: no key, or one that is refused.
    Unauthorized,
    /// 402: the account is empty.
    NoCredit,
    /// 403: an unknown or refused processor.
    BadProcessor,
    /// 404 on runs.
    RunUnknown,
    /// 404 on results: the run is unknown, or ended without being completed or failed.
    NoResult,
    /// 404 on results: the run failed.
    RunFailed,
    /// 404 on groups.
    GroupUnknown,
    /// 404: no such path.
    PathUnknown,
    /// 405.
    WrongMethod,
    /// 408: the run went on longer than the caller waited.
    StillActive,
    /// 413: a body past the simulator's own bound.
    TooLarge,
    /// 422, told in the form of the endpoint.
    Invalid(Vec<Complaint>),
    /// 429: the key's quota of the last minute is used up.
    TooManyRuns,
    /// 500: the journal could not be written.
    Unwritten,
    /// What a fault asked for.
    Injected {
        /// The status.
        status: StatusCode,
        /// Seconds for a `Retry-After` header.
        retry_after: Option<u32>,
        /// The message, if not the documented one.
        message: Option<String>,
    },
}

impl Refusal {
    /// The status of the reply.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NoCredit => StatusCode::PAYMENT_REQUIRED,
            Self::BadProcessor => StatusCode::FORBIDDEN,
            Self::RunUnknown | Self::NoResult | Self::RunFailed | Self::GroupUnknown | Self::PathUnknown => {
                StatusCode::NOT_FOUND
            }
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::StillActive => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRuns => StatusCode::TOO_MANY_REQUESTS,
            Self::Unwritten => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Injected { status, .. } => *status,
        }
    }

    /// The reply, with 422 in the second form where `second_form` says so.
    pub(crate) fn into_response(self, second_form: bool, entropy: &Entropy) -> Response {
        let status = self.status();
        let retry_after = match &self {
            Self::Injected { retry_after, .. } => *retry_after,
            _ => None,
        };
        let body = match self {
            Self::PathUnknown => json!({"detail": "Not Found"}),
            Self::WrongMethod => json!({"detail": "Method Not Allowed"}),
            Self::Invalid(complaints) if second_form => {
                let detail: Vec<Value> = complaints
                    .into_iter()
                    .map(|each| json!({"loc": each.loc, "msg": each.msg, "type": each.kind}))
                    .collect();
                json!({"detail": detail})
            }
            Self::Invalid(complaints) => invalid_in_first_form(complaints, entropy),
            other => first_form(&other.message(), &Value::Null, entropy),
        };
        let mut response =
            Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
        if let Some(seconds) = retry_after {
            response = response.header(header::RETRY_AFTER, seconds);
        }
        response.body(Body::from(body.to_string())).expect("a status and plain headers make a response")
    }

    fn message(&self) -> String {
        match self {
            Self::Injected { message: Some(message), .. } => return message.clone(),
            Self::Injected { status, .. } => return documented(*status).to_owned(),
            Self::RunUnknown => "Run id not found",
            Self::NoResult => "Run failed or run id not found",
            Self::RunFailed => "Run failed.",
            Self::GroupUnknown => "TaskGroup not found",
            Self::TooLarge => "Request body too large",
            Self::Unwritten => "The simulator could not write its journal",
            other => documented(other.status()),
        }
        .to_owned()
    }
}

/// The documented message of a status.
fn documented(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "Unauthorized: invalid or missing credentials",
        402 => "Insufficient credit in account, please check your plan and billing details.",
        403 => "Forbidden: invalid processor in request",
        404 => "Run id not found",
        408 => "Request timed out; run still active",
        422 => "Request validation error.",
        429 => "Too many requests: quota temporarily exceeded",
        _ => status.canonical_reason().unwrap_or("Error"),
    }
}

/// A fresh reference, 32 hex digits as in the newest captures.
fn reference(entropy: &Entropy) -> String {
    HEXLOWER.encode(&entropy.bytes::<16>())
}

fn first_form(message: &str, detail: &Value, entropy: &Entropy) -> Value {
    json!({"type": "error", "error": {"ref_id": reference(entropy), "message": message, "detail": detail}})
}

/// A broken rule is the message itself; what pydantic finds is listed in the detail.
fn invalid_in_first_form(complaints: Vec<Complaint>, entropy: &Entropy) -> Value {
    if let Some(rule) = complaints.first().filter(|first| first.kind == RULE) {
        return first_form(&rule.msg, &Value::Null, entropy);
    }
    let errors: Vec<Value> = complaints
        .into_iter()
        .map(|each| json!({"type": each.kind, "loc": each.loc, "msg": each.msg, "input": each.input}))
        .collect();
    first_form("Request validation error.", &json!({"errors": errors}), entropy)
}
