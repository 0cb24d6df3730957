//! Why a reader gets no unit; one place decides what each reason says and with which status.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use domain::fault::Fault;
use web::Problem;

/// Why a reader gets no unit.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no such unit, or it was deleted.
    NoUnit,
    /// The unit has no such run.
    NoRun,
    /// There is no such format.
    NoFormat,
    /// The unit's time is over.
    Expired,
    /// Only the owner may read this, and who asks is not known.
    WhoAsks(Problem),
    /// Only the owner may read this, and somebody else asks.
    NotTheOwner,
    /// The query makes no sense.
    Query(Vec<Fault>),
    /// The table cannot be read.
    Store(store::Error),
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoUnit => {
                Self::not_found("There is no task or group with this id; it may have been deleted.")
            }
            Refusal::NoRun => Self::not_found("It has no run with this number; the first is 0."),
            Refusal::NoFormat => Self::not_found(
                "There is no such format; there are .json, .md, .html, .csv, .ndjson and .sse.",
            ),
            Refusal::Expired => Self::gone("It was kept for 30 days after its end, and is gone."),
            Refusal::WhoAsks(problem) => problem,
            Refusal::NotTheOwner => {
                Self::forbidden("Only the owner may read this, and the key that was sent is another's.")
            }
            Refusal::Query(faults) => Self::unprocessable(faults),
            Refusal::Store(store::Error::Unavailable { .. }) => {
                Self::unavailable("The results cannot be read at the moment.", Duration::from_secs(5))
            }
            Refusal::Store(store::Error::Corrupt { .. }) => Self::internal(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            tracing::error!(%error, "A reader got no answer, because of the table.");
        }
        Problem::from(self).into_response()
    }
}
