//! Bodies that are written while they are sent.
//!
//! A body is written by a task of its own, a few pieces ahead of its reader, and the task ends as soon as nobody reads.
//!
//! When the table fails in the middle, the status has long been sent. An event stream then says so by an `error` event, or, in the middle of a
//! frame, ends: its reader drops the frame and resumes. Any other body is
//! broken off: locally the connection is cut, which every reader notices. On Lambda that is impossible, since `lambda_http` writes the error
//! of a body into the body as text; so there the body just ends, without what closes it: JSON and pages lack their
//! end, Markdown lacks its details, and a table lacks rows. Either way the log says why.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use tokio::sync::mpsc;
use views::Out;

/// Pieces written ahead of the reader.
const AHEAD: usize = 4;
/// The size at which a piece is sent.
const PIECE_BYTES: usize = 64 * 1_024;

/// How a body ends that cannot be written to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The connection is cut.
    Cut,
    /// The body ends too early.
    End,
}

/// Why the writing of a body stops before its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// Nobody reads any more.
    #[error("the reader has gone")]
    Gone,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Where the writer of a body puts its pieces.
#[derive(Debug)]
pub(crate) struct Sink {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    sent: AtomicU64,
}

impl Sink {
    /// Sends a piece; waits while the reader is slow.
    pub(crate) async fn send(&self, piece: Bytes) -> Result<(), Stop> {
        if piece.is_empty() {
            return Ok(());
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.pieces.send(Ok(piece)).await.map_err(|_| Stop::Gone)
    }

    /// How many pieces were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends what a view has written, if it is worth a piece.
    pub(crate) async fn pour(&self, out: &mut Out) -> Result<(), Stop> {
        if out.len() < PIECE_BYTES { Ok(()) } else { self.send(out.take()).await }
    }

    /// Returns once nobody reads any more.
    pub(crate) async fn gone(&self) {
        self.pieces.closed().await;
    }
}

/// A body that `write` writes.
pub(crate) fn written<W, F>(at_fault: Break, write: W) -> Body
where
    W: FnOnce(Sink) -> F,
    F: Future<Output = Result<(), Stop>> + Send + 'static,
{
    let (pieces, reader) = mpsc::channel(AHEAD);
    let writing = write(Sink { pieces: pieces.clone(), sent: AtomicU64::new(0) });
    tokio::spawn(async move {
        if let Err(Stop::Store(error)) = writing.await {
            tracing::error!(%error, "A body was broken off, because the table cannot be read.");
            if at_fault == Break::Cut {
                let _ = pieces.send(Err(io::Error::other("the table cannot be read"))).await;
            }
        }
    });
    Body::from_stream(stream::unfold(reader, async |mut reader| Some((reader.recv().await?, reader))))
}
