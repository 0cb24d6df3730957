//! The command line: which command, and what becomes of it.
//!
//! Leaves each command to its module. Invariant: secrets come by variable only, so that no list of processes shows one.

mod arguments;
mod client;
mod greeting;
mod serve;
mod simulate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

const VARIABLES: &str = "\
Secrets, by variable only:
  PARALLEL_API_KEY          the operator's own upstream key, used for callers without one; with it the upstream is https://api.parallel.ai
  MULTITASK_ACCESS_TOKENS   tokens, separated by commas, of which callers then need one
  MULTITASK_SEALING_KEY     the key under which callers' keys are kept; made in the data directory if unset
  MULTITASK_WEBHOOK_SECRET  a whsec_… secret that signs all webhooks, instead of one for each owner
  PARALLEL_WEBHOOK_SECRET   the whsec_… secret with which the upstream signs its webhooks, for the account of PARALLEL_API_KEY

Other variables:
  RUST_LOG                  what is logged to stderr; warn if unset
  MULTITASK_LOG_FORMAT      json for a flat object a line, as the functions log on Lambda; text if unset";

/// A durable front for the Parallel Task API. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "multitask", version, args_conflicts_with_subcommands = true, after_help = VARIABLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: arguments::Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything in one process, with its state in a directory
    #[command(after_help = VARIABLES)]
    Serve(arguments::Serve),
    /// The simulator of the upstream by itself
    Simulate(simulate::Arguments),
    /// Makes a group of the rows in a file
    Submit(client::submit::Arguments),
    /// Follows a group to its end, a line for each change
    Watch(client::Target),
    /// The result of a group, in one of its formats
    Results(client::results::Arguments),
    /// The caller's groups, newest first
    List(client::list::Arguments),
    /// Ends a group; what it has by then stays
    Cancel(client::Target),
}

impl Cli {
    /// Does what was asked; an error means that it was refused.
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Serve(arguments) => serve::run(arguments).await.map(|()| ExitCode::SUCCESS),
            Command::Simulate(arguments) => simulate::run(arguments).await.map(|()| ExitCode::SUCCESS),
            Command::Submit(arguments) => client::submit::run(arguments).await,
            Command::Watch(target) => client::watch::run(target).await,
            Command::Results(arguments) => client::results::run(arguments).await,
            Command::List(arguments) => client::list::run(arguments).await,
            Command::Cancel(target) => client::cancel::run(target).await,
        }
    }
}

/// Returns when the process is asked to end.
async fn asked_to_end() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serving_is_what_is_done_without_a_command() {
        let bare = Cli::try_parse_from(["multitask", "--listen", "127.0.0.1:1"]).unwrap();
        assert!(bare.command.is_none());
        assert_eq!(bare.serve.listen.unwrap().port(), 1);
        let named = Cli::try_parse_from(["multitask", "serve", "--listen", "127.0.0.1:1"]).unwrap();
        assert!(matches!(named.command, Some(Command::Serve(_))));
    }

    #[test]
    fn help_names_every_variable() {
        let help = Cli::command().render_long_help().to_string();
        for name in [
            "PARALLEL_API_KEY",
            "PARALLEL_BASE_URL",
            "MULTITASK_ACCESS_TOKENS",
            "MULTITASK_SEALING_KEY",
            "MULTITASK_WEBHOOK_SECRET",
            "PARALLEL_WEBHOOK_SECRET",
            "MULTITASK_LISTEN",
            "MULTITASK_DATA_DIR",
            "MULTITASK_PUBLIC_URL",
            "MULTITASK_ALLOW_HOST",
            "MULTITASK_ALLOW_ORIGIN",
            "MULTITASK_RUNNERS",
            "MULTITASK_UNITS_PER_RUNNER",
            "MULTITASK_SLICE_SECONDS",
            "MULTITASK_LEASE_SECONDS",
            "MULTITASK_SWEEP_SECONDS",
            "MULTITASK_AWS_ENDPOINT",
            "MULTITASK_SPEED",
            "PORT",
            "RUST_LOG",
        ] {
            assert!(help.contains(name), "{name} is not in\n{help}");
        }
    }
}
