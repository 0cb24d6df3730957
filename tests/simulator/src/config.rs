//! What a simulator is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ambient::{Clock, Entropy};

/// The secret webhooks are signed with unless the configuration names another; it protects nothing.
pub const WEBHOOK_SECRET: &str = "whsec_c3ludGhldGljLXNpZ25pbmcta2V5LTI0";

/// The settings of one simulator; [`Config::default`] is the upstream as documented, at its real pace.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one. Default `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// Where the journal is kept; `None` forgets everything at the end. The folder is made when it is absent.
    pub data_dir: Option<PathBuf>,
    /// How many times faster than the documented medians runs go; what was created keeps the speed it was
    /// created with. Zero, negative and infinite values count as 1. Default 1.
    pub speed: f64,
    /// Concurrent streams that one HTTP/2 connection may have. Default 100.
    pub max_streams: u32,
    /// Runs that one key may create within any 60 seconds. Default 2,000.
    pub quota_per_minute: usize,
    /// The longest time one run's event stream stays open. Default 570 s.
    pub stream_cap: Duration,
    /// The longest time one group's event stream stays open. Default 1 h.
    pub group_stream_cap: Duration,
    /// The account's webhook secret, `whsec_` and Base64. Default [`WEBHOOK_SECRET`].
    pub webhook_secret: String,
    /// Progress events of every run; `None` leaves it to the processor (6 for `lite` up to 56 for `ultra8x`).
    pub progress_events: Option<u32>,
    /// The share of runs, from 0 to 1, that fail without being asked to. Default 0.
    pub failure_rate: f64,
    /// The time by which runs live; moving it forward moves them.
    pub clock: Clock,
    /// Where ids and the dice of probable faults come from.
    pub entropy: Entropy,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data_dir: None,
            speed: 1.0,
            max_streams: 100,
            quota_per_minute: 2_000,
            stream_cap: Duration::from_secs(570),
            group_stream_cap: Duration::from_hours(1),
            webhook_secret: WEBHOOK_SECRET.to_owned(),
            progress_events: None,
            failure_rate: 0.0,
            clock: Clock::system(),
            entropy: Entropy::system(),
        }
    }
}

impl Config {
    /// The speed as a number that times can be divided by.
    pub(crate) fn pace(&self) -> f64 {
        if self.speed.is_finite() && self.speed > 0.0 { self.speed } else { 1.0 }
    }
}
