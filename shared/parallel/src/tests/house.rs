//! A server of streams that stay open, over HTTP/1.1 and HTTP/2, which knows what comes by which connection and breaks them when told.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::channel::mpsc;
use futures::future::{BoxFuture, FutureExt};
use futures::{SinkExt, StreamExt};
use http::{Request, Response};
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::{Client, Protocol, Settings};

const CERTIFICATE: &[u8] = include_bytes!("../../tests/fixtures/tls/certificate.pem");
/// It belongs to the certificate, and protects nothing.
const KEY: &[u8] = include_bytes!("../../tests/fixtures/tls/key.pem");

/// A connection as the server sees it.
#[derive(Default)]
pub(super) struct Connection {
    streams: Mutex<Vec<mpsc::Sender<Bytes>>>,
    pub(super) is_http2: Mutex<bool>,
    /// Ends it at once.
    pub(super) cut: Notify,
    /// Has it say that it takes nothing new, and end with what it has.
    pub(super) leave: Notify,
}

impl Connection {
    /// Streams that are open on it.
    pub(super) fn streams(&self) -> usize {
        self.streams.lock().unwrap().iter().filter(|stream| !stream.is_closed()).count()
    }
}

/// The server.
#[derive(Clone)]
pub(super) struct House {
    pub(super) address: SocketAddr,
    connections: Arc<Mutex<Vec<Arc<Connection>>>>,
    most: u32,
    /// Connections, from the first, on which no stream is answered.
    mute: usize,
}

impl House {
    /// A server that allows so many streams on a connection over HTTP/2.
    pub(super) async fn start(most: u32) -> Self {
        Self::with(most, 0, None).await
    }

    /// The same; on so many connections no stream is ever answered.
    pub(super) async fn muted(most: u32, mute: usize) -> Self {
        Self::with(most, mute, None).await
    }

    /// The same over TLS, offering these protocols.
    pub(super) async fn secure(most: u32, offers: &[&str]) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()],
                PrivateKeyDer::from_pem_slice(KEY).unwrap(),
            )
            .unwrap();
        tls.alpn_protocols = offers.iter().map(|offer| offer.as_bytes().to_vec()).collect();
        Self::with(most, 0, Some(Arc::new(tls).into())).await
    }

    async fn with(most: u32, mute: usize, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let house = Self { address: listener.local_addr().unwrap(), connections: Arc::default(), most, mute };
        let there = house.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(there.clone().serve(socket, tls.clone()));
            }
        });
        house
    }

    async fn serve(self, socket: TcpStream, tls: Option<tokio_rustls::TlsAcceptor>) {
        let connection = Arc::new(Connection::default());
        let number = {
            let mut connections = self.connections.lock().unwrap();
            connections.push(Arc::clone(&connection));
            connections.len()
        };
        let is_mute = number <= self.mute;
        let answers = {
            let connection = Arc::clone(&connection);
            service_fn(move |request| answer(Arc::clone(&connection), request, is_mute).boxed())
        };
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http2().max_concurrent_streams(self.most);
        let served: BoxFuture<'_, ()> = if let Some(tls) = tls {
            let Ok(socket) = tls.accept(socket).await else { return };
            async move { drop(builder.serve_connection(TokioIo::new(socket), answers).await) }.boxed()
        } else {
            let connection = Arc::clone(&connection);
            let served = async move {
                let mut serving = std::pin::pin!(builder.serve_connection(TokioIo::new(socket), answers));
                tokio::select! {
                    _ = serving.as_mut() => return,
                    () = connection.leave.notified() => serving.as_mut().graceful_shutdown(),
                }
                let _ = serving.await;
            };
            served.boxed()
        };
        tokio::select! {
            () = served => {}
            () = connection.cut.notified() => {}
        }
        connection.streams.lock().unwrap().clear();
    }

    /// A client of this server that speaks so.
    pub(super) fn client(&self, protocol: Protocol, change: impl FnOnce(&mut Settings)) -> Client {
        let mut settings = Settings::new(format!("http://{}", self.address).parse().unwrap());
        settings.protocol = protocol;
        change(&mut settings);
        Client::new(settings).unwrap()
    }

    /// A client over TLS that trusts this server.
    pub(super) fn secure_client(&self, protocol: Protocol) -> Client {
        let mut settings =
            Settings::new(format!("https://localhost:{}", self.address.port()).parse().unwrap());
        settings.protocol = protocol;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(CERTIFICATE).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Client::trusting(settings, &tls).unwrap()
    }

    /// The connections so far.
    pub(super) fn connections(&self) -> Vec<Arc<Connection>> {
        self.connections.lock().unwrap().clone()
    }

    /// How many streams each connection carries that carries any, the fullest first.
    pub(super) fn spread(&self) -> Vec<usize> {
        let mut spread: Vec<usize> =
            self.connections().iter().map(|connection| connection.streams()).filter(|n| *n > 0).collect();
        spread.sort_unstable_by(|a, b| b.cmp(a));
        spread
    }

    /// Sends these bytes on every stream that is open.
    pub(super) async fn say(&self, text: &str) {
        for connection in self.connections() {
            let streams = connection.streams.lock().unwrap().clone();
            for mut stream in streams {
                let _ = stream.send(Bytes::copy_from_slice(text.as_bytes())).await;
            }
        }
    }
}

async fn answer(
    connection: Arc<Connection>,
    request: Request<Incoming>,
    is_mute: bool,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    *connection.is_http2.lock().unwrap() = request.version() == http::Version::HTTP_2;
    if !request.uri().path().ends_with("/events") {
        let body = r#"{"run_id":"r","status":"running","taskgroup_id":"g","status2":{}}"#;
        return Ok(Response::new(http_body_util::Full::new(Bytes::from_static(body.as_bytes())).boxed()));
    }
    if is_mute {
        std::future::pending::<()>().await;
    }
    let (sender, receiver) = mpsc::channel(4);
    connection.streams.lock().unwrap().push(sender);
    let frames = receiver.map(|bytes| Ok(Frame::data(bytes)));
    Ok(Response::new(BodyExt::boxed(StreamBody::new(frames))))
}
