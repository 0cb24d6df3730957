//! How AWS is reached: one HTTP stack with one TLS provider for every client of the SDK.
//!
//! Credentials and region come as the SDK finds them; an endpoint of our own (the embedded default, an
//! emulator) brings fixed ones, for nothing there checks them. Invariant: no client is made with the SDK's default HTTP stack.

pub mod vars;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// The region in which an endpoint of our own believes itself to be.
pub const LOCAL_REGION: &str = "us-east-1";

/// The configuration for the SDK's clients: of the account that the environment names, or of `endpoint`.
pub async fn config(endpoint: Option<&str>) -> SdkConfig {
    let Some(endpoint) = endpoint else {
        let tls = Provider::Rustls(CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
        return aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    };
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::from_static(LOCAL_REGION))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "local", "local", None, None, "local",
        )))
        .load()
        .await
}
