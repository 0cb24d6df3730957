//! Names to addresses, checked on the way: the place where every connection gets its address from.
//!
//! Invariant: a name with one address that is not public has none. Who mixes them is up to something, or misconfigured.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::is_public;

type Addresses = BoxFuture<'static, io::Result<Vec<IpAddr>>>;

/// Asks for the addresses of a name.
#[derive(Clone)]
pub struct Lookup(Arc<dyn Fn(String) -> Addresses + Send + Sync>);

impl Lookup {
    /// As the machine resolves names.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|name| {
            Box::pin(async move {
                let found = tokio::net::lookup_host((name, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        })
    }

    /// As this function resolves them.
    #[must_use]
    pub fn new(lookup: impl Fn(String) -> Addresses + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

/// Why a name has no address for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unresolved {
    #[error("the name has an address that is not public")]
    NotPublic,
    #[error("the name has the address of the function's own runtime")]
    Runtime,
    #[error("the name has no address")]
    Unknown,
}

/// A lookup whose answers are checked.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    lookup: Lookup,
    forbidden: Option<IpAddr>,
    checks: bool,
}

impl Resolver {
    pub(super) const fn new(lookup: Lookup, forbidden: Option<IpAddr>) -> Self {
        Self { lookup, forbidden, checks: true }
    }

    /// The same for exempt hosts: only what is forbidden is refused.
    pub(super) fn without_check(&self) -> Self {
        Self { checks: false, ..self.clone() }
    }

    /// The addresses of a name, if all of them may be connected to.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Unresolved> {
        let found = (self.lookup.0)(name.to_owned()).await.map_err(|_| Unresolved::Unknown)?;
        if found.is_empty() {
            return Err(Unresolved::Unknown);
        }
        // Unpacked from its IPv6 forms, since an exempt name may have an address of any form.
        if found.iter().any(|address| Some(address.to_canonical()) == self.forbidden) {
            return Err(Unresolved::Runtime);
        }
        if self.checks && !found.iter().all(|address| is_public(*address)) {
            return Err(Unresolved::NotPublic);
        }
        Ok(found)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.addresses(name.as_str()).await?;
            // Port 0 stands for the URL's own.
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolver(found: &'static [&'static str]) -> Resolver {
        let found: Vec<IpAddr> = found.iter().map(|address| address.parse().expect("an address")).collect();
        let lookup = Lookup::new(move |_| {
            let found = found.clone();
            Box::pin(async move { Ok(found) })
        });
        Resolver::new(lookup, Some(IpAddr::from([127, 0, 0, 1])))
    }

    #[tokio::test]
    async fn one_private_address_spoils_the_name() {
        let public = resolver(&["8.8.8.8", "2606:4700::1111"]).addresses("name").await;
        assert_eq!(public.map(|found| found.len()), Ok(2));
        assert_eq!(resolver(&["8.8.8.8", "10.0.0.1"]).addresses("name").await, Err(Unresolved::NotPublic));
        assert_eq!(resolver(&[]).addresses("name").await, Err(Unresolved::Unknown));
    }

    #[tokio::test]
    async fn an_exempt_name_may_be_private_but_never_the_runtime() {
        let exempt = |found| resolver(found).without_check();
        assert!(exempt(&["10.0.0.1"]).addresses("name").await.is_ok());
        for runtime in [&["127.0.0.1"][..], &["8.8.8.8", "::ffff:127.0.0.1"]] {
            assert_eq!(exempt(runtime).addresses("name").await, Err(Unresolved::Runtime), "{runtime:?}");
        }
    }
}
