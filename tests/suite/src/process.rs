//! The real binary as a child process.
//!
//! Invariant: it knows no variable of the machine that runs the suite, and does not outlive its world.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use multitask::Options;
use multitask::options::{Aws, Upstream};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::soon;

/// A running child.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
    _output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts the binary with these options; its log goes to `log`. Returns when it says that it listens.
    pub(crate) async fn start(options: &Options, log: &Path) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(log).expect("a log");
        let mut command = Command::new(binary());
        command
            .env_clear()
            .env("RUST_LOG", "info")
            .env("MULTITASK_LOG_FORMAT", "json")
            .args(arguments(options))
            .envs(secrets(options));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let mut child = command.spawn().expect("the binary starts");
        let output = child.stdout.take().expect("it is piped");
        let mut output = BufReader::new(output).lines();
        let line = soon("the address of the process", output.next_line()).await.expect("text");
        let line = line.expect("the process listens; its log says why not");
        let url = line.strip_prefix("Multitask listens on ").expect("it says where").to_owned();
        Self { child, url, _output: output }
    }

    /// Kills it without warning.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it runs");
    }

    /// Asks it to end, and returns its exit code.
    pub(crate) async fn stop(mut self) -> Option<i32> {
        let id = self.child.id().expect("it runs").to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill is there");
        assert!(asked.success(), "the process is there to be asked");
        soon("the end of the process", self.child.wait()).await.expect("a status").code()
    }
}

fn arguments(options: &Options) -> Vec<String> {
    let Upstream::Url { base, .. } = &options.upstream else { panic!("a world has its own simulator") };
    let seconds = |span: std::time::Duration| span.as_secs_f64().to_string();
    let mut arguments = vec![
        ("--listen", options.listen.to_string()),
        ("--data-dir", options.data_dir.display().to_string()),
        ("--upstream", base.to_string()),
        ("--runners", options.runners.to_string()),
        ("--units-per-runner", options.units_per_runner.to_string()),
        ("--slice-seconds", seconds(options.runner.slice)),
        ("--lease-seconds", seconds(options.runner.lease)),
        ("--sweep-seconds", seconds(options.sweep)),
    ];
    arguments.extend(options.allow_hosts.iter().map(|host| ("--allow-host", host.clone())));
    arguments.extend(options.allow_origins.iter().map(|origin| ("--allow-origin", origin.clone())));
    arguments.extend(options.public_url.iter().map(|url| ("--public-url", url.clone())));
    if let Aws::Endpoint { url, prefix } = &options.aws {
        arguments.extend([("--aws-endpoint", url.clone()), ("--aws-prefix", prefix.clone())]);
    }
    arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
}

fn secrets(options: &Options) -> Vec<(&'static str, String)> {
    let secrets = &options.secrets;
    let tokens: Vec<&str> = secrets.access_tokens.iter().map(vault::Secret::expose).collect();
    let mut variables = vec![("MULTITASK_ACCESS_TOKENS", tokens.join(","))];
    let single = [
        ("PARALLEL_API_KEY", &secrets.server_key),
        ("MULTITASK_SEALING_KEY", &secrets.sealing_key),
        ("MULTITASK_WEBHOOK_SECRET", &secrets.webhook_secret),
        ("PARALLEL_WEBHOOK_SECRET", &secrets.upstream_webhook_secret),
    ];
    variables.extend(
        single.into_iter().filter_map(|(name, secret)| Some((name, secret.as_ref()?.expose().to_owned()))),
    );
    variables
}

/// The binary, built once for all stories; by a cargo that does not know of the one that runs the stories, or each of them would
/// find that the other's environment differs, and build what depends on it anew.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--quiet",
            "--package",
            "multitask",
            "--bin",
            "multitask",
            "--message-format",
            "json",
        ]);
        let of_a_package = |name: &str| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
                .iter()
                .any(|part| name.starts_with(part))
        };
        for (name, _) in std::env::vars().filter(|(name, _)| of_a_package(name)) {
            cargo.env_remove(name);
        }
        let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit()).output();
        let built = built.expect("cargo is there");
        assert!(built.status.success(), "the binary is built");
        let messages = String::from_utf8(built.stdout).expect("text");
        let messages =
            messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let mut paths = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
        paths.next_back().expect("cargo says where the binary is")
    })
}
