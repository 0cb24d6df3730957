//! A world: Multitask with everything around it, started for one story.
//!
//! Invariant: two worlds share nothing, so stories run side by side.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use multitask::Running;
use multitask::options::Upstream;
use simulator::Simulator;
use tempfile::TempDir;
use url::Url;

use crate::process::Process;
use crate::{Client, Receiver, Setup, soon};

/// Multitask, its upstream, and a receiver of its webhooks.
#[derive(Debug)]
pub struct World {
    setup: Setup,
    http: reqwest::Client,
    simulator: Simulator,
    receiver: Receiver,
    host: Host,
    url: String,
    root: TempDir,
}

#[derive(Debug)]
enum Host {
    Here(Box<Running>),
    Process(Box<Process>),
    Down,
}

impl World {
    /// A world with the usual settings, in this process.
    pub async fn start() -> Self {
        Self::setup().start().await
    }

    /// The usual settings, to be changed.
    #[must_use]
    pub fn setup() -> Setup {
        Setup::new()
    }

    pub(crate) async fn of(mut setup: Setup) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let root = tempfile::tempdir().expect("a directory");
        let simulator = Simulator::start(setup.simulator.clone()).await.expect("the simulator starts");
        let receiver = Receiver::start().await;
        setup.options.data_dir = root.path().join("state");
        setup.options.allow_hosts.push(receiver.address().to_owned());
        let base = Url::parse(&simulator.url()).expect("a URL");
        setup.options.upstream = Upstream::Url { base, simulated: !setup.process };
        #[expect(clippy::disallowed_methods, reason = "this is the client of who asks")]
        let http = reqwest::Client::builder().no_proxy().build().expect("plain settings make a client");
        let mut world = Self { setup, http, simulator, receiver, host: Host::Down, url: String::new(), root };
        world.start_again().await;
        world
    }

    /// Somebody who asks with this key: an upstream key of his own, or an access token.
    #[must_use]
    pub fn owner(&self, key: &str) -> Client {
        Client { http: self.http.clone(), base: self.url.clone(), key: Some(key.to_owned()) }
    }

    /// Somebody who asks with no key.
    #[must_use]
    pub fn visitor(&self) -> Client {
        Client { http: self.http.clone(), base: self.url.clone(), key: None }
    }

    /// The base of all URLs, without a slash at its end; the same after a restart.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The upstream, with its ledger and its faults.
    #[must_use]
    pub const fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// Who may be told of ends: its address is allowed.
    #[must_use]
    pub const fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// What runs in this process; for what no client can see or cause, as faults of the queues.
    #[must_use]
    pub fn running(&self) -> &Running {
        match &self.host {
            Host::Here(running) => running,
            Host::Process(_) | Host::Down => panic!("Multitask does not run in this process"),
        }
    }

    /// Moves the time of everything in this process on.
    pub fn pass(&self, span: Duration) {
        self.setup.options.clock.advance(span);
    }

    /// Where Multitask keeps its state.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.setup.options.data_dir
    }

    /// What the child process has logged since the first start.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.root.path().join("log")).unwrap_or_default()
    }

    /// Kills the child process without warning. The upstream and the receiver live on.
    pub async fn kill(&mut self) {
        match std::mem::replace(&mut self.host, Host::Down) {
            Host::Process(process) => process.kill().await,
            Host::Here(_) | Host::Down => panic!("only a process can be killed: see Setup::in_a_process"),
        }
    }

    /// Asks Multitask to end, which it must do in good order.
    pub async fn stop(&mut self) {
        match std::mem::replace(&mut self.host, Host::Down) {
            Host::Process(process) => assert_eq!(process.stop().await, Some(0), "{}", self.log()),
            Host::Here(running) => soon("the end", Box::pin(running.stop())).await,
            Host::Down => panic!("it is down"),
        }
    }

    /// Starts Multitask on what it left, at the address that it had.
    pub async fn start_again(&mut self) {
        assert!(matches!(self.host, Host::Down), "it runs");
        let options = &self.setup.options;
        if self.setup.process {
            let process = Process::start(options, &self.root.path().join("log")).await;
            self.url.clone_from(&process.url);
            self.host = Host::Process(Box::new(process));
        } else {
            let running = soon("the start", multitask::start(options.clone())).await.expect("it starts");
            running.url().clone_into(&mut self.url);
            self.host = Host::Here(Box::new(running));
        }
        let address = Url::parse(&self.url).ok().and_then(|url| {
            let port = url.port()?;
            Some(SocketAddr::new(self.setup.options.listen.ip(), port))
        });
        if self.setup.options.public_url.is_none() {
            self.setup.options.listen = address.expect("it listens at an address with a port");
        }
    }
}

/// A story that goes wrong shows what the child process has logged.
impl Drop for World {
    fn drop(&mut self) {
        if self.setup.process && std::thread::panicking() {
            eprintln!("the log of the process:\n{}", self.log());
        }
    }
}
