//! The bytes of a stream on their way to its reader: no event grows without end, and no silence lasts for ever.
//!
//! An event that turns out to be large is read on once there is room for it in the budget that all streams share.
//! Silence is measured from the moment at which nothing is there to be read, so a slow reader is not mistaken for a silent
//! upstream, and a comment is a sign of life. Invariant: after its first error the stream is over.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use tokio::time::{Instant, Sleep};

use crate::budget::{Budget, Held, SMALL};
use crate::{Error, Kind, Result};

/// Counts the bytes of the event that is being read.
#[derive(Debug)]
struct Cap {
    most: usize,
    held: usize,
    at_line_start: bool,
    after_return: bool,
}

impl Cap {
    const fn new(most: usize) -> Self {
        Self { most, held: 0, at_line_start: true, after_return: false }
    }

    /// Whether the event is still within its cap after these bytes. A blank line ends it, however lines end.
    fn admits(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            let second_half = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            if second_half {
                continue;
            }
            if matches!(byte, b'\n' | b'\r') {
                if self.at_line_start {
                    self.held = 0;
                }
                self.at_line_start = true;
            } else {
                self.at_line_start = false;
                self.held += 1;
                if self.held > self.most {
                    return false;
                }
            }
        }
        true
    }
}

/// What is reserved for the event that is being read, for whoever gets the event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reserved(Arc<Mutex<Option<Held>>>);

impl Reserved {
    /// Takes it, for an event of this size.
    pub(crate) fn take(&self, size: usize) -> Held {
        let mut held = self.lock().take().unwrap_or_default();
        held.shrink(size);
        held
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A chunk that waits for room.
type Waiting = Pin<Box<dyn Future<Output = (Held, Bytes)> + Send + Sync>>;

/// A stream of bytes that is watched.
pub(crate) struct Watched {
    bytes: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send + Sync>>,
    cap: Cap,
    budget: Budget,
    reserved: Reserved,
    room: Option<Waiting>,
    silence: Duration,
    alarm: Pin<Box<Sleep>>,
    waiting: bool,
    over: bool,
}

impl Watched {
    /// Watches these bytes; must be called within a runtime.
    pub(crate) fn new(
        bytes: impl Stream<Item = Result<Bytes>> + Send + Sync + 'static,
        budget: Budget,
        longest_event: usize,
        silence: Duration,
    ) -> Self {
        Self {
            bytes: Box::pin(bytes),
            cap: Cap::new(longest_event),
            budget,
            reserved: Reserved::default(),
            room: None,
            silence,
            alarm: Box::pin(tokio::time::sleep(silence)),
            waiting: false,
            over: false,
        }
    }

    /// What is reserved for the event that is being read.
    pub(crate) fn reserved(&self) -> Reserved {
        self.reserved.clone()
    }

    fn came(&mut self, chunk: Result<Bytes>) -> Result<Bytes> {
        let chunk = chunk.and_then(|chunk| {
            if self.cap.admits(&chunk) {
                return Ok(chunk);
            }
            let message = format!(
                "an event of the upstream's stream is larger than the {} bytes that are read",
                self.cap.most
            );
            Err(Error::new(Kind::TooLarge, message))
        });
        self.over = chunk.is_err();
        chunk
    }
}

impl Stream for Watched {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Some(room) = self.room.as_mut() {
            let (held, chunk) = std::task::ready!(room.as_mut().poll(context));
            self.room = None;
            *self.reserved.lock() = Some(held);
            return Poll::Ready(Some(Ok(chunk)));
        }
        if let Poll::Ready(chunk) = self.bytes.as_mut().poll_next(context) {
            self.waiting = false;
            let Some(chunk) = chunk.map(|chunk| self.came(chunk)) else { return Poll::Ready(None) };
            if self.cap.held <= SMALL || self.reserved.lock().is_some() {
                return Poll::Ready(Some(chunk));
            }
            let Ok(chunk) = chunk else { return Poll::Ready(Some(chunk)) };
            let budget = self.budget.clone();
            self.room = Some(Box::pin(async move { (budget.large(None).await, chunk) }));
            return self.poll_next(context);
        }
        if !self.waiting {
            self.waiting = true;
            let until = Instant::now() + self.silence;
            self.alarm.as_mut().reset(until);
        }
        if self.alarm.as_mut().poll(context).is_ready() {
            self.over = true;
            let error = Error::new(Kind::Silent, "the upstream's stream was silent for too long");
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether all of these chunks are admitted under a cap of ten bytes an event.
    fn admitted(chunks: &[&str]) -> bool {
        let mut cap = Cap::new(10);
        chunks.iter().all(|chunk| cap.admits(chunk.as_bytes()))
    }

    #[test]
    fn the_cap_counts_an_event_however_it_is_cut_and_however_its_lines_end() {
        for (chunks, within) in [
            (&["data: 1234"][..], true),
            (&["data: 12345"], false),
            (&["data: ", "12345"], false),
            (&["data:1\n", "data:12\n"], false),
            (&["data: 1234\n\n", "data: 1234\n\n", "data: 1234"], true),
            (&["data: 1234\r\r", "data: 1234\r\r"], true),
            (&["data: 1234\r\n\r\n", "data: 1234\r\n\r\n"], true),
            (&["data: 1234\r", "\n", "\r", "\ndata: 1234"], true),
            // an end of line that is cut in two is no blank line
            (&["data:12\r", "\ndata:1\r", "\n"], false),
        ] {
            assert_eq!(admitted(chunks), within, "{chunks:?}");
        }
    }

    #[tokio::test]
    async fn any_byte_is_a_sign_of_life_and_asking_again_is_none() {
        let (sender, receiver) = futures::channel::mpsc::unbounded();
        let mut watched = Watched::new(receiver, Budget::new(1_000), 1_000, Duration::from_mins(10));
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut poll =
            |watched: &mut Watched| Pin::new(watched).poll_next(&mut context).map(|came| came.is_some());
        assert_eq!(poll(&mut watched), Poll::Pending);
        let until = watched.alarm.deadline();
        assert_eq!(poll(&mut watched), Poll::Pending);
        assert_eq!(watched.alarm.deadline(), until, "asking again gives no more time");
        sender.unbounded_send(Ok(Bytes::from_static(b": ping\n\n"))).unwrap();
        assert_eq!(poll(&mut watched), Poll::Ready(true));
        assert_eq!(poll(&mut watched), Poll::Pending);
        assert!(watched.alarm.deadline() > until, "a comment gives all of it again");
    }
}
