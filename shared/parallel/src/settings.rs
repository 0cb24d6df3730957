//! How the client behaves.

use std::time::Duration;

use url::Url;

/// What is spoken with the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// Over TLS HTTP/2 where the upstream offers it, else HTTP/1.1.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only, also without TLS.
    Http2PriorKnowledge,
}

/// How the client behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The upstream's base URL.
    pub base: Url,
    /// What is spoken with it.
    pub protocol: Protocol,
    /// How long making a connection may take.
    pub connect: Duration,
    /// How long an ordinary request may take, its answer included.
    pub request: Duration,
    /// How long a stream may be silent.
    pub silence: Duration,
    /// How long a stream waits for its answer on a connection that it shares, before another is tried.
    pub patience: Duration,
    /// Bytes of one answer, or of one event of a stream, at most. Whatever is larger ends what it belongs to with
    /// an error that names the cap.
    pub largest: usize,
    /// Connections of streams at most; as many as the process's descriptors allow, if none.
    pub connections: Option<usize>,
    /// Streams that one connection carries at most over HTTP/2, where the upstream does not allow fewer.
    pub streams_per_connection: usize,
}

impl Settings {
    /// The usual behaviour towards this upstream.
    #[must_use]
    pub const fn new(base: Url) -> Self {
        Self {
            base,
            protocol: Protocol::Auto,
            connect: Duration::from_secs(10),
            request: Duration::from_mins(1),
            silence: Duration::from_mins(5),
            patience: Duration::from_secs(5),
            largest: 16 * 1024 * 1024,
            connections: None,
            streams_per_connection: 100,
        }
    }
}
