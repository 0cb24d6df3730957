//! What an embedded default is started with.
//!
//! Owns the settings and their defaults; which variable or flag says what is the binary's business.
//! Invariant: [`Options::default`] costs nothing and reaches nobody: it listens on this machine only, and its upstream is the simulator.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ambient::{Clock, Entropy};
use url::Url;
use vault::Secret;

/// Where Multitask listens unless it is told otherwise.
pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8787);
/// How many times faster than the real upstream the built-in simulator is: results come within a few seconds.
pub const SPEED: f64 = 20.0;

/// The settings of one process.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The directory that keeps all state; made where it is absent.
    pub data_dir: PathBuf,
    /// Who does the work.
    pub upstream: Upstream,
    /// The base of the URLs that are given out; the listening address if none.
    pub public_url: Option<String>,
    /// Hosts exempt from the address check, each `host` or `host:port`.
    pub allow_hosts: Vec<String>,
    /// Origins whose pages may ask a process that holds a server key.
    pub allow_origins: Vec<String>,
    /// What stands for AWS.
    pub aws: Aws,
    /// How many runners; with none, somebody else gives the messages of the runs queue to runners.
    pub runners: usize,
    /// How many units each of them drives at a time.
    pub units_per_runner: usize,
    /// How often what is due is looked for.
    pub sweep: Duration,
    /// How runners behave.
    pub runner: runner::Settings,
    /// What must not be shown.
    pub secrets: Secrets,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
}

/// Who does the work that is bought.
#[derive(Debug, Clone, PartialEq)]
pub enum Upstream {
    /// The simulator, in this process, with its ledger in the data directory.
    Simulator {
        /// How many times faster than the real upstream.
        speed: f64,
    },
    /// Whoever answers at this URL.
    Url {
        /// The base URL.
        base: Url,
        /// Whether it is a simulator, which takes any key and costs nothing.
        simulated: bool,
    },
}

/// What stands for AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aws {
    /// The embedded DynamoDB and the doubles of SQS and Scheduler, with their state in the data directory.
    Embedded,
    /// One endpoint for all four services, without TLS: an emulator.
    Endpoint {
        /// Its URL.
        url: String,
        /// With what the names of tables, queues and the schedule group begin.
        prefix: String,
    },
}

/// What comes by variable only.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// The operator's own upstream key.
    pub server_key: Option<Secret>,
    /// Tokens, of which callers need one where the operator's key is used.
    pub access_tokens: Vec<Secret>,
    /// The key under which callers' keys are sealed; made and kept in the data directory if none.
    pub sealing_key: Option<Secret>,
    /// The secret that signs every owner's webhooks instead of their own.
    pub webhook_secret: Option<Secret>,
    /// The secret with which the upstream signs its own webhooks, for the account of the server key; the built-in simulator signs with it.
    pub upstream_webhook_secret: Option<Secret>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: LISTEN,
            data_dir: PathBuf::from(".multitask"),
            upstream: Upstream::Simulator { speed: SPEED },
            public_url: None,
            allow_hosts: Vec::new(),
            allow_origins: Vec::new(),
            aws: Aws::Embedded,
            runners: 2,
            units_per_runner: 500,
            sweep: Duration::from_mins(1),
            runner: runner_settings(),
            secrets: Secrets::default(),
            clock: Clock::system(),
            entropy: Entropy::system(),
        }
    }
}

/// A runner as it behaves on Lambda, but for what the embedded DynamoDB is slow at: many small writes.
#[must_use]
pub fn runner_settings() -> runner::Settings {
    runner::Settings { writes: 2, ..runner::Settings::default() }
}
