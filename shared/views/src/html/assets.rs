//! The pages' styles and scripts, and the policy that lets these run and nothing else.
//!
//! A page's script is one module made of files, so that its hash names it: no address serves scripts to these pages.

use std::sync::LazyLock;

use data_encoding::BASE64;
use domain::unit::{Kind, Unit};
use ring::digest;

/// The style of every page: its colours, its type, its controls, and what pages have in common.
pub const STYLE: &str = concat!(include_str!("style.css"), include_str!("controls.css"));
/// How a pasted list is read as rows: a module of the app, and a part of the script of a group's page.
pub const ROWS_MODULE: &str = include_str!("js/rows.js");
/// What the pages of units have besides [`STYLE`].
pub(crate) const UNIT_STYLE: &str = include_str!("unit.css");
pub(crate) const SCRIPT: &str = concat!(
    include_str!("js/parts.js"),
    include_str!("js/stream.js"),
    include_str!("js/elapsed.js"),
    include_str!("js/copy.js"),
    include_str!("js/ask.js"),
    include_str!("js/tools.js"),
    include_str!("js/rows.js"),
    include_str!("js/add.js"),
    include_str!("js/deliveries.js"),
    include_str!("js/filter.js"),
    include_str!("js/sources.js"),
    include_str!("js/group.js"),
);
/// What the page of a task has besides the styles of all units, and its script.
pub(crate) const TASK_STYLE: &str = include_str!("task.css");
pub(crate) const TASK_SCRIPT: &str = concat!(
    include_str!("js/parts.js"),
    include_str!("js/stream.js"),
    include_str!("js/elapsed.js"),
    include_str!("js/copy.js"),
    include_str!("js/ask.js"),
    include_str!("js/tools.js"),
    include_str!("js/deliveries.js"),
    include_str!("js/tabs.js"),
    include_str!("js/task.js"),
);
/// Three rows of a table, as the address of a picture.
pub const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%233d52d5'/%3E%3Cpath d='M4 5h8M4 8h8M4 11h5' stroke='%23fff' stroke-width='1.5' stroke-linecap='round'/%3E%3C/svg%3E";

static GROUP: LazyLock<(String, String)> = LazyLock::new(|| (hashes(&[STYLE, UNIT_STYLE]), hash(SCRIPT)));
static TASK: LazyLock<(String, String)> =
    LazyLock::new(|| (hashes(&[STYLE, UNIT_STYLE, TASK_STYLE]), hash(TASK_SCRIPT)));

fn hashes(texts: &[&str]) -> String {
    texts.iter().map(|text| hash(text)).collect::<Vec<_>>().join(" ")
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref()))
}

/// The `Content-Security-Policy` of a unit's page: its own style and script, connections to its own service, nothing from others.
#[must_use]
pub fn content_security_policy(unit: &Unit) -> String {
    let (style, script) = match unit.kind {
        Kind::Group => &*GROUP,
        Kind::Task => &*TASK,
    };
    let origin = url::Url::parse(&unit.spec.public_base)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(|url| format!(" {}", url.origin().ascii_serialization()))
        .unwrap_or_default();
    format!(
        "default-src 'none'; style-src {style}; script-src {script}; img-src data:; connect-src 'self'{origin}; \
         base-uri 'self'{origin}; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_nothing_in_but_this_service() {
        let mut unit = crate::testing::group(1);
        unit.spec.public_base = "https://api.example/stage".to_owned();
        let policy = content_security_policy(&unit);
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(policy.contains("connect-src 'self' https://api.example;"));
        assert!(!policy.contains("unsafe") && !policy.contains('*'));
    }

    #[test]
    fn style_and_script_cannot_end_their_elements() {
        for text in [STYLE, UNIT_STYLE, SCRIPT, TASK_STYLE, TASK_SCRIPT] {
            assert!(!text.contains("</"));
        }
    }

    #[test]
    fn no_script_makes_markup_or_code_of_texts() {
        for text in [SCRIPT, TASK_SCRIPT] {
            for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "import "]
            {
                assert!(!text.contains(word), "{word}");
            }
        }
    }
}
