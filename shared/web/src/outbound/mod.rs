//! The one client for URLs that users give: lists of inputs, and webhooks.
//!
//! Every address is checked where the connection is made, after the name was resolved, so a name that changes its address between a
//! check and its use gains nothing. Redirects of a GET are followed by hand and checked like the first URL; those of a POST are
//! not followed. Any port may be named: what may be reached is decided by the address, and receivers do live on odd ports.
//! Nothing is sent that the caller did not give: no cookies, no credentials, no proxy of the environment.
//! Invariant: a connection goes to an address that is public, or to a host that a [`HostRule`] exempts.

mod address;
mod admit;
mod failure;
mod get;
mod post;
mod resolver;
mod rule;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

pub use address::is_public;
pub use admit::Refusal;
pub use failure::Failure;
pub use get::{Body, Fetched, Limits};
pub use post::{Answer, RetryAfter};
pub use resolver::Lookup;
pub use rule::{HostRule, NotARule};

use admit::Admission;
use resolver::Resolver;

/// How long resolving a name may take, and how long making a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// What may be reached beyond public addresses, and what may never be.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Hosts that are exempt from the address check.
    pub allow_hosts: Vec<HostRule>,
    /// `AWS_LAMBDA_RUNTIME_API`: the host and port of the function's own runtime; its host is refused at every port, and no rule exempts it.
    pub runtime_api: Option<String>,
}

impl Settings {
    /// The settings that these rules spell (`--allow-host`, `MULTITASK_ALLOW_HOST`): each is `host` or `host:port`.
    pub fn from_rules(rules: &[String], runtime_api: Option<String>) -> Result<Self, NotARule> {
        let allow_hosts = rules.iter().map(|rule| rule.parse()).collect::<Result<_, _>>()?;
        Ok(Self { allow_hosts, runtime_api })
    }
}

/// The checked way out; clones share its connections.
#[derive(Debug, Clone)]
pub struct Outbound {
    admission: Arc<Admission>,
    resolver: Resolver,
    /// For hosts whose addresses are checked.
    checked: reqwest::Client,
    /// For hosts that a rule exempts. A client of its own, so that no connection to such a host serves another.
    exempt: reqwest::Client,
}

impl Outbound {
    /// A client that resolves names as the machine does.
    pub fn new(settings: Settings) -> Result<Self, Failure> {
        Self::with_lookup(settings, Lookup::system())
    }

    /// A client that resolves names by `lookup`.
    pub fn with_lookup(settings: Settings, lookup: Lookup) -> Result<Self, Failure> {
        let admission = Admission::new(settings);
        let resolver = Resolver::new(lookup, admission.forbidden_address());
        Ok(Self {
            checked: client(resolver.clone())?,
            exempt: client(resolver.without_check())?,
            resolver,
            admission: Arc::new(admission),
        })
    }

    /// Whether this URL may be called as far as can be told without asking anybody: its form, its scheme, its literal address.
    pub fn admit(&self, url: &str) -> Result<Url, Refusal> {
        let url = admit::parse(url)?;
        self.admission.admit(&url)?;
        Ok(url)
    }

    /// The same, and whether its name resolves, to public addresses only. Every call checks again, at its connection.
    pub async fn check(&self, url: &str) -> Result<Url, Failure> {
        let url = admit::parse(url)?;
        let admitted = self.admission.admit(&url)?;
        if let (false, Some(name)) = (admitted.exempt, url.domain()) {
            let resolved = tokio::time::timeout(CONNECT, self.resolver.addresses(name)).await;
            resolved
                .map_err(|_| Failure::Unresolved)?
                .map_err(|fault| Failure::of_resolution(fault, &url))?;
        }
        Ok(url)
    }

    /// The client for this URL, which is checked first.
    fn client(&self, url: &Url) -> Result<&reqwest::Client, Refusal> {
        let admitted = self.admission.admit(url)?;
        Ok(if admitted.exempt { &self.exempt } else { &self.checked })
    }
}

fn client(resolver: Resolver) -> Result<reqwest::Client, Failure> {
    #[expect(clippy::disallowed_methods, reason = "this is the client that the others have to go through")]
    let builder = reqwest::Client::builder();
    builder
        .dns_resolver(Arc::new(resolver))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT)
        .user_agent(concat!("multitask/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| Failure::NoClient)
}
