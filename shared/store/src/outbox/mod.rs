//! The outbox: deliveries, and what is known of the endpoints that they go to.

mod deliveries;
mod endpoints;

pub use deliveries::{DueDelivery, Taken, delivery_of};
pub use endpoints::Endpoint;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::Result;

/// True for a write that was done, false for one whose condition does not hold, an error for anything else.
pub(crate) fn unless_condition_failed<O, E, R>(sent: std::result::Result<O, SdkError<E, R>>) -> Result<bool>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match sent {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(error.into()),
    }
}
