//! `multitask list`: the caller's groups, newest first.

use std::process::ExitCode;

use clap::Args;
use reqwest::Method;
use serde::Deserialize;

use super::Server;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: Server,
    /// Only groups that stand so: pending, running, completed, partial, failed, cancelled, `timed_out`
    #[arg(long)]
    status: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
}

#[derive(Debug, Deserialize)]
struct Page {
    groups: Vec<Group>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Group {
    url: String,
    status: String,
    num_task_runs: u64,
    created_at: String,
}

/// Prints a line for each group.
pub(crate) async fn run(Arguments { server, status, limit }: Arguments) -> anyhow::Result<ExitCode> {
    let client = server.client()?;
    let mut query = vec![("limit", limit.to_string())];
    query.extend(status.map(|status| ("status", status)));
    let request = client.request(Method::GET, "/v1beta/tasks/groups").query(&query);
    let page: Page = client.send(request).await?.json().await?;
    for Group { url, status, num_task_runs, created_at } in &page.groups {
        println!("{created_at}  {status:<9}  {num_task_runs:>6} rows  {url}");
    }
    if page.groups.is_empty() {
        eprintln!("there are no groups of this caller");
    }
    if page.next_cursor.is_some() {
        eprintln!("there are more; --limit shows up to 100");
    }
    Ok(ExitCode::SUCCESS)
}
