//! One request by one place: sending it, and the body of its answer.
//!
//! A request is sent again only where the one before was surely not executed. Invariant: a body keeps its place until it is
//! dropped, and is over once its place was given to somebody else.

use std::error::Error as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::TrySendError;
use url::Url;

use super::dial::{Link, authority};
use super::pool::Place;
use crate::{Error, Kind, Result};

const AGENT: &str = concat!("multitask/", env!("CARGO_PKG_VERSION"));

/// What is asked of the upstream.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

impl Ask {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        let headers = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(AGENT))]);
        Self { method, url, headers, body: Bytes::new() }
    }

    pub(crate) fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.url.query_pairs_mut().extend_pairs(pairs);
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body.into();
        self
    }

    /// The request as a connection takes it: over HTTP/1.1 a path and a `Host`, over HTTP/2 the whole URL.
    fn request(&self, shared: bool) -> Option<Request<Full<Bytes>>> {
        let authority = authority(&self.url)?;
        let path = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut headers = self.headers.clone();
        let uri = if shared {
            Uri::builder().scheme(self.url.scheme()).authority(authority).path_and_query(path).build().ok()?
        } else {
            headers.insert(HOST, HeaderValue::from_str(&authority).ok()?);
            path.parse().ok()?
        };
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Some(request)
    }
}

/// What came of sending a request.
type Sent = std::result::Result<http::Response<Incoming>, Failed>;

/// Why no answer began.
pub(crate) enum Failed {
    /// The connection was closed before anything was sent.
    Closed,
    /// The server did not take it up, and takes up others.
    Refused,
    /// Anything else.
    Otherwise(Error),
}

impl Place {
    /// Sends a request; returns once its answer has begun.
    pub(crate) async fn send(&mut self, ask: &Ask) -> Sent {
        let request = ask.request(self.is_shared());
        let unusable = || Failed::Otherwise(Error::new(Kind::NotSent, "the request cannot be made"));
        let request = request.ok_or_else(unusable)?;
        let answer = tokio::select! {
            answer = send(self.link.as_mut(), request) => answer?,
            _ = &mut self.displaced => return Err(Failed::Otherwise(displaced())),
        };
        self.answered();
        Ok(answer)
    }
}

async fn send(link: Option<&mut Link>, request: Request<Full<Bytes>>) -> Sent {
    let sent = match link {
        Some(Link::One(sender)) => {
            sender.ready().await.map_err(|_| Failed::Closed)?;
            sender.try_send_request(request).await
        }
        Some(Link::Many(sender)) => {
            sender.ready().await.map_err(|_| Failed::Closed)?;
            sender.try_send_request(request).await
        }
        None => return Err(Failed::Closed),
    };
    sent.map_err(failed)
}

fn displaced() -> Error {
    Error::new(Kind::Lost, "the stream's connection was given to one that is needed more")
}

fn failed(mut error: TrySendError<Request<Full<Bytes>>>) -> Failed {
    if error.take_message().is_some() {
        return Failed::Closed;
    }
    let error = error.into_error();
    let reset = error.source().and_then(|source| source.downcast_ref::<h2::Error>());
    if reset.is_some_and(|reset| reset.is_remote() && reset.reason() == Some(h2::Reason::REFUSED_STREAM)) {
        return Failed::Refused;
    }
    Failed::Otherwise(lost())
}

pub(crate) fn lost() -> Error {
    Error::new(Kind::Lost, "the upstream's answer did not come whole")
}

/// An answer that has begun.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

impl Answer {
    pub(crate) fn new(answer: http::Response<Incoming>, place: Place) -> Self {
        let (head, incoming) = answer.into_parts();
        Self { status: head.status, headers: head.headers, body: Body { incoming, place } }
    }
}

/// The bytes of an answer, as they come.
pub(crate) struct Body {
    incoming: Incoming,
    place: Place,
}

impl Body {
    /// How many bytes are still to come, where that was said.
    pub(crate) fn length(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    /// The next bytes.
    pub(crate) async fn chunk(&mut self) -> Option<Result<Bytes>> {
        std::future::poll_fn(|context| self.poll_chunk(context)).await
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if Pin::new(&mut self.place.displaced).poll(context).is_ready() {
            return Poll::Ready(Some(Err(displaced())));
        }
        loop {
            return Poll::Ready(match std::task::ready!(Pin::new(&mut self.incoming).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => Some(Ok(bytes)),
                    // Trailers: nothing that the API documents.
                    Err(_) => continue,
                },
                Some(Err(_)) => Some(Err(lost())),
                None => {
                    self.place.is_over = true;
                    None
                }
            });
        }
    }
}

impl futures::Stream for Body {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_chunk(context)
    }
}
