//! `GET /`: what this is, and a request to try that is right for whoever asks.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use maud::{DOCTYPE, Markup, html};
use web::Access;

use crate::refusal::Refusal;
use crate::{Api, base};

/// The page's whole style; the policy below names its hash, so nothing else is taken.
const STYLE: &str = include_str!("page.css");

/// The page.
pub(crate) async fn page(State(api): State<Api>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let base = base::of(&api, &parts)?;
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy()),
        (CACHE_CONTROL, "no-cache".to_owned()),
    ];
    Ok((headers, markup(&base, &api.settings().access).into_string()).into_response())
}

fn markup(base: &str, access: &Access) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Multitask" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Multitask" }
                    p {
                        "Hand over a list, leave, and come back: each row becomes a run of the Parallel Task API, and this service sees it to its end. "
                        "You get a URL at once; results stand there for 30 days as JSON, Markdown, a page, CSV, NDJSON and live events."
                    }
                    h2 { "Try it" }
                    pre { code { (curl(base, access)) } }
                    p {
                        "The answer names a " code { "url" } ". Open it in a browser, or add " code { ".json" } ", " code { ".md" } " or " code { ".csv" } "."
                    }
                    h2 { "See also" }
                    ul {
                        li { a href={ (base) "/health" } { "Health" } ": whether work is accepted, and by which version." }
                        li { a href={ (base) "/limits.json" } { "Limits" } ": how large, how many, how long." }
                    }
                    p.version { "Version " (env!("CARGO_PKG_VERSION")) }
                }
            }
        }
    }
}

/// A request that works here as it is written, but for the key.
fn curl(base: &str, access: &Access) -> String {
    let credential = if access.server_key.is_some() && !access.tokens.is_empty() {
        "  -H 'x-api-key: YOUR_ACCESS_TOKEN' \\\n"
    } else if access.simulated || (access.server_key.is_some() && access.loopback) {
        ""
    } else {
        "  -H 'x-api-key: YOUR_PARALLEL_API_KEY' \\\n"
    };
    format!(
        "curl -X POST {base}/v1beta/tasks/groups \\\n{credential}  -H 'content-type: application/json' \\\n  \
         -d '{{\"inputs\": [{{\"company\": \"Stripe\"}}, {{\"company\": \"Notion\"}}],\n       \
         \"output_type\": \"json\", \"output_description\": \"CEO and year of founding\"}}'"
    )
}

fn policy() -> String {
    let hash = data_encoding::BASE64.encode(
        &data_encoding::HEXLOWER.decode(vault::digest(STYLE.as_bytes()).as_bytes()).unwrap_or_default(),
    );
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use vault::Secret;

    use super::*;

    #[test]
    fn the_request_to_try_fits_how_callers_are_known() {
        let own = Access::default();
        let simulated = Access { simulated: true, ..Access::default() };
        let tokens = Access {
            server_key: Some(Secret::new("server-key")),
            tokens: vec![Secret::new("token-one")],
            ..Access::default()
        };
        let local =
            Access { server_key: Some(Secret::new("server-key")), loopback: true, ..Access::default() };
        for (access, says) in [
            (own, Some("YOUR_PARALLEL_API_KEY")),
            (simulated, None),
            (tokens, Some("YOUR_ACCESS_TOKEN")),
            (local, None),
        ] {
            let curl = curl("https://tasks.example/prod", &access);
            assert!(curl.contains("https://tasks.example/prod/v1beta/tasks/groups"), "{curl}");
            assert_eq!(curl.contains("x-api-key"), says.is_some(), "{curl}");
            assert!(says.is_none_or(|says| curl.contains(says)), "{curl}");
            assert!(!curl.contains("server-key") && !curl.contains("token-one"));
        }
    }

    #[test]
    fn the_body_to_try_is_a_group_in_which_nothing_is_wrong() {
        let curl = curl("https://tasks.example", &Access::default());
        let (_, body) = curl.split_once("-d '").expect("a body");
        let body = body.strip_suffix('\'').expect("its end");
        let headers = http::HeaderMap::new();
        let sent = crate::form::Sent::read(&headers, body.as_bytes(), None).expect("JSON");
        assert_eq!(crate::form::group(sent, crate::form::Purpose::Create).faults, []);
    }

    #[test]
    fn a_base_cannot_break_out_of_the_page() {
        let page = markup("https://x.example/\"><script>alert(1)</script>", &Access::default()).into_string();
        assert!(!page.contains("<script"), "{page}");
        assert!(!STYLE.contains('<'));
    }
}
