//! What the workspace depends on, against `deny.toml`: licences, banned crates, one HTTP and one TLS stack.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use deployment::tools;
use serde_json::Value;

/// The rules, as `deny.toml` states them.
fn rules() -> toml::Table {
    let text = std::fs::read_to_string(deployment::root().join("deny.toml")).expect("the rules can be read");
    text.parse().expect("they are TOML")
}

/// All packages that a build for one of our platforms uses, its tests included.
fn packages() -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked"]).current_dir(deployment::root());
    for target in rules()["graph"]["targets"].as_array().expect("targets") {
        cargo.args(["--filter-platform", target.as_str().expect("a target has a name")]);
    }
    let metadata: Value = serde_json::from_str(&tools::output(&mut cargo)).expect("cargo prints JSON");
    let used: BTreeSet<&str> = metadata["resolve"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .filter_map(|node| node["id"].as_str())
        .collect();
    let packages = metadata["packages"].as_array().expect("packages").iter();
    packages.filter(|package| package["id"].as_str().is_some_and(|id| used.contains(id))).cloned().collect()
}

fn field<'a>(package: &'a Value, name: &str) -> &'a str {
    package[name].as_str().unwrap_or_default()
}

/// Whether an SPDX expression can be satisfied with the allowed licences. `/` is the old spelling of `OR`.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let verdict = either(&words, &mut at, allowed);
    verdict && at == words.len()
}

fn either(words: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let mut verdict = both(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        verdict |= both(words, at, allowed);
    }
    verdict
}

fn both(words: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let mut verdict = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        verdict &= one(words, at, allowed);
    }
    verdict
}

fn one(words: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let verdict = either(words, at, allowed);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return verdict && closed;
    }
    let mut licence = (*word).to_owned();
    if words.get(*at) == Some(&"WITH") {
        licence = format!("{word} WITH {}", words.get(*at + 1).unwrap_or(&""));
        *at += 2;
    }
    allowed.contains(&licence.as_str())
}

#[test]
fn a_licence_expression_is_read_as_its_words_say() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"];
    for good in [
        "MIT",
        "MIT OR GPL-3.0",
        "GPL-3.0/MIT",
        "MIT AND ISC",
        "(GPL-3.0 OR ISC) AND MIT",
        "Apache-2.0 WITH LLVM-exception OR X",
    ] {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in
        ["", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "(MIT OR ISC", "GPL-3.0 OR (ISC AND X)", "MIT ISC"]
    {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    let rules = rules();
    let allowed: Vec<&str> = rules["licenses"]["allow"]
        .as_array()
        .expect("licences")
        .iter()
        .filter_map(toml::Value::as_str)
        .collect();
    let refused: Vec<String> = packages()
        .iter()
        .filter(|package| !is_allowed(field(package, "license"), &allowed))
        .map(|package| format!("{} has {}", field(package, "name"), package["license"]))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn no_banned_crate_comes_in_and_no_stack_comes_twice() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        versions
            .entry(field(&package, "name").to_owned())
            .or_default()
            .insert(field(&package, "version").to_owned());
    }
    for ban in rules()["bans"]["deny"].as_array().expect("bans") {
        let name = ban["crate"].as_str().expect("a ban names a crate");
        let once = ban.get("deny-multiple-versions").and_then(toml::Value::as_bool) == Some(true);
        let found = versions.get(name).cloned().unwrap_or_default();
        assert_eq!(found.len(), usize::from(once), "{name}: {found:?}");
    }
}

#[test]
fn everything_comes_from_the_registry_or_from_here() {
    for package in packages() {
        let source = package["source"].as_str();
        assert!(source.is_none_or(|source| source.starts_with("registry+")), "{}", field(&package, "name"));
    }
}
