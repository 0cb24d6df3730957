//! The HTTP side: accepting connections, and their end.
//!
//! HTTP/1.1 and HTTP/2 with prior knowledge share the port. Leaves every answer to the router. Invariant: once [`Server::stop`] has
//! returned, the port is free and every connection is closed.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

/// How long requests under way have to be answered when the process stops. Live streams never are, and are resumed by their readers.
const GRACE: Duration = Duration::from_secs(2);
/// After a connection that could not be accepted, as when no file descriptors are left.
const PAUSE: Duration = Duration::from_millis(50);

/// A listening server. When dropped without [`Server::stop`] it goes on until the runtime ends.
#[derive(Debug)]
pub(crate) struct Server {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers whoever connects to `listener` by `router`.
    pub(crate) fn start(listener: TcpListener, router: Router) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(accept(listener, router, stopped)) }
    }

    /// Accepts nobody any more, lets requests under way be answered for a moment, and closes every connection.
    pub(crate) async fn stop(self) {
        // An error here and below means that it has ended already.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

/// A listener at `address`; the error says in words whose fault it is.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            anyhow::anyhow!("{address} is in use by another program: stop that one, or choose another address with --listen")
        }
        _ => anyhow::anyhow!("cannot listen on {address}: {error}"),
    })
}

async fn accept(listener: TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    let stopped = async {
        // Dropping the sender ends the server's owner, not the server.
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::pin!(stopped);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, router.clone(), &graceful));
                }
                Err(error) => {
                    tracing::warn!(%error, "A connection could not be accepted.");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    connections.shutdown().await;
}

fn serve(stream: TcpStream, router: Router, graceful: &GracefulShutdown) -> impl Future<Output = ()> + use<> {
    // An event of a stream must not wait for the next one.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let connection = graceful.watch(connection.into_owned());
    async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "A connection ended.");
        }
    }
}
