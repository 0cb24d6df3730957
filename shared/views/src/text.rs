//! Data as text that is safe to look at, and safe inside what surrounds it.
//!
//! Everything a unit holds may come from a stranger. Control characters, which can drive a terminal, and direction overrides, which can make a
//! text read as another, are never shown; line breaks of all kinds become one kind.

use std::borrow::Cow;

/// The text without anything that cannot be seen: controls become `U+FFFD`, direction overrides vanish, line breaks become `\n`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && c != '\t' && shown(c, None) != Some(c)) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut before = None;
    for c in text.chars() {
        clean.extend(shown(c, before));
        before = Some(c);
    }
    Cow::Owned(clean)
}

/// So many characters of the text, without a look at the rest.
pub(crate) fn beginning(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(at, _)| &text[..at])
}

/// What stands for this character after that one.
fn shown(c: char, before: Option<char>) -> Option<char> {
    match c {
        '\t' => Some(c),
        '\n' if before == Some('\r') => None,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        c if c.is_control() => Some('\u{fffd}'),
        c => Some(c),
    }
}

/// The text as one cell of a Markdown table: no markup of any kind, no line break, no pipe that would end it.
pub(crate) fn markdown(text: &str) -> String {
    let text = visible(text.trim());
    let mut cell = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => cell.push_str("<br>"),
            '\t' => cell.push(' '),
            '&' => cell.push_str("&amp;"),
            '<' => cell.push_str("&lt;"),
            '>' => cell.push_str("&gt;"),
            // a fence of tildes would take in all that follows
            '|' | '`' | '~' | '[' | ']' | '\\' => {
                cell.push('\\');
                cell.push(c);
            }
            c => cell.push(c),
        }
    }
    cell
}

/// JSON that may stand in an HTML `script` element: what could end the element, or a line of a script, is escaped.
///
/// These characters occur in JSON inside strings only, where the escapes mean the same.
pub(crate) fn script(json: &str) -> Cow<'_, str> {
    if !json.contains(['<', '\u{2028}', '\u{2029}']) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// JSON on one line: line breaks occur in JSON between its parts only, where a space means the same.
pub(crate) fn one_line(json: &str) -> Cow<'_, str> {
    if json.contains(['\n', '\r']) {
        Cow::Owned(json.replace(['\n', '\r'], " "))
    } else {
        Cow::Borrowed(json)
    }
}

/// The text as a web address that a page may link to; none unless it is `http` or `https`.
pub(crate) fn link(text: &str) -> Option<url::Url> {
    let candidate = text.trim();
    if !candidate.starts_with("http://") && !candidate.starts_with("https://")
        || candidate.contains(char::is_whitespace)
    {
        return None;
    }
    url::Url::parse(candidate).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_not_there() {
        assert_eq!(visible("a\u{1b}[31mred"), "a\u{fffd}[31mred");
        assert_eq!(visible("exe.\u{202e}gpj\u{2066}x\u{2069}"), "exe.gpjx");
        assert_eq!(visible("a\r\nb\rc\u{2028}d\u{85}e"), "a\nb\nc\nd\ne");
        assert!(matches!(visible("plain\ttext\nשלום"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_markdown_cell_has_no_markup() {
        assert_eq!(markdown("a|b\\|c\nd"), "a\\|b\\\\\\|c<br>d");
        assert_eq!(
            markdown("<img onerror=x> `code` [x](javascript:y) &lt;"),
            "&lt;img onerror=x&gt; \\`code\\` \\[x\\](javascript:y) &amp;lt;"
        );
    }

    #[test]
    fn only_web_addresses_become_links() {
        for text in ["https://a.example/b?c=d#e", "http://a.example", " https://a.example "] {
            assert!(link(text).is_some(), "{text}");
        }
        for text in [
            "javascript:alert(1)",
            "JAVASCRIPT:x",
            "data:text/html,x",
            "https://",
            "https://a b",
            "see https://a.example",
            "//a.example",
            "ftp://a.example",
        ] {
            assert!(link(text).is_none(), "{text}");
        }
    }

    #[test]
    fn json_keeps_its_meaning_in_a_script() {
        let json = r#"{"a":"</script><!--  "}"#;
        let safe = script(json);
        assert!(!safe.contains(['<', '\u{2028}', '\u{2029}']));
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(value(&safe), value(json));
    }
}
