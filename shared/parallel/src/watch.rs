//! The bytes of a stream on their way to its reader: no event grows without end, and no silence lasts for ever.
//!
//! Silence is measured from the moment at which nothing is there to be read, so a slow reader is not mistaken for a silent
//! upstream, and a comment is a sign of life. Invariant: after its first error the stream is over.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use tokio::time::{Instant, Sleep};

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

/// A stream of bytes that is watched.
pub(crate) struct Watched {
    bytes: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send + Sync>>,
    cap: Cap,
    silence: Duration,
    alarm: Pin<Box<Sleep>>,
    waiting: bool,
    over: bool,
}

impl Watched {
    /// Watches these bytes; must be called within a runtime.
    pub(crate) fn new(
        bytes: impl Stream<Item = Result<Bytes>> + Send + Sync + 'static,
        longest_event: usize,
        silence: Duration,
    ) -> Self {
        Self {
            bytes: Box::pin(bytes),
            cap: Cap::new(longest_event),
            silence,
            alarm: Box::pin(tokio::time::sleep(silence)),
            waiting: false,
            over: false,
        }
    }

    fn came(&mut self, chunk: Result<Bytes>) -> Result<Bytes> {
        let chunk = chunk.and_then(|chunk| {
            if self.cap.admits(&chunk) {
                return Ok(chunk);
            }
            let message = format!("an event of the upstream's stream is larger than {} bytes", self.cap.most);
            Err(Error::new(Kind::Malformed, message))
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
        if let Poll::Ready(chunk) = self.bytes.as_mut().poll_next(context) {
            self.waiting = false;
            return Poll::Ready(chunk.map(|chunk| self.came(chunk)));
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
        let mut watched = Watched::new(receiver, 1_000, Duration::from_mins(10));
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
