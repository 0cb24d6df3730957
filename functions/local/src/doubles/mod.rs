//! Doubles of the AWS services that no Rust crate imitates faithfully: SQS and EventBridge Scheduler.
//!
//! Owns their common endpoint: one loopback port that speaks both protocols to the real SDK clients, and its orderly end.
//! What a request does is the business of [`sqs`] and [`scheduler`]. Invariant: state is in the data directory before
//! a request is answered, so a killed process loses nothing that it confirmed.

mod journal;
pub mod scheduler;
mod serve;
pub mod sqs;
#[cfg(test)]
pub(crate) mod testing;

use std::io;
use std::net::SocketAddr;

use ambient::{Clock, Entropy};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::data_dir::DataDir;
use scheduler::Scheduler;
use sqs::Sqs;

/// Running doubles. When dropped without [`Doubles::stop`] they go on until the runtime ends.
#[derive(Debug)]
pub struct Doubles {
    address: SocketAddr,
    sqs: Sqs,
    scheduler: Scheduler,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    firing: JoinHandle<()>,
}

impl Doubles {
    /// Starts both services on a free loopback port, with the queues and schedules that the data directory
    /// holds. Schedules that became due in the meantime fire at once.
    pub async fn start(data: &DataDir, clock: Clock, entropy: Entropy) -> io::Result<Self> {
        let sqs = Sqs::open(&data.file("queues.journal"), clock.clone(), entropy)?;
        let scheduler = Scheduler::open(&data.file("schedules.journal"), clock, sqs.clone())?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        // Small answers that wait to be sent with the next ones would cost a poll 40 ms.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let (stop, stopped) = oneshot::channel();
        let router = serve::router(sqs.clone(), scheduler.clone());
        let server = tokio::spawn(async move {
            let stopped = async {
                // Dropping the sender ends the doubles' owner, not the doubles.
                if stopped.await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "the endpoint of the queues and schedules has failed");
            }
        });
        let firing = tokio::spawn(scheduler.clone().run());
        Ok(Self { address, sqs, scheduler, stop, server, firing })
    }

    /// The endpoint for SQS clients and for Scheduler clients alike.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The queues, for faults on request.
    #[must_use]
    pub fn sqs(&self) -> &Sqs {
        &self.sqs
    }

    /// The schedules.
    #[must_use]
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// Ends long polls and requests under way, then the endpoint. Nothing fires any more.
    pub async fn stop(self) {
        self.firing.abort();
        self.sqs.close();
        // An error here and below means that it has ended already.
        let _ = self.stop.send(());
        let _ = self.server.await;
    }
}
