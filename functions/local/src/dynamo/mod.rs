//! The embedded DynamoDB: dynoxide over a file of the data directory, on a loopback port.
//!
//! Owns its start, its housekeeping (expired items, old stream records) and its end; tables are made by whoever uses
//! them. Time to live goes by the machine's clock, since dynoxide reads that one; readers judge expiry themselves.
//! Invariant: the file has one user, because the data directory is locked.

mod records;

use std::path::PathBuf;
use std::time::Duration;

use ambient::Clock;
use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::data_dir::DataDir;

/// How long [`Dynamo::stop`] waits for requests under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the embedded DynamoDB does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port cannot be opened.
    #[error("the embedded DynamoDB finds no port: {0}")]
    Port(#[from] std::io::Error),
    /// The file cannot be opened, or is no database of this version.
    #[error("the embedded DynamoDB cannot open {}: {reason}", path.display())]
    File {
        /// The database file.
        path: PathBuf,
        /// What the database said.
        reason: String,
    },
}

/// A running DynamoDB. When dropped without [`Dynamo::stop`] it goes on until the runtime ends.
#[derive(Debug)]
pub struct Dynamo {
    endpoint: String,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    housekeeping: JoinHandle<()>,
}

impl Dynamo {
    /// Starts on a free loopback port with what the data directory holds. Every `sweep_every` by `clock`, items
    /// past their time to live and stream records older than a day are removed.
    pub async fn start(data: &DataDir, clock: Clock, sweep_every: Duration) -> Result<Self, Error> {
        let path = data.file("dynamodb.sqlite");
        let database = tokio::task::spawn_blocking({
            let path = path.clone();
            move || open(&path)
        });
        let database = database.await.unwrap_or_else(|panic| Err(panic.to_string()));
        let database = database.map_err(|reason| Error::File { path: path.clone(), reason })?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn({
            let database = database.clone();
            async move {
                let stopped = async {
                    // Dropping the sender ends the owner, not the database.
                    if stopped.await.is_err() {
                        std::future::pending::<()>().await;
                    }
                };
                if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, stopped).await {
                    tracing::error!(error, "the embedded DynamoDB has failed");
                }
            }
        });
        let housekeeping = tokio::spawn(async move {
            loop {
                clock.sleep(sweep_every).await;
                sweep(database.clone(), path.clone()).await;
            }
        });
        Ok(Self { endpoint, stop, server, housekeeping })
    }

    /// The endpoint for clients of DynamoDB and of its streams.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Lets requests under way finish, then ends.
    pub async fn stop(self) {
        self.housekeeping.abort();
        // An error here and below means that it has ended already.
        let _ = self.stop.send(());
        if tokio::time::timeout(PATIENCE, self.server).await.is_err() {
            tracing::warn!("a request to the embedded DynamoDB did not finish in time and is abandoned");
        }
    }
}

fn open(path: &std::path::Path) -> Result<Database, String> {
    let text = path.to_str().ok_or("the path is not UTF-8")?;
    let database = Database::new(text).map_err(|error| error.to_string())?;
    records::index(path).map_err(|error| error.to_string())?;
    Ok(database)
}

async fn sweep(database: Database, path: PathBuf) {
    let done = tokio::task::spawn_blocking(move || {
        let removed = database.sweep_ttl().map_err(|error| error.to_string())?;
        let trimmed = records::trim(&path).map_err(|error| error.to_string())?;
        Ok::<_, String>((removed, trimmed))
    });
    match done.await {
        Ok(Ok((0, 0))) => {}
        Ok(Ok((items, stream_records))) => tracing::debug!(items, stream_records, "expired data is removed"),
        Ok(Err(error)) => tracing::warn!(error, "expired data could not be removed"),
        Err(panic) => tracing::error!(%panic, "removing expired data has panicked"),
    }
}

#[cfg(test)]
mod tests;
