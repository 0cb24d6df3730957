//! What can go wrong with the tables, apart from losing a race, which is an outcome and no error.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// The tables could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service did not do what was asked, also after the SDK's retries: try again later.
    #[error("the table does not answer: {reason}")]
    Unavailable {
        /// The service's error code, or what kept the request from it.
        reason: String,
    },
    /// An item is not what this program writes.
    #[error("the item {item} is unreadable: {reason}")]
    Corrupt {
        /// Which item.
        item: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    #[expect(clippy::needless_pass_by_value, reason = "an error is told and done with")]
    pub(crate) fn corrupt(item: impl Into<String>, reason: impl ToString) -> Self {
        Self::Corrupt { item: item.into(), reason: reason.to_string() }
    }

    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into() }
    }
}

impl<E: ProvideErrorMetadata + std::error::Error + 'static, R: std::fmt::Debug> From<SdkError<E, R>>
    for Error
{
    fn from(error: SdkError<E, R>) -> Self {
        let reason = match &error {
            SdkError::ServiceError(service) => {
                let service = service.err();
                format!(
                    "{} ({})",
                    service.code().unwrap_or("no code"),
                    service.message().unwrap_or("no message")
                )
            }
            SdkError::TimeoutError(_) => "timed out".to_owned(),
            SdkError::DispatchFailure(failure) => {
                format!(
                    "not reached: {}",
                    failure.as_connector_error().map_or_else(String::new, ToString::to_string)
                )
            }
            _ => "the answer makes no sense".to_owned(),
        };
        Self::Unavailable { reason }
    }
}
