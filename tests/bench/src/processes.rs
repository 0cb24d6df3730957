//! The service and the simulator, each a process of its own, and what the service used.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Clock ticks a second in `/proc/PID/stat`: a constant of Linux's interface.
const TICKS: f64 = 100.0;

/// Both processes; they end with it.
#[derive(Debug)]
pub struct World {
    /// The base URL of the service.
    pub service: String,
    simulator: String,
    http: reqwest::Client,
    process: Child,
    /// What the service is started with.
    arguments: Vec<OsString>,
    _upstream: Child,
    _data: TempDir,
}

/// What the service has used since its start.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Seconds of processor time.
    pub cpu_seconds: f64,
    /// The most memory it ever had, in MB.
    pub peak_megabytes: f64,
}

impl World {
    /// Starts both on free ports, the service with these options too; returns once it is ready.
    pub async fn start(speed: f64, options: &[&str]) -> anyhow::Result<Self> {
        // An error means that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "it calls a process of this program's own")]
        let http = reqwest::Client::builder().no_proxy().build()?;
        let data = tempfile::tempdir()?;
        let (service, simulator) = (free()?, free()?);
        let upstream = command()?
            .args(["simulate", "--listen", &simulator, "--speed", &speed.to_string()])
            .spawn()
            .context("the simulator does not start")?;
        let simulator = format!("http://{simulator}");
        ready(&http, &format!("{simulator}/_sim/")).await?;
        let mut arguments: Vec<OsString> =
            ["serve", "--listen", &service, "--upstream", &simulator, "--data-dir"]
                .map(OsString::from)
                .into();
        arguments.push(data.path().into());
        arguments.extend(options.iter().map(OsString::from));
        let process = command()?.args(&arguments).spawn().context("the service does not start")?;
        let service = format!("http://{service}");
        ready(&http, &format!("{service}/health")).await?;
        Ok(Self { service, simulator, http, process, arguments, _upstream: upstream, _data: data })
    }

    /// Kills the service and starts it anew over what it left; returns once it is ready.
    pub async fn kill_and_start(&mut self) -> anyhow::Result<()> {
        self.process.kill().await?;
        self.process =
            command()?.args(&self.arguments).spawn().context("the service does not start again")?;
        ready(&self.http, &format!("{}/health", self.service)).await
    }

    /// Has this go wrong upstream from now on.
    pub async fn fault(&self, fault: &Value) -> anyhow::Result<()> {
        let url = format!("{}/_sim/faults", self.simulator);
        self.http.post(url).json(fault).send().await?.error_for_status()?;
        Ok(())
    }

    /// The simulator's ledger, with the runs of this query.
    pub async fn ledger(&self, query: &str) -> anyhow::Result<Value> {
        self.asked(&format!("ledger?{query}")).await
    }

    /// What a run shows of its progress in its whole life, in order.
    pub async fn shown(&self, run: &str) -> anyhow::Result<Vec<Value>> {
        let shown = self.asked(&format!("shown?run={run}")).await?;
        Ok(shown["shown"].as_array().cloned().unwrap_or_default())
    }

    async fn asked(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.http.get(format!("{}/_sim/{path}", self.simulator)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Milliseconds from the end of the last run upstream to the end of the unit.
    pub async fn lag(&self, unit: &Value) -> anyhow::Result<f64> {
        let group = unit["upstream_taskgroup_id"].as_str().context("no group upstream")?;
        let ledger = self.ledger(&format!("group={group}")).await?;
        let runs = ledger["runs"].as_array().context("no runs")?;
        let ends = runs.iter().filter_map(|run| run["ends_at"].as_str()?.parse::<Timestamp>().ok());
        let last = ends.max().context("no run has an end")?;
        let completed: Timestamp = unit["completed_at"].as_str().context("it is not over")?.parse()?;
        Ok(completed.duration_since(last).as_secs_f64() * 1e3)
    }

    /// What the service has used so far.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        let id = self.process.id().context("the service has ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The command's name may hold anything, so fields are counted behind its closing bracket.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let peak =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak is reported")?;
        let kilobytes: f64 = peak.trim().trim_end_matches(" kB").parse()?;
        Ok(Usage { cpu_seconds: (ticks(11) + ticks(12)) / TICKS, peak_megabytes: kilobytes / 1_024.0 })
    }
}

/// The `multitask` that was built beside this program, quiet and with nothing from this environment.
fn command() -> anyhow::Result<Command> {
    let own = std::env::current_exe()?;
    let folder: Option<PathBuf> = own.parent().and_then(|folder| folder.parent()).map(Into::into);
    let binary = folder.context("this program lies in no target folder")?.join("multitask");
    if !binary.exists() {
        bail!("multitask is not built: cargo build --release -p multitask");
    }
    let mut command = Command::new(binary);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

/// An address that was free a moment ago.
fn free() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Returns once the address answers.
async fn ready(http: &reqwest::Client, url: &str) -> anyhow::Result<()> {
    for _ in 0..400 {
        if http.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    bail!("{url} does not answer")
}
