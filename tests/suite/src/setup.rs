//! What a world is started with.
//!
//! Invariant: a world that nobody set up otherwise is fast, needs no key, and shares nothing with another.

use std::time::Duration;

use multitask::Options;
use multitask::options::Aws;
use vault::Secret;

use crate::World;

/// How many times faster than the real upstream the simulator of a world is.
const SPEED: f64 = 500.0;
/// Readers of stories do not want to wait for a runner's next flush.
const FLUSH: Duration = Duration::from_millis(50);

/// The settings of a world, to be changed before [`Setup::start`].
#[derive(Debug, Clone)]
pub struct Setup {
    pub(crate) options: Options,
    pub(crate) simulator: simulator::Config,
    pub(crate) process: bool,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let mut options = Options::default();
        options.listen.set_port(0);
        options.runner.flush = FLUSH;
        if let Some(url) = aws_endpoint() {
            let name: [u8; 4] = options.entropy.bytes();
            let prefix = format!("suite-{:08x}", u32::from_le_bytes(name));
            options.aws = Aws::Endpoint { url, prefix };
        }
        let simulator =
            simulator::Config { speed: SPEED, clock: options.clock.clone(), ..simulator::Config::default() };
        Self { options, simulator, process: false }
    }

    /// Runs the real binary as a child process, which can be killed. Its upstream then counts as real: callers need a key; its
    /// clock is the machine's; and of `options` it knows what can be said on the command line.
    #[must_use]
    pub fn in_a_process(mut self) -> Self {
        self.process = true;
        self
    }

    /// How long a unit is driven before it is handed over.
    #[must_use]
    pub fn slice(mut self, slice: Duration) -> Self {
        self.options.runner.slice = slice;
        self
    }

    /// How soon a dead runner's units come back.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.options.runner.lease = lease;
        self
    }

    /// How often what is due is looked for.
    #[must_use]
    pub fn sweep(mut self, sweep: Duration) -> Self {
        self.options.sweep = sweep;
        self
    }

    /// The operator's own upstream key.
    #[must_use]
    pub fn server_key(mut self, key: &str) -> Self {
        self.options.secrets.server_key = Some(Secret::new(key));
        self
    }

    /// The operator's access tokens.
    #[must_use]
    pub fn access_tokens(mut self, tokens: &[&str]) -> Self {
        self.options.secrets.access_tokens = tokens.iter().copied().map(Secret::new).collect();
        self
    }

    /// How many times faster than the real upstream the simulator is.
    #[must_use]
    pub fn speed(mut self, speed: f64) -> Self {
        self.simulator.speed = speed;
        self
    }

    /// Changes whatever else the simulator is started with.
    #[must_use]
    pub fn simulator(mut self, change: impl FnOnce(&mut simulator::Config)) -> Self {
        change(&mut self.simulator);
        self
    }

    /// Changes whatever else Multitask is started with. The address, the data directory and the upstream are the world's.
    #[must_use]
    pub fn options(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Starts the world.
    pub async fn start(self) -> World {
        World::of(self).await
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the suite says by a variable where AWS is")]
pub(crate) fn aws_endpoint() -> Option<String> {
    std::env::var("MULTITASK_TEST_AWS_ENDPOINT").ok().filter(|url| !url.is_empty())
}
