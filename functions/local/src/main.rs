//! The binary: the embedded default, the simulator by itself, and the command-line client.

mod cli;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // The embedded DynamoDB warns of every condition that fails, which is how races are decided here.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,dynoxide=error"));
    let (log, colours) = (std::io::stderr, std::io::stderr().is_terminal());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(log).with_ansi(colours).init();
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli.run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("multitask: {error:#}");
            ExitCode::from(2)
        }
    }
}
