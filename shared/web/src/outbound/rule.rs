//! What `--allow-host` says: a host, or a host and a port, whose address need not be public.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// A host that is exempt from the address check, at one port or at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule {
    host: Host,
    port: Option<u16>,
}

/// The text names no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host to allow: write a host, or host:port, as in 127.0.0.1:9000 or [::1]:9000")]
pub struct NotARule(String);

impl HostRule {
    /// Whether this URL's host is exempt.
    #[must_use]
    pub fn exempts(&self, url: &Url) -> bool {
        let at_port = self.port.is_none_or(|port| url.port_or_known_default() == Some(port));
        at_port && url.host().is_some_and(|host| same(&host, &self.host))
    }
}

impl FromStr for HostRule {
    type Err = NotARule;

    fn from_str(text: &str) -> Result<Self, NotARule> {
        let not_a_rule = || NotARule(text.to_owned());
        // An address of IPv6 without brackets has colons of its own.
        let bare = text.parse().map(|address| Self { host: Host::Ipv6(address), port: None });
        if let Ok(rule) = bare {
            return Ok(rule);
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, Some(port.parse().map_err(|_| not_a_rule())?))
            }
            _ => (text, None),
        };
        // A star is a name to the parser, and to people a promise that is not kept here.
        let host = Host::parse(host).ok().filter(|_| !host.contains('*')).ok_or_else(not_a_rule)?;
        Ok(Self { host, port })
    }
}

impl fmt::Display for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => write!(f, "{}", self.host),
        }
    }
}

/// Whether two hosts are the same; a name may end in a dot.
pub(super) fn same(a: &Host<&str>, b: &Host) -> bool {
    match (a, b) {
        (Host::Domain(a), Host::Domain(b)) => {
            a.trim_end_matches('.').eq_ignore_ascii_case(b.trim_end_matches('.'))
        }
        (Host::Ipv4(a), Host::Ipv4(b)) => a == b,
        (Host::Ipv6(a), Host::Ipv6(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_exempts_its_host_at_its_port_and_nothing_else() {
        for (rule, url, exempt) in [
            ("127.0.0.1:9000", "http://127.0.0.1:9000/hook", true),
            ("127.0.0.1:9000", "http://127.1:9000/", true),
            ("127.0.0.1:9000", "http://127.0.0.1:9001/", false),
            ("127.0.0.1:9000", "http://localhost:9000/", false),
            ("127.0.0.1", "https://127.0.0.1:1/", true),
            ("localhost", "http://LOCALHOST./", true),
            ("localhost:443", "https://localhost/", true),
            ("localhost:443", "http://localhost/", false),
            ("[::1]:9000", "http://[0:0:0:0:0:0:0:1]:9000/", true),
            ("::1", "http://[::1]/", true),
            ("[::1]", "http://[::1]/", true),
            ("receiver.test", "http://evil.receiver.test/", false),
            ("receiver.test", "http://receiver.test.evil/", false),
        ] {
            let rule: HostRule = rule.parse().expect("a rule");
            let url = Url::parse(url).expect("a URL");
            assert_eq!(rule.exempts(&url), exempt, "{rule} {url}");
        }
    }

    #[test]
    fn what_names_no_host_is_no_rule() {
        for text in ["", ":9000", "host:port", "host:99999", "http://host", "a b", "*", "*.example.com"] {
            assert!(text.parse::<HostRule>().is_err(), "{text}");
        }
    }
}
