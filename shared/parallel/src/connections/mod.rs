//! The connections to the upstream: as many as its streams need, and as the process may have.
//!
//! Streams and ordinary requests have connections of their own, so that neither waits for the other. Over HTTP/2 a connection carries
//! as many streams as the server allows, a hundred at most; over HTTP/1.1 one. Who finds no place waits in a line, and is counted
//! ([`crate::Client::connections`]) and told of in the log. Invariant: nothing waits where nobody counts it.

mod book;
mod descriptors;
mod dial;
mod exchange;
mod pool;

use std::pin::pin;
use std::sync::Arc;

use tokio::time::{Instant, timeout, timeout_at};
use tracing::warn;

pub use self::book::Load;
use self::book::{Book, Rank};
use self::dial::{Dialer, Windows};
use self::exchange::Failed;
pub(crate) use self::exchange::{Answer, Ask, Body};
use self::pool::Pool;
use crate::{Error, Kind, Protocol, Result, Settings};

/// Connections that may turn out to be closed before a request is given up.
const TRIES: u32 = 4;
/// The windows of streams: little each, since many are open and most are read at once.
const STREAM: u32 = 64 * 1_024;
/// The windows of ordinary requests, whose answers are read as fast as they come.
const REQUEST: u32 = 256 * 1_024;
/// Ordinary requests that one connection carries at most, over HTTP/2.
const REQUESTS: usize = 32;

const CLOSED: &str = "the upstream closed one connection after the other before anything was sent";

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A unit's progress depends on it.
    Stream,
    /// A stream that a unit can do without; gives its place up where another waits for one.
    Extra,
}

/// How the connections to the upstream stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connections {
    /// Those of streams.
    pub streams: Load,
    /// Those of ordinary requests.
    pub requests: Load,
}

/// The pools of both.
#[derive(Debug)]
pub(crate) struct Pools {
    streams: Arc<Pool>,
    requests: Arc<Pool>,
}

impl Pools {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        Self::with_tls(settings, &dial::tls(&settings.base)?)
    }

    pub(crate) fn with_tls(settings: &Settings, tls: &rustls::ClientConfig) -> Result<Self> {
        let shares = descriptors::shares();
        let streams = settings.connections.unwrap_or(shares.streams);
        let Settings { base, protocol, connect, .. } = settings;
        let many = match protocol {
            Protocol::Auto => base.scheme() == "https",
            Protocol::Http1 => false,
            Protocol::Http2PriorKnowledge => true,
        };
        let pool = |name, most, per_connection: usize, stream: u32| {
            let connection = stream.saturating_mul(u32::try_from(per_connection).unwrap_or(u32::MAX));
            let windows = Windows { stream, connection: connection.min((1 << 31) - 1) };
            let dialer = Dialer::new(base, *protocol, *connect, windows, tls.clone())?;
            let book = Book::new(most, per_connection, if many { per_connection } else { 1 });
            Ok(Pool::new(name, dialer, book))
        };
        Ok(Self {
            streams: pool("streams", streams, settings.streams_per_connection, STREAM)?,
            requests: pool("requests", shares.requests, REQUESTS, REQUEST)?,
        })
    }

    pub(crate) fn load(&self) -> Connections {
        Connections { streams: self.streams.load(), requests: self.requests.load() }
    }

    /// Sends an ordinary request. What was still waiting for its connection at this time was surely not sent.
    pub(crate) async fn request(&self, ask: &Ask, until: Instant) -> Result<Answer> {
        for _ in 0..TRIES {
            let place = timeout_at(until, self.requests.place(Rank::First)).await;
            let mut place =
                place.map_err(|_| not_sent("no connection to the upstream was free in time"))??;
            match timeout_at(until, place.send(ask)).await {
                Ok(Ok(answer)) => return Ok(Answer::new(answer, place)),
                Ok(Err(Failed::Closed)) => place.broken(),
                Ok(Err(Failed::Refused)) => place.doubt(),
                Ok(Err(Failed::Otherwise(error))) => return Err(error),
                Err(_) => return Err(late()),
            }
        }
        Err(not_sent(CLOSED))
    }

    /// Opens a stream. However long it waits for its place, its answer then has this time to begin; one that shares its connection
    /// is tried by another before.
    pub(crate) async fn stream(&self, ask: &Ask, of: Use, settings: &Settings) -> Result<Answer> {
        let within = settings.request;
        let patience = settings.patience.min(within);
        let rank = if of == Use::Stream { Rank::First } else { Rank::Later };
        let mut tried = false;
        for _ in 0..TRIES {
            let mut place = self.streams.place(rank).await?;
            let tries_another = place.is_shared() && !tried;
            let sent = {
                let mut sending = pin!(place.send(ask));
                match timeout(patience, &mut sending).await {
                    Ok(sent) => Ok(sent),
                    Err(_) if tries_another => Err(true),
                    Err(_) => timeout(within.saturating_sub(patience), sending).await.map_err(|_| false),
                }
            };
            match sent {
                Ok(Ok(answer)) => return Ok(Answer::new(answer, place)),
                Ok(Err(Failed::Closed)) => place.broken(),
                Ok(Err(Failed::Refused)) => place.doubt(),
                Ok(Err(Failed::Otherwise(error))) => return Err(error),
                Err(true) => {
                    warn!("A stream waits for its answer; another connection is tried.");
                    tried = true;
                    place.doubt();
                }
                Err(false) => {
                    let silent = "the upstream did not open its stream in time";
                    return Err(Error::new(Kind::Silent, silent));
                }
            }
        }
        Err(not_sent(CLOSED))
    }
}

fn not_sent(why: &str) -> Error {
    Error::new(Kind::NotSent, why)
}

pub(crate) fn late() -> Error {
    Error::new(Kind::Lost, "the upstream's answer did not come in time")
}
