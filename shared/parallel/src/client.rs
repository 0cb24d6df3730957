//! Requests and answers: what every endpoint shares.

use std::time::Duration;

use bytes::BytesMut;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{Error, Key, Kind, Result};

/// How the client behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The upstream's base URL.
    pub base: Url,
    /// How long making a connection may take.
    pub connect: Duration,
    /// How long an ordinary request may take, its answer included.
    pub request: Duration,
    /// How long a stream may be silent.
    pub silence: Duration,
    /// Bytes of one answer, or of one line of a stream, at most.
    pub largest: usize,
}

impl Settings {
    /// The usual behaviour towards this upstream.
    #[must_use]
    pub const fn new(base: Url) -> Self {
        Self {
            base,
            connect: Duration::from_secs(10),
            request: Duration::from_mins(1),
            silence: Duration::from_mins(5),
            largest: 64 * 1024 * 1024,
        }
    }
}

/// A client of the upstream; clones share its connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    pub(crate) settings: Settings,
}

impl Client {
    /// A client with these settings.
    pub fn new(settings: Settings) -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "this crate is where upstream connections are made")]
        let http = reqwest::Client::builder()
            // A connection of its own for each stream: over HTTP/2 the hundred-and-first would wait, silently, for another to end.
            .http1_only()
            .connect_timeout(settings.connect)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("multitask/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::new(Kind::NotSent, format!("no HTTP client can be made: {error}")))?;
        Ok(Self { http, settings })
    }

    /// The upstream's base URL.
    #[must_use]
    pub const fn base(&self) -> &Url {
        &self.settings.base
    }

    /// Whether the upstream answers within this time, asked without a key. Any answer will do that is no failure of its own.
    pub async fn reach(&self, within: Duration) -> Result<()> {
        let response = self.http.get(self.settings.base.clone()).timeout(within).send().await?;
        let status = response.status();
        if status.is_server_error() { Err(Error::of_answer(status.as_u16(), None, &[])) } else { Ok(()) }
    }

    pub(crate) fn request(&self, method: Method, key: &Key, path: &[&str]) -> Result<RequestBuilder> {
        let mut url = self.settings.base.clone();
        url.path_segments_mut()
            .map_err(|()| Error::new(Kind::NotSent, "the upstream's base URL cannot carry a path"))?
            .pop_if_empty()
            .extend(path);
        let header = key
            .header()
            .ok_or_else(|| Error::new(Kind::KeyRefused, "the key holds characters that no key can hold"))?;
        Ok(self.http.request(method, url).header("x-api-key", header))
    }

    pub(crate) async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        key: &Key,
        path: &[&str],
        body: &B,
        timeout: Duration,
    ) -> Result<T> {
        let body = serde_json::to_vec(body)
            .map_err(|error| Error::new(Kind::Invalid, format!("the request has no JSON form: {error}")))?;
        let request = self.request(Method::POST, key, path)?.header(CONTENT_TYPE, "application/json");
        self.answer(request.body(body).timeout(timeout).send().await?).await
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, key: &Key, path: &[&str]) -> Result<T> {
        let request = self.request(Method::GET, key, path)?.timeout(self.settings.request);
        self.answer(request.send().await?).await
    }

    /// The body of a good answer, or the error of a bad one.
    pub(crate) async fn answer<T: DeserializeOwned>(&self, response: Response) -> Result<T> {
        let body = self.body(Self::good(response, self.settings.largest).await?).await?;
        serde_json::from_slice(&body)
            .map_err(|_| Error::new(Kind::Malformed, "the upstream's answer is not what its API documents"))
    }

    /// The response itself if its status is a success.
    pub(crate) async fn good(response: Response, largest: usize) -> Result<Response> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = retry_after(response.headers());
        let body = capped(response, largest.min(1024 * 1024)).await.unwrap_or_default();
        Err(Error::of_answer(status.as_u16(), retry_after, &body))
    }

    async fn body(&self, response: Response) -> Result<BytesMut> {
        capped(response, self.settings.largest).await
    }
}

async fn capped(mut response: Response, largest: usize) -> Result<BytesMut> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > largest {
            return Err(Error::new(
                Kind::Malformed,
                format!("the upstream's answer is larger than {largest} bytes"),
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// `Retry-After` in seconds; its other form, a date, is not worth a clock here.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
