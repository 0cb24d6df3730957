//! What can go wrong with the queues.

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

/// A queue or a schedule could not be used: try again later.
#[derive(Debug, thiserror::Error)]
#[error("the queue does not answer: {reason}")]
pub struct Error {
    reason: String,
}

impl Error {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl<E: ProvideErrorMetadata + std::error::Error + 'static, R: std::fmt::Debug> From<SdkError<E, R>>
    for Error
{
    fn from(error: SdkError<E, R>) -> Self {
        Self::new(match &error {
            SdkError::ServiceError(service) => {
                let service = service.err();
                format!(
                    "{} ({})",
                    service.code().unwrap_or("no code"),
                    service.message().unwrap_or("no message")
                )
            }
            SdkError::TimeoutError(_) => "timed out".to_owned(),
            SdkError::DispatchFailure(_) => "not reached".to_owned(),
            _ => "the answer makes no sense".to_owned(),
        })
    }
}
