//! What can be said of a URL without asking anybody: whether it may be called at all, and whether its host is exempt.
//!
//! The `url` crate reads every notation of an address as a browser would (decimal, octal, hexadecimal, shortened, full-width digits, a dot
//! at the end), so what is decided here is decided on the address itself.

use std::net::IpAddr;

use domain::limits;
use url::{Host, Url};

use super::rule::same;
use super::{Settings, is_public};

/// Why a URL is not called. Told to whoever gave it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read as a URL.
    #[error("it is not a URL: write one in full, beginning with https://")]
    NotAUrl,
    /// It is too long.
    #[error("a URL has {} characters at most", limits::URL_CHARS)]
    TooLong,
    /// Neither http nor https.
    #[error("only http and https URLs are called")]
    Scheme,
    /// It carries a user or a password.
    #[error("a URL with a user or a password in it is not called")]
    Credentials,
    /// Its host is, or resolves to, an address that is not public.
    #[error(
        "{place} is not a public address; to allow it, start with --allow-host {place} (MULTITASK_ALLOW_HOST)"
    )]
    NotPublic {
        /// The URL's host and port.
        place: String,
    },
    /// Its host is, or resolves to, the function's own runtime.
    #[error("{place} belongs to this service itself and is never called")]
    Runtime {
        /// The URL's host and port.
        place: String,
    },
}

impl Refusal {
    pub(super) fn not_public(url: &Url) -> Self {
        Self::NotPublic { place: place(url) }
    }

    pub(super) fn runtime(url: &Url) -> Self {
        Self::Runtime { place: place(url) }
    }
}

/// The host and port of a URL, as a rule would name them.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// A URL that may be called as far as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Admitted {
    /// Whether a rule exempts its host from the address check.
    pub exempt: bool,
}

/// Reads a URL; its fragment is dropped.
pub(super) fn parse(text: &str) -> Result<Url, Refusal> {
    if text.chars().count() > limits::URL_CHARS {
        return Err(Refusal::TooLong);
    }
    let mut url = Url::parse(text).map_err(|_| Refusal::NotAUrl)?;
    url.set_fragment(None);
    Ok(url)
}

/// The rules by which URLs are admitted.
#[derive(Debug)]
pub(super) struct Admission {
    settings: Settings,
    forbidden: Option<Host>,
}

impl Admission {
    pub(super) fn new(settings: Settings) -> Self {
        let runtime = settings.runtime_api.as_deref().map(|place| Url::parse(&format!("http://{place}")));
        let forbidden = runtime.and_then(|url| url.ok()?.host().map(|host| host.to_owned()));
        Self { settings, forbidden }
    }

    /// The address that nothing may resolve to, exempt or not.
    pub(super) fn forbidden_address(&self) -> Option<IpAddr> {
        match self.forbidden.as_ref()? {
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(IpAddr::V6(*address)),
            Host::Domain(_) => None,
        }
    }

    pub(super) fn admit(&self, url: &Url) -> Result<Admitted, Refusal> {
        if url.as_str().len() > 2 * limits::URL_CHARS {
            return Err(Refusal::TooLong);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        let host = url.host().ok_or(Refusal::NotAUrl)?;
        if self.forbidden.as_ref().is_some_and(|forbidden| same(&host, forbidden)) {
            return Err(Refusal::runtime(url));
        }
        if self.settings.allow_hosts.iter().any(|rule| rule.exempts(url)) {
            return Ok(Admitted { exempt: true });
        }
        let may_be_public = match host {
            Host::Ipv4(address) => is_public(IpAddr::V4(address)),
            Host::Ipv6(address) => is_public(IpAddr::V6(address)),
            Host::Domain(name) => !is_inside(name),
        };
        if may_be_public { Ok(Admitted { exempt: false }) } else { Err(Refusal::not_public(url)) }
    }
}

/// Names that mean this machine or its own network, whatever a resolver says.
fn is_inside(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let last = name.rsplit('.').next().unwrap_or(name);
    ["localhost", "local", "internal"].iter().any(|inside| last.eq_ignore_ascii_case(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(settings: Settings, url: &str) -> Result<bool, Refusal> {
        let url = parse(url)?;
        Admission::new(settings).admit(&url).map(|admitted| admitted.exempt)
    }

    fn allowing(rules: &[&str]) -> Settings {
        let rules: Vec<String> = rules.iter().map(|&rule| rule.to_owned()).collect();
        Settings::from_rules(&rules, Some("127.0.0.1:9001".to_owned())).expect("rules")
    }

    #[test]
    fn no_notation_of_a_private_address_is_admitted() {
        for host in [
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "0",
            "0.0.0.0",
            "10.1.2.3",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "192.168.0.1",
            "[::1]",
            "[::]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.b.localhost",
            "printer.local",
            "Printer.LOCAL.",
            "metadata.google.internal",
            "internal",
            "１２７.０.０.１",
            "①②⑦.0.0.1",
            "127。0。0。1",
            "%31%32%37.0.0.1",
        ] {
            for url in [format!("http://{host}/x"), format!("https://{host}:8443/x")] {
                let verdict = verdict(Settings::default(), &url);
                assert!(matches!(verdict, Err(Refusal::NotPublic { .. })), "{url}: {verdict:?}");
            }
        }
    }

    #[test]
    fn what_is_no_call_by_http_is_refused() {
        for (url, refusal) in [
            ("", Refusal::NotAUrl),
            ("example.com/list", Refusal::NotAUrl),
            ("http://", Refusal::NotAUrl),
            ("http://[::1%25eth0]/", Refusal::NotAUrl),
            ("http://300.0.0.1/", Refusal::NotAUrl),
            ("ftp://example.com/", Refusal::Scheme),
            ("file:///etc/passwd", Refusal::Scheme),
            ("data:text/csv,a", Refusal::Scheme),
            ("https://user@example.com/", Refusal::Credentials),
            ("https://:secret@example.com/", Refusal::Credentials),
        ] {
            assert_eq!(verdict(Settings::default(), url), Err(refusal), "{url}");
        }
        let long = format!("https://example.com/{}", "a".repeat(limits::URL_CHARS));
        assert_eq!(verdict(Settings::default(), &long), Err(Refusal::TooLong));
        assert_eq!(verdict(Settings::default(), &long[..limits::URL_CHARS]), Ok(false));
    }

    #[test]
    fn names_and_public_addresses_are_admitted_at_any_port() {
        for url in [
            "https://example.com/",
            "http://8.8.8.8:8080/",
            "https://[2606:4700::1111]/",
            "http://münchen.example/",
            "https://internal.example/",
            "https://localhost.example/",
            "https://notlocal/",
        ] {
            assert_eq!(verdict(Settings::default(), url), Ok(false), "{url}");
        }
    }

    #[test]
    fn a_rule_exempts_its_host_but_never_the_runtime() {
        let settings = || allowing(&["127.0.0.2", "receiver.test:9000", "127.0.0.1", "box.local"]);
        assert_eq!(verdict(settings(), "http://box.local/"), Ok(true));
        assert_eq!(verdict(settings(), "http://127.0.0.2:1/"), Ok(true));
        assert_eq!(verdict(settings(), "http://receiver.test:9000/"), Ok(true));
        assert_eq!(verdict(settings(), "http://receiver.test/"), Ok(false));
        let runtime = verdict(settings(), "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next");
        let refusal = Refusal::Runtime { place: "127.0.0.1:9001".to_owned() };
        assert!(!refusal.to_string().contains("--allow-host"), "no option lifts it");
        assert_eq!(runtime, Err(refusal));
    }

    #[test]
    fn a_refusal_names_the_option_that_lifts_it() {
        let refusal = verdict(Settings::default(), "http://127.1:9000/hook").expect_err("refused");
        assert_eq!(
            refusal.to_string(),
            "127.0.0.1:9000 is not a public address; to allow it, start with --allow-host 127.0.0.1:9000 (MULTITASK_ALLOW_HOST)"
        );
    }
}
