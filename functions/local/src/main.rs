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
    #[expect(clippy::disallowed_methods, reason = "only mains read the environment")]
    let format = std::env::var("MULTITASK_LOG_FORMAT").unwrap_or_default();
    if format.eq_ignore_ascii_case("json") {
        logs::init(filter, log);
    } else {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(log).with_ansi(colours).init();
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli.run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("multitask: {error:#}");
            ExitCode::from(2)
        }
    }
}
