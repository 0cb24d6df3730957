//! Starting and stopping a simulator.
//!
//! Owns the tasks: one that accepts, one that posts webhooks, none for a run. Invariant: once `shutdown` has returned,
//! the port is free, every connection is closed, and the journal is complete.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::config::Config;
use crate::fault::Faults;
use crate::ledger::Ledger;
use crate::world::World;
use crate::{serve, webhook};

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its address is not free, or not this machine's.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// Its journal cannot be opened, or is none.
    #[error("cannot open the simulator's journal")]
    Journal(#[source] io::Error),
}

/// A running simulator; dropping it stops it.
#[derive(Debug)]
pub struct Simulator {
    world: Arc<World>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Simulator {
    /// Starts one: when it returns, the address accepts connections and the journal has been replayed.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let listen = config.listen;
        let listener = TcpListener::bind(listen).await.map_err(|error| StartError::Listen(listen, error))?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(listen, error))?;
        let (post, inbox) = mpsc::unbounded_channel();
        let (stop, closing) = watch::channel(false);
        let world = Arc::new(World::open(config, post, closing).map_err(StartError::Journal)?);
        let untold = world.book().untold();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve::accept(Arc::clone(&world), listener));
        tasks.spawn(webhook::work(Arc::clone(&world), untold, inbox));
        Ok(Self { world, address, stop, tasks })
    }

    /// Its base URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was made to do.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        Ledger(Arc::clone(&self.world))
    }

    /// What goes wrong on purpose.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.world.faults.clone()
    }

    /// Stops it at once, connections included.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
