//! POST: one attempt of a delivery.
//!
//! Redirects are not followed: whoever signs a body sends it where its owner said, and nowhere else.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::RETRY_AFTER;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::{Failure, Outbound, admit};

/// Bytes of an answer that are kept.
const EXCERPT_BYTES: usize = 1_024;
/// Bytes of an answer that are read, so that its connection can be used again.
const READ_BYTES: usize = 64 * 1_024;

/// What a receiver answered, whatever it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status; redirects are not followed, so it may be one.
    pub status: u16,
    /// When the receiver wants to be called again.
    pub retry_after: Option<RetryAfter>,
    /// How the body begins, as text without control characters.
    pub excerpt: String,
}

/// The value of a `Retry-After` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// So long after the answer.
    In(Duration),
    /// At this time.
    At(Timestamp),
}

impl RetryAfter {
    /// Reads the header's value, in either form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Self::In(Duration::from_secs(seconds)));
        }
        let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(Self::At(date))
    }

    /// How long to wait from `now` on; nothing if the time has passed.
    #[must_use]
    pub fn wait(self, now: Timestamp) -> Duration {
        match self {
            Self::In(wait) => wait,
            Self::At(at) => Duration::try_from(at.duration_since(now)).unwrap_or_default(),
        }
    }
}

impl Outbound {
    /// Posts a body with these headers. Answers with whatever the receiver answered, within `timeout`; how its
    /// body goes on after that changes nothing.
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: impl Into<Bytes> + Send,
        timeout: Duration,
    ) -> Result<Answer, Failure> {
        let deadline = Instant::now() + timeout;
        let url = admit::parse(url)?;
        let call = self.client(&url)?.post(url.clone()).headers(headers).body(body.into()).send();
        let answer = timeout_at(deadline, call).await.map_err(|_| Failure::TimedOut)?;
        let mut answer = answer.map_err(|error| Failure::of_call(&error, &url))?;
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| RetryAfter::parse(value.to_str().ok()?));
        let (mut begin, mut read) = (Vec::new(), 0);
        while let Ok(Ok(Some(chunk))) = timeout_at(deadline, answer.chunk()).await {
            begin.extend_from_slice(&chunk[..chunk.len().min(EXCERPT_BYTES - begin.len())]);
            read += chunk.len();
            if read > READ_BYTES {
                break;
            }
        }
        let excerpt = String::from_utf8_lossy(&begin).chars().filter(|c| !c.is_control()).collect();
        Ok(Answer { status, retry_after, excerpt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().expect("a time");
        for (text, wait) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Tue, 24 Nov 2026 10:01:30 GMT", Some(90)),
            ("Tue, 24 Nov 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            let read = RetryAfter::parse(text).map(|retry_after| retry_after.wait(now).as_secs());
            assert_eq!(read, wait, "{text}");
        }
    }
}
