//! Making a connection: TCP, TLS, and the protocol that both sides speak.
//!
//! A connection over HTTP/2 counts as made only once the server has said how many streams it allows: nothing is sent
//! into a queue that nobody sees. Leaves the number of connections to the pool.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connection as _, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tower::ServiceExt;

use crate::{Error, Kind, Protocol, Result};

/// How often a connection that carries something is asked whether it still lives, and how long it may take to answer.
const PING: Duration = Duration::from_secs(30);
/// The most that is read of an HTTP/1.1 connection before somebody wants it.
const READ_AHEAD: usize = 64 * 1_024;

/// How far the server may run ahead of a reader, over HTTP/2. A connection's window holds those of all its streams, so that a reader
/// who is slow holds up nobody else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    pub(crate) stream: u32,
    pub(crate) connection: u32,
}

/// A connection just made.
pub(crate) struct Made {
    pub(crate) link: Link,
    pub(crate) driver: Driver,
}

/// What requests are sent by.
pub(crate) enum Link {
    /// HTTP/1.1: one at a time.
    One(http1::SendRequest<Full<Bytes>>),
    /// HTTP/2: many.
    Many(http2::SendRequest<Full<Bytes>>),
}

/// What drives a connection until it is closed.
pub(crate) enum Driver {
    One(Box<http1::Connection<Io, Full<Bytes>>>),
    Many(Box<http2::Connection<Io, Full<Bytes>, Telling>>, Arc<Notify>),
}

type Io = MaybeHttpsStream<TokioIo<TcpStream>>;

impl Driver {
    /// Drives on; true when something may have come that changes what the server allows, false when the connection is closed.
    pub(crate) async fn drive(&mut self) -> bool {
        // How a connection ended is told to whoever waits for an answer.
        match self {
            Self::One(connection) => {
                let _ = connection.as_mut().await;
                false
            }
            Self::Many(connection, turned) => tokio::select! {
                _ = connection.as_mut() => false,
                () = turned.notified() => true,
            },
        }
    }

    /// How many requests the server allows at a time.
    pub(crate) fn allowed(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(connection, _) => connection.current_max_send_streams(),
        }
    }
}

/// Makes connections to one upstream.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    to: Uri,
    connector: HttpsConnector<HttpConnector>,
    protocol: Protocol,
    within: Duration,
    windows: Windows,
}

impl Dialer {
    /// A dialer of this upstream.
    pub(crate) fn new(
        base: &url::Url,
        protocol: Protocol,
        within: Duration,
        windows: Windows,
        tls: rustls::ClientConfig,
    ) -> Result<Self> {
        let unusable = || Error::new(Kind::NotSent, "the upstream's base URL names no place to connect to");
        let authority = authority(base).ok_or_else(unusable)?;
        let to = Uri::builder().scheme(base.scheme()).authority(authority).path_and_query("/").build();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_mins(1)));
        tcp.set_connect_timeout(Some(within));
        let tls = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        let connector = match protocol {
            Protocol::Auto => tls.enable_all_versions().wrap_connector(tcp),
            Protocol::Http1 => tls.enable_http1().wrap_connector(tcp),
            Protocol::Http2PriorKnowledge => tls.enable_http2().wrap_connector(tcp),
        };
        Ok(Self { to: to.map_err(|_| unusable())?, connector, protocol, within, windows })
    }

    /// A connection that requests can be sent by.
    pub(crate) async fn dial(&self) -> Result<Made> {
        let unreachable = || Error::new(Kind::NotSent, "the upstream cannot be reached");
        let made = tokio::time::timeout(self.within, self.made());
        made.await.ok().flatten().ok_or_else(unreachable)
    }

    async fn made(&self) -> Option<Made> {
        let io = self.connector.clone().oneshot(self.to.clone()).await.ok()?;
        let many = self.protocol == Protocol::Http2PriorKnowledge || io.connected().is_negotiated_h2();
        if !many {
            let (sender, connection) =
                http1::Builder::new().max_buf_size(READ_AHEAD).handshake(io).await.ok()?;
            return Some(Made { link: Link::One(sender), driver: Driver::One(Box::new(connection)) });
        }
        let turned = Arc::new(Notify::new());
        let (sender, connection) = http2::Builder::new(Telling(Arc::clone(&turned)))
            .timer(TokioTimer::new())
            // None until the server has said how many.
            .initial_max_send_streams(0)
            .initial_stream_window_size(self.windows.stream)
            .initial_connection_window_size(self.windows.connection)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .handshake(io)
            .await
            .ok()?;
        let mut driver = Driver::Many(Box::new(connection), turned);
        while driver.allowed() == 0 {
            if !driver.drive().await {
                return None;
            }
        }
        Some(Made { link: Link::Many(sender), driver })
    }
}

/// The host and port of a URL, without what else its authority may hold.
pub(crate) fn authority(base: &url::Url) -> Option<String> {
    let host = base.host_str()?;
    Some(base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// TLS as the operating system trusts it; nothing is read from there for an upstream without TLS.
pub(crate) fn tls(base: &url::Url) -> Result<rustls::ClientConfig> {
    let unusable = |_| Error::new(Kind::NotSent, "no TLS client can be made");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let trust = if base.scheme() == "https" {
        versions.with_platform_verifier().map_err(unusable)?
    } else {
        versions.with_root_certificates(rustls::RootCertStore::empty())
    };
    Ok(trust.with_no_client_auth())
}

/// Spawns the tasks of an HTTP/2 connection, and tells whenever one had a turn.
#[derive(Clone)]
pub(crate) struct Telling(Arc<Notify>);

impl<F> hyper::rt::Executor<F> for Telling
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let turned = Arc::clone(&self.0);
        TokioExecutor::new().execute(async move {
            let mut task = pin!(task);
            poll_fn(|context| {
                let polled = task.as_mut().poll(context);
                turned.notify_one();
                polled
            })
            .await;
        });
    }
}
