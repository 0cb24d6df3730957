//! What the pages may load and run: their own assets, from where the service says it is.

/// The `Content-Security-Policy` of a page whose URLs begin with `base`.
pub(super) fn policy(base: &str) -> String {
    let origin = url::Url::parse(base)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(|url| format!(" {}", url.origin().ascii_serialization()))
        .unwrap_or_default();
    let own = format!("'self'{origin}");
    format!(
        "default-src 'none'; script-src {own}; style-src {own}; connect-src {own}; img-src {own} data:; \
         form-action {own}; base-uri {own}; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_let_in_but_what_is_ours() {
        let policy = policy("https://tasks.example/prod");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self' https://tasks.example; "),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("/prod"), "{policy}");
    }

    #[test]
    fn a_base_adds_no_words_to_the_policy() {
        for base in ["https://x.example/; script-src *", "javascript:alert(1)", "not a url; script-src *"] {
            assert!(!policy(base).contains('*') && !policy(base).contains("javascript"), "{base}");
        }
    }
}
