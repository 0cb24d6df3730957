//! JSON set out line by line, as it was sent: numbers and strings keep their spelling, and only so much is written.

/// Levels that are indented; deeper ones stand where the last of them does.
const LEVELS: usize = 32;

/// The JSON in lines, up to about so many bytes, and whether that is all of it.
pub(super) fn pretty(json: &str, most: usize) -> (String, bool) {
    let mut out = String::with_capacity(json.len().min(most) + 1_024);
    let mut depth = 0_usize;
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        if out.len() > most {
            return (out, false);
        }
        match c {
            '"' => {
                out.push(c);
                let mut escaped = false;
                for c in chars.by_ref() {
                    out.push(c);
                    if (c == '"' && !escaped) || out.len() > most {
                        break;
                    }
                    escaped = c == '\\' && !escaped;
                }
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = chars.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    (out, true)
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    (0..depth.min(LEVELS)).for_each(|_| out.push_str("  "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_kept_and_only_space_is_made() {
        let (text, is_whole) =
            pretty(r#"{"a" :1.00,"b\"}":[ ],"c":[{"d":"x, \\"},123456789012345678901]}"#, 1_000);
        let expected = "{\n  \"a\": 1.00,\n  \"b\\\"}\": [],\n  \"c\": [\n    {\n      \"d\": \"x, \\\\\"\n    },\n    123456789012345678901\n  ]\n}";
        assert_eq!((text.as_str(), is_whole), (expected, true));
    }

    #[test]
    fn what_is_huge_or_deep_is_cut_and_says_so() {
        let huge = format!("\"{}\"", "x".repeat(1_000_000));
        let (text, is_whole) = pretty(&huge, 5_000);
        assert!(!is_whole && text.len() < 6_000, "{}", text.len());
        let deep = "[".repeat(100_000);
        let (text, is_whole) = pretty(&deep, 5_000);
        assert!(!is_whole && text.len() < 6_000, "{}", text.len());
    }
}
