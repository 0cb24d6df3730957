//! `multitask results`: the result of a group, in one of its formats.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use reqwest::Method;
use tokio::io::AsyncWriteExt;

use super::Target;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// In which format
    #[arg(long, value_enum, default_value_t = Format::Md)]
    format: Format,
    /// For how many seconds to wait for the end first
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Md,
    Html,
    Csv,
    Ndjson,
}

/// Writes the result to the output as it comes.
pub(crate) async fn run(Arguments { target, format, wait }: Arguments) -> anyhow::Result<ExitCode> {
    let (client, id) = target.find()?;
    let suffix = format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let mut request = client.request(Method::GET, &format!("/{id}.{suffix}"));
    if let Some(seconds) = wait {
        request = request.query(&[("wait", seconds)]);
    }
    let mut response = client.send(request).await?;
    let mut output = tokio::io::stdout();
    while let Some(piece) = response.chunk().await? {
        output.write_all(&piece).await?;
    }
    output.flush().await?;
    Ok(ExitCode::SUCCESS)
}
