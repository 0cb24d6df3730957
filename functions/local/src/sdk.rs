//! Configuration of the AWS SDK clients that talk to an endpoint on this machine.
//!
//! Leaves the clients to whoever needs them: `aws_sdk_sqs::Client::new(&sdk::config(&endpoint))`.
//! Invariant: nothing is read from the environment or from a user's AWS profile, so neither can lead a request astray.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;

/// The region in which everything local lies.
pub const REGION: &str = "us-east-1";
/// The account that everything local belongs to.
pub const ACCOUNT: &str = "000000000000";

/// A configuration whose clients send plain HTTP to `endpoint`, signed with fixed test credentials.
#[must_use]
pub fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "multitask");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(Builder::new().build_http())
        .build()
}
