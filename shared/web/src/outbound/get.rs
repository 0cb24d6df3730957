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

/// A body that ends with a failure when it grows too large or takes too long.
pub struct Body {
    chunks: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send + Sync>>,
    url: Url,
    most: u64,
    seen: u64,
    deadline: Pin<Box<Sleep>>,
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
        let chunk = match ready!(self.chunks.as_mut().poll_next(context)) {
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
    let body = Body {
        chunks: Box::pin(answer.bytes_stream()),
        url: url.clone(),
        most,
        seen: 0,
        deadline: Box::pin(tokio::time::sleep_until(deadline)),
        over: false,
    };
    Ok(Fetched { url, content_type, body })
}
