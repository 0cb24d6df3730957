//! The sources of a crate, cut into functions, so that tests can tell what is called from where.
//!
//! Reads text and knows no types: a call is a name before a bracket. It may see more calls than there are, never fewer, as long as
//! methods are called on `self` within a crate. Invariant: comments and test modules are not code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// One function of a crate, without any white space.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Whether it is called on a value.
    pub is_method: bool,
    /// Its parameters, with their types.
    pub parameters: String,
    /// Its body.
    pub body: String,
}

/// All code below a folder of the workspace, without any white space.
#[must_use]
pub fn of(folder: &str) -> String {
    sources(&crate::root().join(folder)).iter().map(|text| squeezed(text)).collect()
}

/// All functions below a folder of the workspace.
#[must_use]
pub fn functions(folder: &str) -> Vec<Function> {
    sources(&crate::root().join(folder)).iter().flat_map(|text| cut(text)).collect()
}

/// The texts of all Rust files below a folder, up to their test modules, without comments.
///
/// # Panics
/// When a file cannot be read.
fn sources(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        let is_of_tests = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !is_of_tests {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_of_tests {
            let text = fs::read_to_string(&path).expect("a source can be read");
            let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let lines = lines.map(|line| line.split(" // ").next().unwrap_or_default());
            found.push(lines.fold(String::new(), |all, line| all + line + "\n"));
        }
    }
    found
}

fn cut(text: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("fn ") {
        if text[..at].chars().next_back().is_some_and(|before| !before.is_whitespace()) {
            continue;
        }
        let rest = &text[at + 3..];
        let name: String = rest.chars().take_while(|letter| is_word(*letter)).collect();
        let part = |open| rest.find(open).and_then(|open| enclosed(&rest[open..]));
        let parameters = part('(').unwrap_or_else(|| panic!("the parameters of {name} have no end"));
        let body = part('{').unwrap_or_else(|| panic!("the body of {name} has no end"));
        let is_method =
            parameters.trim_start().starts_with("&self") || parameters.trim_start().starts_with("self");
        found.push(Function { name, is_method, parameters: squeezed(parameters), body: squeezed(body) });
    }
    found
}

/// What stands between the bracket with which a text begins and the one that closes it; brackets in texts do not count.
#[must_use]
pub fn enclosed(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let mut rest = text.char_indices();
    while let Some((at, letter)) = rest.next() {
        match letter {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth = depth.checked_sub(1)?,
            '"' => {
                while let Some((_, letter)) = rest.next() {
                    match letter {
                        '"' => break,
                        '\\' => _ = rest.next(),
                        _ => {}
                    }
                }
            }
            // a character, and no lifetime: it is closed
            '\'' => {
                let character: Vec<char> = text[at + 1..].chars().take(3).collect();
                let length = match character[..] {
                    ['\\', _, '\''] => 3,
                    [_, '\'', ..] => 2,
                    _ => 0,
                };
                for _ in 0..length {
                    rest.next();
                }
            }
            _ => {}
        }
        if depth == 0 {
            return text.get(1..at);
        }
    }
    None
}

/// The arguments of each call of `name` in a code without white space, where the text before the name satisfies `asked`.
pub fn calls<'a>(
    code: &'a str,
    name: &str,
    asked: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = &'a str> {
    let call = format!("{name}(");
    let places: Vec<usize> = code.match_indices(&call).map(|(at, _)| at).collect();
    let brackets = call.len() - 1;
    places.into_iter().filter_map(move |at| {
        let before = &code[..at];
        let is_whole = !before.chars().next_back().is_some_and(is_word);
        (is_whole && asked(before)).then(|| enclosed(&code[at + brackets..])).flatten()
    })
}

/// The names of a function's parameters.
#[must_use]
pub fn parameters(function: &Function) -> BTreeSet<&str> {
    let pieces = function.parameters.split(',');
    pieces.filter_map(|piece| Some(piece.split_once(':')?.0)).collect()
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_with_their_parameters_and_bodies() {
        let found = cut(
            "impl A {\n    pub async fn one(&self, table: &str) -> B {\n        self.two({ 1 })\n    }\n}\nfn two() {}\n",
        );
        let names: Vec<_> = found.iter().map(|found| (found.name.as_str(), found.is_method)).collect();
        assert_eq!(names, [("one", true), ("two", false)]);
        assert_eq!(found[0].body, "self.two({1})");
        assert!(parameters(&found[0]).contains("table"));
    }

    #[test]
    fn brackets_in_texts_and_characters_do_not_count() {
        assert_eq!(
            enclosed(r#"(f("(\")"),'(','\'',b::<'a>())rest"#),
            Some(r#"f("(\")"),'(','\'',b::<'a>()"#)
        );
        assert_eq!(enclosed("(a"), None);
    }

    #[test]
    fn a_call_is_a_whole_name_before_a_bracket() {
        let code = "self.put(a,(b));input.put_all(c);reput(d);put";
        let any: Vec<_> = calls(code, "put", |_| true).collect();
        assert_eq!(any, ["a,(b)"]);
        assert_eq!(calls(code, "put", |before| before.ends_with("other.")).count(), 0);
    }
}
