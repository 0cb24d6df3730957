//! `multitask cancel`: ends a group; what it has by then stays.

use std::process::ExitCode;

use reqwest::Method;

use super::Target;

/// Cancels the group.
pub(crate) async fn run(target: Target) -> anyhow::Result<ExitCode> {
    let (client, id) = target.find()?;
    client.send(client.request(Method::POST, &format!("/{id}/cancel"))).await?;
    println!("cancelled");
    Ok(ExitCode::SUCCESS)
}
