//! GET: a list of inputs, followed through redirects, read as it comes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::StatusCode;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use tokio::time::{Instant, Sleep, timeout_at};
use url::Url;

use super::{Failure, Outbound, Refusal, admit};

/// Redirects that are followed.
const REDIRECTS: u32 = 5;
/// How long a list may take that is read while it comes.
const LIST_TIME: Duration = Duration::from_mins(9);
/// How long a body may be silent while it is waited for.
const SILENCE: Duration = Duration::from_secs(30);
const WANTED: &str = "application/json, application/x-ndjson, text/csv, */*;q=0.5";

/// How much may come, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body.
    pub bytes: u64,
    /// From the call to the end of the body, redirects included.
    pub time: Duration,
}

/// A successful answer whose body is still to come.
#[derive(Debug)]
pub struct Fetched {
    /// Where it came from in the end.
    pub url: Url,
    /// Its `Content-Type`.
    pub content_type: Option<String>,
    /// The bytes that its body is announced to have; none if it is not announced.
    pub content_length: Option<u64>,
    /// Its body.
    pub body: Body,
}

impl Fetched {
    /// The whole body.
    pub async fn bytes(mut self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.body.next().await {
            bytes.extend_from_slice(&chunk?);
        }
        Ok(bytes)
    }
}

/// A body that ends with a failure when it grows too large, takes too long, or falls silent.
pub struct Body {
    chunks: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send + Sync>>,
    url: Url,
    most: u64,
    seen: u64,
    deadline: Pin<Box<Sleep>>,
    silence: Duration,
    /// Runs while a chunk is waited for, so that a reader who is busy with the last one is not taken for a silent server.
    silent: Option<Pin<Box<Sleep>>>,
    over: bool,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body")
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        if self.deadline.as_mut().poll(context).is_ready() {
            self.over = true;
            return Poll::Ready(Some(Err(Failure::TimedOut)));
        }
        let polled = self.chunks.as_mut().poll_next(context);
        if polled.is_pending() {
            let silence = self.silence;
            let silent = self.silent.get_or_insert_with(|| Box::pin(tokio::time::sleep(silence)));
            ready!(silent.as_mut().poll(context));
            self.over = true;
            return Poll::Ready(Some(Err(Failure::TimedOut)));
        }
        self.silent = None;
        let chunk = match ready!(polled) {
            None => None,
            Some(Err(error)) => Some(Err(Failure::of_call(&error, &self.url))),
            Some(Ok(chunk)) => {
                self.seen += chunk.len() as u64;
                Some(if self.seen > self.most { Err(Failure::TooLarge(self.most)) } else { Ok(chunk) })
            }
        };
        self.over = !matches!(chunk, Some(Ok(_)));
        Poll::Ready(chunk)
    }
}

impl Outbound {
    /// Fetches a list that is read while it comes, of at most so many bytes.
    pub async fn get_list(&self, url: &str, bytes: u64) -> Result<Fetched, Failure> {
        self.get(url, Limits { bytes, time: LIST_TIME }).await
    }

    /// Fetches a URL. Returns once a successful answer has begun; what is not a success is a failure.
    pub async fn get(&self, url: &str, limits: Limits) -> Result<Fetched, Failure> {
        let deadline = Instant::now() + limits.time;
        let mut url = admit::parse(url)?;
        for _ in 0..=REDIRECTS {
            let call = self.client(&url)?.get(url.clone());
            let call = call.header(ACCEPT, WANTED).header(ACCEPT_ENCODING, "identity").send();
            let answer = timeout_at(deadline, call).await.map_err(|_| Failure::TimedOut)?;
            let answer = answer.map_err(|error| Failure::of_call(&error, &url))?;
            if let Some(next) = redirected(&answer, &url) {
                url = next?;
                continue;
            }
            return begun(answer, url, limits.bytes, deadline);
        }
        Err(Failure::Redirects)
    }
}

/// Where an answer redirects to, if it does.
fn redirected(answer: &reqwest::Response, url: &Url) -> Option<Result<Url, Failure>> {
    let followed = matches!(
        answer.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if !followed {
        return None;
    }
    let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let Some(next) = location.and_then(|location| url.join(location).ok()) else {
        return Some(Err(Failure::Redirects));
    };
    Some(admit::parse(next.as_str()).map_err(|refusal: Refusal| refusal.into()))
}

fn begun(answer: reqwest::Response, url: Url, most: u64, deadline: Instant) -> Result<Fetched, Failure> {
    if !answer.status().is_success() {
        return Err(Failure::Status(answer.status().as_u16()));
    }
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    if header(CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(Failure::Compressed);
    }
    if answer.content_length().is_some_and(|length| length > most) {
        return Err(Failure::TooLarge(most));
    }
    let content_type = header(CONTENT_TYPE).map(str::to_owned);
    let content_length = answer.content_length();
    let body = Body {
        chunks: Box::pin(answer.bytes_stream()),
        url: url.clone(),
        most,
        seen: 0,
        deadline: Box::pin(tokio::time::sleep_until(deadline)),
        silence: SILENCE,
        silent: None,
        over: false,
    };
    Ok(Fetched { url, content_type, content_length, body })
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn body(
        chunks: impl Stream<Item = reqwest::Result<Bytes>> + Send + Sync + 'static,
        silence: u64,
    ) -> Body {
        Body {
            chunks: Box::pin(chunks),
            url: Url::parse("https://example.com/list").unwrap(),
            most: 1_000,
            seen: 0,
            deadline: Box::pin(tokio::time::sleep(LIST_TIME)),
            silence: Duration::from_millis(silence),
            silent: None,
            over: false,
        }
    }

    #[tokio::test]
    async fn a_body_that_falls_silent_is_given_up_long_before_its_deadline() {
        let chunks = stream::iter([Ok(Bytes::from_static(b"a"))]).chain(stream::pending());
        let got: Vec<_> = body(chunks, 20).collect().await;
        assert_eq!(got, [Ok(Bytes::from_static(b"a")), Err(Failure::TimedOut)]);
    }

    #[tokio::test]
    async fn each_chunk_gives_the_next_one_the_whole_time() {
        let (chunks, sent) = futures::channel::mpsc::unbounded();
        let mut body = body(sent, 10_000);
        for _ in 0..2 {
            assert!(futures::poll!(body.next()).is_pending());
            assert!(body.silent.is_some(), "it is waited for");
            chunks.unbounded_send(Ok(Bytes::from_static(b"a"))).unwrap();
            assert!(body.next().await.is_some());
            assert!(body.silent.is_none(), "a busy reader's time does not count");
        }
    }

    #[tokio::test]
    async fn what_is_fetched_may_be_silent_for_half_a_minute() {
        let answer = reqwest::Response::from(http::Response::new("a"));
        let url = Url::parse("https://example.com/list").unwrap();
        let fetched = begun(answer, url, 1_000, Instant::now() + LIST_TIME).unwrap();
        assert_eq!(fetched.body.silence, Duration::from_secs(30));
    }
}
