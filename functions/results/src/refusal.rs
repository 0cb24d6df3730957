//! Why a reader gets no unit, as `application/problem+json`.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a reader gets no unit.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no such unit, or it was deleted.
    NoUnit,
    /// The unit has no such run.
    NoRun,
    /// No route has this path.
    NoRoute,
    /// The unit's time is over.
    Expired,
    /// Only the owner may read this, and nobody said who asks.
    WhoAsks,
    /// Only the owner may read this, and somebody else asks.
    NotTheOwner,
    /// The query makes no sense.
    Query(Vec<String>),
    /// The table does not answer.
    Store(store::Error),
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoUnit | Self::NoRun | Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Expired => StatusCode::GONE,
            Self::WhoAsks => StatusCode::UNAUTHORIZED,
            Self::NotTheOwner => StatusCode::FORBIDDEN,
            Self::Query(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Store(store::Error::Unavailable { .. }) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(store::Error::Corrupt { .. }) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::NoUnit => "there is no group with this id; it may have been deleted".to_owned(),
            Self::NoRun => "the group has no run with this number; numbers begin at 0".to_owned(),
            Self::NoRoute => "there is nothing at this address".to_owned(),
            Self::Expired => "the group was kept for 30 days after its end and is gone".to_owned(),
            Self::WhoAsks => {
                "only the owner may read this: send the key that created the group as x-api-key or bearer token".to_owned()
            }
            Self::NotTheOwner => "only the owner may read this, and the key sent is not the owner's".to_owned(),
            Self::Query(faults) => faults.join("; "),
            Self::Store(store::Error::Unavailable { .. }) => {
                "the results cannot be read at the moment; ask again in a few seconds".to_owned()
            }
            Self::Store(store::Error::Corrupt { .. }) => "something of this group cannot be read".to_owned(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            tracing::error!(%error, "A reader got no answer, because of the table.");
        }
        let (status, detail) = (self.status(), self.detail());
        let mut problem = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": detail,
            "error": detail,
        });
        if let Self::Query(faults) = &self {
            problem["errors"] =
                json!(faults.iter().map(|fault| json!({ "detail": fault })).collect::<Vec<_>>());
        }
        let mut response = (status, problem.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
