//! How EventBridge Scheduler refuses, with the code and the status that the SDK parses.

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Validation(String),
    #[error("{0} already exists.")]
    Conflict(String),
    #[error("{0} does not exist.")]
    NotFound(String),
    #[error("No operation has this method and path.")]
    UnknownOperation,
    #[error("The request is not signed.")]
    Unsigned,
    #[error("The service failed.")]
    Internal,
}

impl Error {
    /// The status and the code.
    pub(crate) fn code(&self) -> (u16, &'static str) {
        match self {
            Self::Validation(_) => (400, "ValidationException"),
            Self::Conflict(_) => (409, "ConflictException"),
            Self::NotFound(_) => (404, "ResourceNotFoundException"),
            Self::UnknownOperation => (404, "UnknownOperationException"),
            Self::Unsigned => (403, "MissingAuthenticationTokenException"),
            Self::Internal => (500, "InternalServerException"),
        }
    }
}
