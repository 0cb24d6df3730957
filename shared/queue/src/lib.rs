//! SQS and Scheduler: the only crate that knows queue URLs, receipts and schedules.
//!
//! Three queues: `runs` carries work for which runners are started, `adopt` work that running ones take up, `deliveries` the attempts of
//! deliveries. A message may arrive twice or late; what it names stands in the table. Messages of one owner do not hold up
//! those of another: their group is the owner. Invariant: a message holds ids and numbers, never an input or a key.

mod deliveries;
mod error;
mod lease;
mod receive;
mod work;

pub use error::Error;
pub use lease::Receipt;
pub use receive::Received;
pub use work::Parcel;

use std::time::Duration;

use aws_sdk_scheduler::Client as Scheduler;
use aws_sdk_sqs::Client as Sqs;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What SQS can delay at most; what is later waits in a schedule.
pub const LONGEST_DELAY: Duration = Duration::from_mins(15);

/// Where the queues and schedules are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// URL of the queue for which runners are started.
    pub runs: String,
    /// URL of the queue that only running runners read; none for who neither reads it nor sends to it.
    pub adopt: Option<String>,
    /// URL of the queue of delivery attempts.
    pub deliveries: String,
    /// ARN of the queue of delivery attempts: what schedules target.
    pub deliveries_arn: String,
    /// The group of one-time schedules.
    pub schedule_group: String,
    /// ARN of the role with which Scheduler sends to the queue.
    pub schedule_role: String,
}

/// One of the queues of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Line {
    /// The one for which runners are started.
    Runs,
    /// The one that only running runners read.
    Adopt,
}

/// The queues and schedules, behind clients; clones share their connections.
#[derive(Debug, Clone)]
pub struct Queue {
    sqs: Sqs,
    scheduler: Scheduler,
    places: Places,
}

impl Queue {
    /// The queues and schedules at `places`, in the account that `config` reaches.
    #[must_use]
    pub fn new(config: &aws_config::SdkConfig, places: Places) -> Self {
        Self { sqs: Sqs::new(config), scheduler: Scheduler::new(config), places }
    }

    /// The same, where SQS and Scheduler are reached at different places.
    #[must_use]
    pub fn with_scheduler(
        config: &aws_config::SdkConfig,
        scheduler: &aws_config::SdkConfig,
        places: Places,
    ) -> Self {
        Self { sqs: Sqs::new(config), scheduler: Scheduler::new(scheduler), places }
    }

    /// Whether there is a queue for work that running runners take up.
    #[must_use]
    pub const fn has_adopt(&self) -> bool {
        self.places.adopt.is_some()
    }

    fn url(&self, line: Line) -> Result<&str> {
        match line {
            Line::Runs => Ok(&self.places.runs),
            Line::Adopt => {
                self.places.adopt.as_deref().ok_or_else(|| Error::new("there is no queue to adopt from"))
            }
        }
    }
}
