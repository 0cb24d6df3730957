//! Requests and answers: what every endpoint shares.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use metrics::{Metric, Metrics};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::budget::{Budget, Held, SMALL};
use crate::connections::{Answer, Ask, Body, Connections, Pools, late};
use crate::{Error, Key, Kind, Result, Settings};

/// What is kept of an answer that says what went wrong.
const LARGEST_REFUSAL: usize = 1024 * 1024;

/// A client of the upstream; clones share its connections.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) pools: Arc<Pools>,
    pub(crate) settings: Settings,
    pub(crate) budget: Budget,
    metrics: Metrics,
}

impl Client {
    /// A client with these settings.
    pub fn new(settings: Settings) -> Result<Self> {
        let (pools, budget) = (Arc::new(Pools::new(&settings)?), Budget::new(settings.largest));
        Ok(Self { pools, settings, budget, metrics: Metrics::default() })
    }

    /// A client that trusts what this TLS configuration trusts.
    #[cfg(test)]
    pub(crate) fn trusting(settings: Settings, tls: &rustls::ClientConfig) -> Result<Self> {
        let (pools, budget) = (Arc::new(Pools::with_tls(&settings, tls)?), Budget::new(settings.largest));
        Ok(Self { pools, settings, budget, metrics: Metrics::default() })
    }

    /// The upstream's base URL.
    #[must_use]
    pub const fn base(&self) -> &Url {
        &self.settings.base
    }

    /// How its connections stand: streams that are open, those that wait for a connection, and so on.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.pools.load()
    }

    /// The same client by the same connections, with its requests and what became of them counted here.
    #[must_use]
    pub fn measured(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    /// Counts a request, and what became of it.
    pub(crate) fn counted<T>(&self, answer: Result<T>) -> Result<T> {
        self.metrics.count(Metric::UpstreamRequests);
        answer.inspect_err(|error| {
            if let Some(metric) = error.kind.metric() {
                self.metrics.count(metric);
            }
        })
    }

    /// Whether the upstream answers within this time, asked without a key. Any answer will do that is no failure of its own.
    pub async fn reach(&self, within: Duration) -> Result<()> {
        let ask = Ask::new(Method::GET, self.settings.base.clone());
        let status = self.pools.request(&ask, Instant::now() + within).await?.status;
        if status.is_server_error() { Err(Error::of_answer(status.as_u16(), None, &[])) } else { Ok(()) }
    }

    pub(crate) fn ask(&self, method: Method, key: &Key, path: &[&str]) -> Result<Ask> {
        let mut url = self.settings.base.clone();
        url.path_segments_mut()
            .map_err(|()| Error::new(Kind::NotSent, "the upstream's base URL cannot carry a path"))?
            .pop_if_empty()
            .extend(path);
        let header = key
            .header()
            .ok_or_else(|| Error::new(Kind::KeyRefused, "the key holds characters that no key can hold"))?;
        Ok(Ask::new(method, url).header(HeaderName::from_static("x-api-key"), header))
    }

    /// What to ask with this body.
    pub(crate) fn ask_with<B: Serialize>(&self, key: &Key, path: &[&str], body: &B) -> Result<Ask> {
        let body = serde_json::to_vec(body)
            .map_err(|error| Error::new(Kind::Invalid, format!("the request has no JSON form: {error}")))?;
        let json = HeaderValue::from_static("application/json");
        Ok(self.ask(Method::POST, key, path)?.header(CONTENT_TYPE, json).body(body))
    }

    pub(crate) async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        key: &Key,
        path: &[&str],
        body: &B,
    ) -> Result<T> {
        self.answer(&self.ask_with(key, path, body)?, self.settings.request).await
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, key: &Key, path: &[&str]) -> Result<T> {
        self.answer(&self.ask(Method::GET, key, path)?, self.settings.request).await
    }

    /// The body of a good answer within this time, or the error of a bad one.
    pub(crate) async fn answer<T: DeserializeOwned>(&self, ask: &Ask, within: Duration) -> Result<T> {
        Ok(self.answer_held(ask, within, Held::default()).await?.0)
    }

    /// The same, and the memory that it takes; `held` is what has been reserved for it.
    pub(crate) async fn answer_held<T: DeserializeOwned>(
        &self,
        ask: &Ask,
        within: Duration,
        held: Held,
    ) -> Result<(T, Held)> {
        self.counted(self.read(ask, within, held).await)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        ask: &Ask,
        within: Duration,
        mut held: Held,
    ) -> Result<(T, Held)> {
        let until = Instant::now() + within;
        let answer = self.pools.request(ask, until).await?;
        let body = async {
            let Answer { mut body, .. } = self.good(answer).await?;
            let text = self.whole(&mut body, &mut held).await?;
            held.shrink(text.len());
            serde_json::from_slice(&text).map_err(|_| {
                Error::new(Kind::Malformed, "the upstream's answer is not what its API documents")
            })
        };
        let read = timeout_at(until, body).await.map_err(|_| late())??;
        Ok((read, held))
    }

    /// The answer itself if its status is a success.
    pub(crate) async fn good(&self, answer: Answer) -> Result<Answer> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        let Answer { status, headers, mut body } = answer;
        let mut text = BytesMut::new();
        while let Some(Ok(chunk)) = body.chunk().await
            && text.len() + chunk.len() <= LARGEST_REFUSAL.min(self.settings.largest)
        {
            text.extend_from_slice(&chunk);
        }
        Err(Error::of_answer(status.as_u16(), retry_after(&headers), &text))
    }

    /// All of a body, for which more is reserved as soon as it turns out to be large.
    async fn whole(&self, body: &mut Body, held: &mut Held) -> Result<BytesMut> {
        let largest = self.settings.largest;
        let too_large = || {
            Error::new(
                Kind::TooLarge,
                format!("the upstream's answer is larger than the {largest} bytes that are read"),
            )
        };
        let length = body.length().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if length.is_some_and(|length| length > largest) {
            return Err(too_large());
        }
        let mut text = BytesMut::new();
        let mut is_large = false;
        while let Some(chunk) = body.chunk().await {
            let chunk = chunk?;
            let size = text.len() + chunk.len();
            if size > largest {
                return Err(too_large());
            }
            if size > SMALL && !is_large {
                is_large = true;
                *held = self.budget.large(length).await;
            }
            text.extend_from_slice(&chunk);
        }
        Ok(text)
    }
}

/// `Retry-After` in seconds; its other form, a date, is not worth a clock here.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
