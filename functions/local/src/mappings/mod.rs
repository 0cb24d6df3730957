//! Event source mappings: what Lambda does between a queue or a stream and a function.
//!
//! Owns polling, batching, and what a handler's answer means for what it was given; handlers are the same functions that run on
//! Lambda, with the same events. They poll through the real SDK clients, so they work on any endpoint.
//! Invariant: a message or a record is let go only after a handler said, by its answer, that it is done with it.

mod batch;
mod checkpoints;
mod events;
pub mod queue;
mod shards;
pub mod stream;

use std::any::Any;
use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use ambient::Clock;
use futures::FutureExt as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A running mapping. When dropped, it ends in the middle of whatever it does.
#[derive(Debug)]
pub struct Mapping {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Mapping {
    /// Takes nothing new, and returns when the handlers under way have ended and their answers have been acted on.
    /// A message that was on its way here in this moment comes back when its visibility timeout has passed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Whether a mapping is to end.
#[derive(Clone, Debug)]
struct Stop(watch::Receiver<bool>);

impl Stop {
    fn now(&self) -> bool {
        *self.0.borrow()
    }

    /// The output of `work`, or none when the mapping is to end first.
    async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = self.0.wait_for(|stop| *stop) => None,
            output = work => Some(output),
        }
    }
}

/// How long to wait after failures in a row: twice as long each time.
#[derive(Debug)]
struct Backoff {
    least: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    fn new(least: Duration, most: Duration) -> Self {
        Self { least, most, next: least }
    }

    fn reset(&mut self) {
        self.next = self.least;
    }

    async fn wait(&mut self, clock: &Clock, stop: &mut Stop) {
        stop.or(clock.sleep(self.next)).await;
        self.next = (self.next * 2).min(self.most);
    }
}

/// Runs a handler; a panic in it is a failure like any other, and stays in it.
async fn run<T, E: Display>(handler: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match AssertUnwindSafe(handler).catch_unwind().await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(panic) => Err(panic_text(panic.as_ref()).to_owned()),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("the handler has panicked")
}

#[cfg(test)]
mod tests;
