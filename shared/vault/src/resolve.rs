//! Secrets that AWS keeps: a variable names the ARN, never the value.

use crate::Secret;

/// The secret could not be had.
#[derive(Debug, thiserror::Error)]
#[error("the secret cannot be read: {0}")]
pub struct Unresolved(String);

/// The value of the secret with this ARN, in the account that `config` reaches.
pub async fn resolve(config: &aws_config::SdkConfig, arn: &str) -> Result<Secret, Unresolved> {
    let client = aws_sdk_secretsmanager::Client::new(config);
    let found = client.get_secret_value().secret_id(arn).send().await;
    let found = found.map_err(|error| {
        use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
        Unresolved(error.code().unwrap_or("not reached").to_owned())
    })?;
    found.secret_string.map(Secret::new).ok_or_else(|| Unresolved("it holds no text".to_owned()))
}
