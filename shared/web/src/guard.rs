//! Who may ask a process that spends its own key for whoever is on this machine: no page of another site, and nobody by a foreign name.
//!
//! A browser asks for any page that it shows: across sites, with the page's origin in `Origin`; or by a name of the page's own that
//! suddenly means this machine, with that name in `Host`. Both are refused. For the embedded default with a server key; it stands inside
//! [`crate::cors`]. Invariant: who is no browser and asks by address, `localhost` or the public URL passes.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Uri};
use url::{Host, Url};

use crate::Problem;

/// The names and the origins by which a process may be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    /// The host of the public URL.
    public: Option<Host>,
    /// In the form in which browsers send them.
    origins: Vec<String>,
}

/// The text names no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an origin: write scheme://host or scheme://host:port, as in https://app.example.com")]
pub struct NotAnOrigin(String);

const FOREIGN_HOST: &str = "This service is not known by the name that it was asked by. Ask 127.0.0.1 or localhost, \
    or start it with --public-url (MULTITASK_PUBLIC_URL) and that name.";
const FOREIGN_ORIGIN: &str = "Pages of other sites may not use this service's key. \
    To allow one, start with --allow-origin and its origin.";

impl Guard {
    /// A guard that lets pass the public URL's host and origin, and these origins (`--allow-origin`).
    pub fn new(public_url: Option<&str>, allow_origins: &[String]) -> Result<Self, NotAnOrigin> {
        let not_an_origin = |text: &str| NotAnOrigin(text.to_owned());
        let public = public_url.map(|text| Url::parse(text).map_err(|_| not_an_origin(text))).transpose()?;
        let mut origins = Vec::new();
        for text in allow_origins {
            // A star is a name to the parser, and to people a promise that is not kept here.
            let origin = origin(text).filter(|_| !text.contains('*'));
            origins.push(origin.ok_or_else(|| not_an_origin(text))?.0);
        }
        if let Some(public) = &public {
            origins.push(public.origin().ascii_serialization());
        }
        Ok(Self { public: public.and_then(|url| Some(url.host()?.to_owned())), origins })
    }

    /// Whether this request may pass; 403 where it may not.
    ///
    /// A site is its host: other ports of the same host, and of this machine, are not foreign.
    pub fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let told = headers.get_all(HOST).iter().map(|value| value.to_str().unwrap_or_default());
        let asked: Option<Vec<Host>> =
            uri.authority().map(Authority::as_str).into_iter().chain(told).map(host).collect();
        let known = |host: &Host| self.knows(host);
        let asked = asked.filter(|asked| !asked.is_empty() && asked.iter().all(known));
        let asked = asked.ok_or_else(|| Problem::forbidden(FOREIGN_HOST))?;
        let own = |given: &str| {
            origin(given).is_some_and(|(text, host)| {
                let same_site = host.is_some_and(|host| asked.contains(&host) || is_this_machine(&host));
                same_site || self.origins.contains(&text)
            })
        };
        if headers.get_all(ORIGIN).iter().all(|value| value.to_str().is_ok_and(own)) {
            Ok(())
        } else {
            Err(Problem::forbidden(FOREIGN_ORIGIN))
        }
    }

    /// An address is no name, so nobody can make it mean another machine.
    fn knows(&self, host: &Host) -> bool {
        match host {
            Host::Ipv4(_) | Host::Ipv6(_) => true,
            Host::Domain(_) => is_this_machine(host) || self.public.as_ref() == Some(host),
        }
    }
}

/// Middleware, with the guard as its state: passes on what the guard admits.
pub async fn answer(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.admit(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// The host in a `Host` header; a name may end in a dot.
fn host(text: &str) -> Option<Host> {
    let authority: Authority = text.parse().ok().filter(|_| !text.contains('@'))?;
    Host::parse(authority.host().trim_end_matches('.')).ok()
}

/// An origin as browsers write it, and its host where that is a site of the web.
fn origin(text: &str) -> Option<(String, Option<Host>)> {
    let url = Url::parse(text).ok().filter(|url| url.has_host() && matches!(url.path(), "" | "/"))?;
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return None;
    }
    let origin = url.origin();
    if origin.is_tuple() {
        return Some((origin.ascii_serialization(), url.host().map(|host| host.to_owned())));
    }
    // An extension's page, say: to the parser such origins equal nothing, not even themselves.
    Some((text.trim_end_matches('/').to_ascii_lowercase(), None))
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::any;
    use http::HeaderValue;
    use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
    use tower::ServiceExt;

    use super::*;

    fn guard() -> Guard {
        let allowed =
            ["https://app.example.com", "HTTP://B\u{fc}cher.example:80/", "chrome-extension://abcdef"];
        Guard::new(Some("https://tasks.example.com/base"), &allowed.map(str::to_owned)).unwrap()
    }

    fn verdict(guard: &Guard, uri: &str, headers: &[(http::HeaderName, &str)]) -> Result<(), String> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap()));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        guard.admit(&uri.parse().unwrap(), &map).map_err(|problem| {
            assert_eq!(problem.status().as_u16(), 403);
            problem.detail().to_owned()
        })
    }

    #[test]
    fn a_foreign_name_is_refused() {
        for (host, passes) in [
            ("127.0.0.1:8787", true),
            ("localhost:8787", true),
            ("LOCALHOST.", true),
            ("[::1]:8787", true),
            ("192.168.1.5:8787", true),
            ("tasks.example.com", true),
            ("Tasks.Example.Com:443", true),
            ("app.example.com", false),
            ("rebinding.example:8787", false),
            ("localhost.rebinding.example", false),
            ("127.0.0.1.rebinding.example", false),
            ("evil.localhost", false),
            ("rebinding.example@127.0.0.1", false),
            ("127.0.0.1, rebinding.example", false),
            ("", false),
            ("\u{e4}", false),
        ] {
            let expected = if passes { Ok(()) } else { Err(FOREIGN_HOST.to_owned()) };
            assert_eq!(verdict(&guard(), "/x", &[(HOST, host)]), expected, "{host}");
        }
    }

    #[test]
    fn every_name_of_a_request_has_to_be_known() {
        let foreign = Err(FOREIGN_HOST.to_owned());
        assert_eq!(verdict(&guard(), "/x", &[]), foreign, "no name at all");
        assert_eq!(verdict(&guard(), "http://localhost/x", &[]), Ok(()), "HTTP/2 has it in the URI");
        assert_eq!(verdict(&guard(), "http://rebinding.example/x", &[]), foreign);
        assert_eq!(verdict(&guard(), "http://rebinding.example/x", &[(HOST, "localhost")]), foreign);
        assert_eq!(verdict(&guard(), "/x", &[(HOST, "localhost"), (HOST, "rebinding.example")]), foreign);
    }

    #[test]
    fn a_page_of_another_site_is_refused() {
        for (origin, passes) in [
            ("http://localhost:8787", true),
            ("http://127.0.0.1:3000", true),
            ("http://[::1]:3000", true),
            ("http://10.0.0.5:3000", true),
            ("https://tasks.example.com", true),
            ("https://app.example.com", true),
            ("http://xn--bcher-kva.example", true),
            ("chrome-extension://abcdef", true),
            ("http://app.example.com", false),
            ("https://app.example.com:8443", false),
            ("https://app.example.com.evil", false),
            ("https://app.example.com/path", false),
            ("https://evil.example", false),
            ("http://10.0.0.6:8787", false),
            ("http://localhost.evil", false),
            ("http://evil@localhost", false),
            ("chrome-extension://other", false),
            ("moz-extension://localhost", false),
            ("null", false),
            ("", false),
            ("\u{e4}", false),
        ] {
            let expected = if passes { Ok(()) } else { Err(FOREIGN_ORIGIN.to_owned()) };
            assert_eq!(
                verdict(&guard(), "/x", &[(HOST, "10.0.0.5:8787"), (ORIGIN, origin)]),
                expected,
                "{origin}"
            );
        }
        let two = [(HOST, "localhost"), (ORIGIN, "http://localhost"), (ORIGIN, "https://evil.example")];
        assert_eq!(verdict(&guard(), "/x", &two), Err(FOREIGN_ORIGIN.to_owned()));
        let public = [(HOST, "localhost"), (ORIGIN, "https://tasks.example.com")];
        assert!(
            verdict(&Guard::default(), "/x", &public).is_err(),
            "only who is told of it knows the public URL"
        );
    }

    #[test]
    fn what_names_no_origin_cannot_be_allowed() {
        for text in [
            "",
            "*",
            "null",
            "app.example.com",
            "https://*",
            "https://a.example/path",
            "https://u@a.example",
            "mailto:a@b",
        ] {
            assert!(Guard::new(None, &[text.to_owned()]).is_err(), "{text}");
        }
        assert!(Guard::new(Some("tasks"), &[]).is_err());
    }

    #[tokio::test]
    async fn a_refused_request_reaches_no_route_and_its_answer_is_a_problem_that_can_be_read() {
        let app = Router::new()
            .route("/x", any(|| async { "reached" }))
            .layer(axum::middleware::from_fn_with_state(Arc::new(guard()), answer))
            .layer(axum::middleware::from_fn(crate::cors::answer));
        for (origin, status) in [("https://app.example.com", 200), ("https://evil.example", 403)] {
            let request = Request::post("/x").header(HOST, "localhost").header(ORIGIN, origin);
            let answer = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{origin}");
            assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{origin}");
        }
    }
}
