//! The command-line client: asks a running Multitask, over HTTP like everybody else.
//!
//! Invariant: the caller's key goes to the server that `--server` names, and to nobody else.

pub(crate) mod cancel;
pub(crate) mod list;
mod refused;
pub(crate) mod results;
mod state;
pub(crate) mod submit;
pub(crate) mod watch;

use anyhow::Context;
use clap::Args;
use reqwest::{Method, RequestBuilder, Response};
use url::Url;
use vault::Secret;

use refused::Refused;

/// Which server is asked.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// The Multitask to ask; a key, where one is needed, is taken from `PARALLEL_API_KEY`
    #[arg(long, env = "MULTITASK_SERVER", default_value = "http://127.0.0.1:8787", value_name = "URL")]
    server: Url,
}

/// A unit as it is named on the command line.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The URL or the id of a group
    #[arg(value_name = "URL|ID")]
    unit: String,
    #[command(flatten)]
    server: Server,
}

/// Asks one server.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    key: Option<Secret>,
}

impl Server {
    /// A client of this server.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        #[expect(clippy::disallowed_methods, reason = "only mains read the environment")]
        let key = std::env::var("PARALLEL_API_KEY").ok().filter(|key| !key.is_empty()).map(Secret::new);
        Client::new(self.server.as_str(), key)
    }
}

impl Target {
    /// The id of the unit, and a client of the server that it is on.
    pub(crate) fn find(&self) -> anyhow::Result<(Client, String)> {
        let own = self.server.client()?;
        let Ok(url) = Url::parse(&self.unit) else { return Ok((own, id(&self.unit)?)) };
        let (base, id) = split(&url)?;
        let key = own.key.filter(|_| url.origin() == self.server.server.origin());
        Ok((Client::new(&base, key)?, id))
    }
}

impl Client {
    fn new(base: &str, key: Option<Secret>) -> anyhow::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "the client asks the server that its user names")]
        let http = reqwest::Client::builder().user_agent(concat!("multitask/", env!("CARGO_PKG_VERSION")));
        let http = http.build().context("no HTTP client can be made")?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), key })
    }

    /// A request with the caller's key.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.key {
            Some(key) => request.header("x-api-key", key.expose()),
            None => request,
        }
    }

    /// The answer to a request, which must be a success.
    pub(crate) async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = request.send().await.with_context(|| format!("{} does not answer", self.base))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        Err(Refused::new(status, &response.bytes().await.unwrap_or_default()).into())
    }
}

/// The base and the id in a unit's URL: what stands before its last segment, or before the word after the id.
fn split(url: &Url) -> anyhow::Result<(String, String)> {
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    let at = segments.iter().rposition(|segment| id(segment).is_ok());
    let at = at.with_context(|| format!("{url} is not the URL of a group"))?;
    let before: String = segments[..at].iter().flat_map(|segment| ["/", segment]).collect();
    Ok((format!("{}{before}", url.origin().ascii_serialization()), id(segments[at])?))
}

/// The id that a text is, with or without the suffix of a format.
fn id(text: &str) -> anyhow::Result<String> {
    let unit = web::routes::unit(text)
        .with_context(|| format!("{text:?} is neither the URL nor the id of a group"))?;
    Ok(unit.0.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn a_unit_is_found_by_its_url_whatever_follows() {
        for (url, base) in [
            ("http://127.0.0.1:8787/ID", "http://127.0.0.1:8787"),
            ("http://127.0.0.1:8787/ID.md?x=1", "http://127.0.0.1:8787"),
            ("https://api.example/prod/ID/events", "https://api.example/prod"),
        ] {
            let url = Url::parse(&url.replace("ID", ID)).unwrap();
            assert_eq!(split(&url).unwrap(), (base.to_owned(), ID.to_owned()), "{url}");
        }
        assert!(split(&Url::parse("http://127.0.0.1:8787/health").unwrap()).is_err());
        assert_eq!(id(&format!("{ID}.csv")).unwrap(), ID);
        assert!(id("nonsense").is_err());
    }
}
