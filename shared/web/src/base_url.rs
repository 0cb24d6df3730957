//! The public base of the service's URLs: what was configured, else what API Gateway says of itself.
//!
//! Never the `Host` header, which anybody can write. Invariant: a base has no slash at its end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What API Gateway's request context says of where a request came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Its domain.
    pub domain: String,
    /// The whole path, with the stage or the mapping of a domain of one's own.
    pub path: String,
}

/// The public base; none if nothing says it.
///
/// `routed` is the path by which the request was routed: what the gateway's path has before it (the stage) belongs to the base.
#[must_use]
pub fn of(configured: Option<&str>, gateway: Option<&Gateway>, routed: &str) -> Option<String> {
    if let Some(configured) =
        configured.map(|base| base.trim_end_matches('/')).filter(|base| !base.is_empty())
    {
        return Some(configured.to_owned());
    }
    let Gateway { domain, path } = gateway?;
    // Segments are counted, since the two paths may be percent-encoded differently.
    let segments = |path| str::split(path, '/').filter(|segment| !segment.is_empty());
    let before = segments(path).count().saturating_sub(segments(routed).count());
    let prefix: String = segments(path).take(before).flat_map(|segment| ["/", segment]).collect();
    Some(format!("https://{domain}{prefix}"))
}

/// The base of a process that listens here and was configured with none.
#[must_use]
pub fn listening(address: SocketAddr) -> String {
    // "Every address" is none that can be called; this machine's own is among them.
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_configured_or_the_gateways_less_the_route() {
        for (configured, path, routed, base) in [
            (Some("https://tasks.example.com/"), "/prod/x", "/x", "https://tasks.example.com"),
            (Some("https://example.com/tasks"), "/prod/x", "/x", "https://example.com/tasks"),
            (None, "/prod/v1beta/tasks/groups", "/v1beta/tasks/groups", "https://abc.test/prod"),
            (Some(""), "/prod/", "/", "https://abc.test/prod"),
            (None, "/prod", "/", "https://abc.test/prod"),
            (None, "/v1beta/tasks/groups", "/v1beta/tasks/groups", "https://abc.test"),
            (
                None,
                "/a/b/aaa/deliveries/x%20y/redeliver",
                "/aaa/deliveries/x y/redeliver",
                "https://abc.test/a/b",
            ),
            (None, "/", "/health", "https://abc.test"),
        ] {
            let gateway = Gateway { domain: "abc.test".to_owned(), path: path.to_owned() };
            assert_eq!(of(configured, Some(&gateway), routed).as_deref(), Some(base), "{path} {routed}");
        }
        assert_eq!(of(None, None, "/x"), None);
        assert_eq!(of(Some("http://127.0.0.1:8787"), None, "/x").as_deref(), Some("http://127.0.0.1:8787"));
    }

    #[test]
    fn the_listening_address_is_a_base_that_can_be_called() {
        for (address, base) in [
            ("127.0.0.1:8787", "http://127.0.0.1:8787"),
            ("0.0.0.0:8787", "http://127.0.0.1:8787"),
            ("[::]:80", "http://[::1]:80"),
            ("192.168.1.5:80", "http://192.168.1.5:80"),
        ] {
            assert_eq!(listening(address.parse().unwrap()), base);
        }
    }
}
