//! `GET /`: the app's pages, of which `?show=` chooses one. The first to be seen asks for one task.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use maud::Markup;
use web::Access;

use super::policy::policy;
use super::shell::{Credential, View, shell};
use super::{group, list, task};
use crate::refusal::Refusal;
use crate::{Api, base};

/// The page.
pub(crate) async fn page(State(api): State<Api>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let base = base::of(&api, &parts)?;
    let view = shown(parts.uri.query().unwrap_or_default());
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy(&base)),
        (CACHE_CONTROL, "no-cache".to_owned()),
    ];
    Ok((headers, markup(&base, view, &api.settings().access).into_string()).into_response())
}

fn shown(query: &str) -> View {
    let show = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "show");
    match show.as_ref().map(|(_, view)| view.as_ref()) {
        Some("group") => View::Group,
        Some("list") => View::List,
        _ => View::Task,
    }
}

fn markup(base: &str, view: View, access: &Access) -> Markup {
    let credential = Credential::of(access);
    let content = match view {
        View::Task => task::view(base, credential),
        View::Group => group::view(base, credential),
        View::List => list::view(),
    };
    shell(base, view, credential, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_cannot_break_out_of_any_page() {
        for view in View::ALL {
            let page = markup("https://x.example/\"><script>alert(1)</script>", view, &Access::default());
            assert!(!page.0.contains("<script>"), "{}", page.0);
        }
    }

    #[test]
    fn every_page_is_without_inline_script_and_style() {
        for view in View::ALL {
            let page = markup("https://x.example", view, &Access::default()).0;
            assert!(!page.contains("<style") && !page.contains(" style="), "{view:?}");
            let attributes = page.split([' ', '>']).filter_map(|word| word.split_once('='));
            assert!(attributes.map(|(name, _)| name).all(|name| !name.starts_with("on")), "{view:?}");
            assert_eq!(page.matches("<script").count(), 1, "{view:?}");
            assert!(page.contains("<script type=\"module\" src=\"assets/"), "{view:?}");
        }
    }

    #[test]
    fn the_query_chooses_the_page_and_unknown_words_the_first() {
        assert_eq!(shown(""), View::Task);
        assert_eq!(shown("q=a&show=list"), View::List);
        assert_eq!(shown("show=group"), View::Group);
        assert_eq!(shown("show=%00"), View::Task);
    }
}
