//! The vocabulary of made-up findings: what a string of that name might say.
//!
//! Knows nothing of schemas. Invariant: the same dice give the same words, and no word needs escaping anywhere.

use serde_json::Value;

use crate::chance::Dice;

const FIRST: [&str; 8] = ["Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Haruki"];
const LAST: [&str; 8] =
    ["Almeida", "Brandt", "Castellano", "Dvorak", "Eriksen", "Fontaine", "Grewal", "Hayashi"];
const COMPANIES: [&str; 6] =
    ["Northwind Kiln", "Southwind Clay", "Harbour Optics", "Lindgren Tools", "Vega Freight", "Ostrava Glass"];
const CITIES: [&str; 8] = ["Duluth", "Porto", "Graz", "Tampere", "Leeds", "Nagoya", "Cork", "Ghent"];
const COUNTRIES: [&str; 8] =
    ["Portugal", "Austria", "Finland", "Japan", "Ireland", "Belgium", "Canada", "Czechia"];
const NOUNS: [&str; 8] = ["kilns", "optics", "freight", "ceramics", "tooling", "glazes", "sensors", "pumps"];
const ADJECTIVES: [&str; 8] =
    ["steady", "regional", "family-owned", "export-led", "young", "public", "niche", "certified"];
const VERBS: [&str; 6] = ["makes", "exports", "repairs", "designs", "rents out", "certifies"];

/// What an input is about: its first short text, at most 60 characters without control characters.
pub(crate) fn subject(input: &Value) -> String {
    fn first(value: &Value) -> Option<&str> {
        match value {
            Value::String(text) if !text.trim().is_empty() => Some(text.trim()),
            Value::Array(values) => values.iter().find_map(first),
            Value::Object(fields) => {
                fields.iter().filter(|(name, _)| *name != "simulate").find_map(|(_, v)| first(v))
            }
            _ => None,
        }
    }
    let text = first(input).unwrap_or("the subject");
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// `text` as a host label: lower case, hyphens, at most 30 characters, never empty.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase).take(60) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(30);
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "subject".to_owned() } else { slug.to_owned() }
}

/// A sentence about `topic`.
pub(crate) fn sentence(topic: &str, dice: &mut Dice) -> String {
    let (adjective, verb, noun) = (dice.pick(&ADJECTIVES), dice.pick(&VERBS), dice.pick(&NOUNS));
    let (city, year) = (dice.pick(&CITIES), dice.between(1948, 2023));
    match dice.below(3) {
        0 => format!("{topic} is a {adjective} business in {city} that {verb} {noun} since {year}."),
        1 => format!("Since {year}, {topic} {verb} {noun} and is seen as {adjective} in {city}."),
        _ => format!("In {city}, {topic} {verb} {noun}; a report of {year} calls it {adjective}."),
    }
}

/// A text for a field called `name`, about `topic`.
pub(crate) fn text(name: &str, topic: &str, dice: &mut Dice) -> String {
    let name = name.to_lowercase();
    let has = |needles: &[&str]| needles.iter().any(|needle| name.contains(needle));
    if has(&["year"]) {
        dice.between(1948, 2024).to_string()
    } else if has(&["date", "_at", "since", "deadline"]) {
        format!("{}-{:02}-{:02}", dice.between(2019, 2026), dice.between(1, 12), dice.between(1, 28))
    } else if has(&["mail"]) {
        format!("info@{}.example", slug(topic))
    } else if has(&["url", "website", "link", "homepage", "domain"]) {
        format!("https://{}.example/", slug(topic))
    } else if has(&["phone"]) {
        format!("+1 555 01{:02}", dice.below(100))
    } else if has(&["ceo", "founder", "person", "author", "contact", "owner", "chair", "director"]) {
        format!("{} {}", dice.pick(&FIRST), dice.pick(&LAST))
    } else if has(&["country", "nation"]) {
        (*dice.pick(&COUNTRIES)).to_owned()
    } else if has(&["city", "headquarter", "location", "place", "address", "region"]) {
        (*dice.pick(&CITIES)).to_owned()
    } else if has(&["company", "competitor", "customer", "supplier", "brand", "organi"]) {
        (*dice.pick(&COMPANIES)).to_owned()
    } else if has(&["price", "revenue", "amount", "cost", "funding", "valuation"]) {
        format!("{} million USD", dice.between(1, 900))
    } else if has(&["industry", "sector", "category", "segment", "tag", "keyword"]) {
        (*dice.pick(&NOUNS)).to_owned()
    } else if has(&["name", "title", "product", "model"]) {
        format!("{} {}", capital(dice.pick::<&str>(&ADJECTIVES)), dice.pick(&NOUNS))
    } else {
        sentence(topic, dice)
    }
}

/// A whole number for a field called `name`.
pub(crate) fn integer(name: &str, dice: &mut Dice) -> i64 {
    let name = name.to_lowercase();
    if name.contains("year") {
        dice.between(1948, 2024)
    } else if name.contains("employee") || name.contains("headcount") {
        dice.between(8, 4_000)
    } else if name.contains("percent") || name.contains("score") {
        dice.between(0, 100)
    } else {
        dice.between(1, 1_000)
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_subject_is_the_first_text_of_an_input() {
        assert_eq!(subject(&json!({"simulate": "slow", "n": 4, "company": " Acme\u{7} "})), "Acme");
        assert_eq!(subject(&json!({})), "the subject");
        assert_eq!(subject(&json!("x".repeat(100))).len(), 60);
    }

    #[test]
    fn slugs_are_host_labels() {
        assert_eq!(slug("Northwind Kiln Co."), "northwind-kiln-co");
        assert_eq!(slug("株式会社"), "subject");
        assert!(slug(&"a b ".repeat(40)).len() <= 30);
    }
}
