//! `GET /assets/{name}`: the style and the modules of the pages.
//!
//! They are kept by browsers and asked for again by their tag, so that a page never runs with the modules of another version.

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use web::Problem;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Every asset: its name, its type, its text.
const ASSETS: [(&str, &str, &str); 19] = [
    ("style.css", STYLE, views::STYLE),
    ("app.css", STYLE, include_str!("assets/app.css")),
    ("ask.js", SCRIPT, include_str!("assets/ask.js")),
    ("chips.js", SCRIPT, include_str!("assets/chips.js")),
    ("curl.js", SCRIPT, include_str!("assets/curl.js")),
    ("estimate.js", SCRIPT, include_str!("assets/estimate.js")),
    ("faults.js", SCRIPT, include_str!("assets/faults.js")),
    ("fields.js", SCRIPT, include_str!("assets/fields.js")),
    ("filters.js", SCRIPT, include_str!("assets/filters.js")),
    ("group.js", SCRIPT, include_str!("assets/group.js")),
    ("key.js", SCRIPT, include_str!("assets/key.js")),
    ("list.js", SCRIPT, include_str!("assets/list.js")),
    ("output.js", SCRIPT, include_str!("assets/output.js")),
    ("parts.js", SCRIPT, include_str!("assets/parts.js")),
    ("rows.js", SCRIPT, views::ROWS_MODULE),
    ("schema.js", SCRIPT, include_str!("assets/schema.js")),
    ("send.js", SCRIPT, include_str!("assets/send.js")),
    ("settings.js", SCRIPT, include_str!("assets/settings.js")),
    ("task.js", SCRIPT, include_str!("assets/task.js")),
];

/// The asset of this name, or 304 to who has it already.
pub(crate) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some((_, kind, text)) = ASSETS.into_iter().find(|(known, ..)| *known == name) else {
        return Problem::not_found("There is no asset of this name.").into_response();
    };
    let tag = format!("\"{}\"", vault::digest(text.as_bytes()));
    let is_known = headers
        .get(IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok())
        .is_some_and(|tags| tags.contains(&tag));
    let kept = [(CACHE_CONTROL, "no-cache"), (ETAG, tag.as_str())];
    if is_known {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    ([(CONTENT_TYPE, kind)], kept, text).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_module_imports_assets_only() {
        let names: BTreeSet<&str> = ASSETS.iter().map(|(name, ..)| *name).collect();
        for (name, _, text) in ASSETS.iter().filter(|(_, kind, _)| *kind == SCRIPT) {
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                let from = line.split_once(" from \"./").and_then(|(_, from)| from.strip_suffix("\";"));
                assert!(from.is_some_and(|from| names.contains(from)), "{name}: {line}");
            }
        }
    }

    #[test]
    fn no_asset_makes_markup_or_code_of_texts() {
        for (name, _, text) in ASSETS {
            for word in
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "url(", "://cdn"]
            {
                assert!(!text.contains(word), "{name} has {word}");
            }
        }
    }

    #[tokio::test]
    async fn an_asset_that_is_known_is_not_sent_again() {
        let first = asset(Path("task.js".to_owned()), HeaderMap::new()).await;
        assert_eq!(first.headers()[CONTENT_TYPE], SCRIPT);
        let headers = HeaderMap::from_iter([(IF_NONE_MATCH, first.headers()[ETAG].clone())]);
        let again = asset(Path("task.js".to_owned()), headers.clone()).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = asset(Path("group.js".to_owned()), headers).await;
        assert_eq!(other.status(), StatusCode::OK);
        assert_eq!(
            asset(Path("../asset.rs".to_owned()), HeaderMap::new()).await.status(),
            StatusCode::NOT_FOUND
        );
    }
}
