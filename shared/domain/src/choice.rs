//! Which processor fits when nobody chose one and the upstream does not say.
//!
//! The order is: what the caller asked for, what the upstream suggests, and last [`heuristic`], which knows only what was
//! asked for. It falls back to [`processor::FALLBACK`]. Invariant: every choice comes with a reason that people understand.

use serde_json::Value;

use crate::group::Output;
use crate::{processor, schema};

/// Words of work that takes the most thorough research; looked for first, since such texts hold simpler words too.
const ULTRA_WORDS: [&str; 7] =
    ["deep", "comprehensive", "competitive", "exhaustive", "in depth", "due diligence", "deep research"];
/// Words of work that takes exploring.
const PRO_WORDS: [&str; 8] =
    ["analysis", "analyze", "trend", "trends", "market", "research", "compare", "landscape"];
/// Words of plain enrichment.
const CORE_WORDS: [&str; 3] = ["enrichment", "enrich", "company"];
/// Beginnings of plain questions.
const SIMPLE_WORDS: [&str; 6] = ["what is", "when was", "how many", "who is", "where is", "which year"];

/// A text longer than this asks for more than a question does.
const SIMPLE_CHARS: usize = 50;
/// A text longer than this is a brief for research.
const LONG_CHARS: usize = 1_500;
/// Objects within each other from which an output counts as complex.
const COMPLEX_LEVELS: usize = 3;

/// A processor with the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The processor.
    pub processor: String,
    /// Why, for people.
    pub reason: String,
}

impl Choice {
    fn new(processor: &str, reason: impl Into<String>) -> Self {
        Self { processor: processor.to_owned(), reason: reason.into() }
    }

    /// What the caller asked for.
    #[must_use]
    pub fn asked_for(processor: &str) -> Self {
        Self::new(processor, "asked for")
    }
}

/// The processor that fits this work by the look of it.
///
/// `suggested` is the output schema where it is known otherwise than from `output`; `input` is one row as JSON, for its words and length.
#[must_use]
pub fn heuristic(output: &Output, suggested: Option<&Value>, input: Option<&str>) -> Choice {
    let own = match output {
        Output::Json { schema } => serde_json::from_str::<Value>(schema.get()).ok(),
        _ => None,
    };
    let schema = suggested.or(own.as_ref());
    let text = text(output, schema, input);
    let words = words(&text);
    let has = |list: &[&'static str]| list.iter().find(|word| words.contains(&format!(" {word} "))).copied();
    let fields = schema.map_or(0, |schema| schema::fields(schema).count());
    let levels = schema.map_or(0, schema::levels);
    let guidance = |name: &str| processor::find(name).map_or(0, |processor| processor.fields);

    if let Some(word) = has(&ULTRA_WORDS) {
        return Choice::new("ultra", format!("\"{word}\" asks for thorough research"));
    }
    if fields > guidance("pro") {
        return Choice::new("ultra", format!("{fields} fields are more than pro is good for"));
    }
    if let Some(word) = has(&PRO_WORDS) {
        return Choice::new("pro", format!("\"{word}\" asks for exploring"));
    }
    if fields > guidance("core") {
        return Choice::new("pro", format!("{fields} fields are more than core is good for"));
    }
    if levels >= COMPLEX_LEVELS {
        return Choice::new("pro", format!("the output has {levels} levels of objects"));
    }
    if text.chars().count() > LONG_CHARS {
        return Choice::new("pro", "the description is long");
    }
    if fields > guidance("base") {
        return Choice::new("core", format!("{fields} fields are more than base is good for"));
    }
    if let Some(word) = has(&CORE_WORDS) {
        return Choice::new("core", format!("\"{word}\" is plain enrichment"));
    }
    if let Some(word) = has(&SIMPLE_WORDS) {
        let is_short = text.chars().count() < SIMPLE_CHARS && fields <= guidance("lite");
        return Choice::new(
            if is_short { "lite" } else { "base" },
            format!("\"{word}\" is a plain question"),
        );
    }
    Choice::new(processor::FALLBACK, "nothing asks for more or less")
}

/// Everything said about the work, in words.
fn text(output: &Output, schema: Option<&Value>, input: Option<&str>) -> String {
    let mut text = match output {
        Output::Text { description } => description.clone().unwrap_or_default(),
        Output::Described { description } => description.clone(),
        Output::Json { .. } | Output::Auto => String::new(),
    };
    if let Some(schema) = schema {
        descriptions(schema, &mut text);
    }
    // an object's values are data to enrich; a text is a question
    if let Some(Value::String(question)) = input.and_then(|input| serde_json::from_str(input).ok()) {
        append(&question, &mut text);
    }
    text
}

fn descriptions(schema: &Value, text: &mut String) {
    match schema {
        Value::Object(node) => {
            if let Some(description) = node.get("description").and_then(Value::as_str) {
                append(description, text);
            }
            node.values().for_each(|child| descriptions(child, text));
        }
        Value::Array(items) => items.iter().for_each(|child| descriptions(child, text)),
        _ => {}
    }
}

fn append(more: &str, text: &mut String) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

/// The words in lower case, with one space between and around them.
fn words(text: &str) -> String {
    let mut words = String::from(" ");
    for word in text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()) {
        words.push_str(&word.to_lowercase());
        words.push(' ');
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(description: &str) -> Output {
        Output::Text { description: Some(description.to_owned()) }
    }

    fn fields(count: usize) -> Value {
        let properties: serde_json::Map<String, Value> =
            (0..count).map(|at| (format!("p{at}"), json!({"type": "string"}))).collect();
        json!({ "type": "object", "properties": properties })
    }

    #[test]
    fn words_decide_and_the_most_thorough_first() {
        for (query, expected) in [
            ("What is the founding year?", "lite"),
            ("What is the founding year of the firm and of each of its subsidiaries?", "base"),
            ("Company enrichment", "core"),
            ("How many companies analyze this company", "pro"),
            ("Market analysis", "pro"),
            ("Comprehensive market research", "ultra"),
            ("Deep research on competitive trends", "ultra"),
            ("An in-depth look", "ultra"),
            ("Researchers who marketed deeply", "core"),
            ("", "core"),
        ] {
            assert_eq!(heuristic(&text(query), None, None).processor, expected, "{query}");
        }
    }

    #[test]
    fn fields_levels_and_length_ask_for_more() {
        let auto = Output::Auto;
        let nested = json!({"type": "object", "properties": {"a": {"type": "object", "properties":
            {"b": {"type": "object", "properties": {"c": {"type": "string"}}}}}}});
        for (schema, expected) in [
            (fields(1), "core"),
            (fields(6), "core"),
            (fields(10), "core"),
            (fields(11), "pro"),
            (fields(20), "pro"),
            (fields(21), "ultra"),
            (nested, "pro"),
        ] {
            assert_eq!(heuristic(&auto, Some(&schema), None).processor, expected, "{schema}");
        }
        assert_eq!(heuristic(&text(&"word ".repeat(400)), None, None).processor, "pro");
    }

    #[test]
    fn a_row_of_text_is_a_question_and_a_row_of_data_is_not() {
        let choose = |input| heuristic(&Output::Auto, None, Some(input)).processor;
        assert_eq!(choose("\"A comprehensive report\""), "ultra");
        assert_eq!(choose(r#"{"name": "Comprehensive Ltd."}"#), "core");
    }

    #[test]
    fn the_words_of_a_schemas_descriptions_count() {
        let schema = json!({"type": "object", "properties": {"x": {"type": "string", "description": "Market trends"}}});
        let output = Output::Json { schema: serde_json::value::to_raw_value(&schema).expect("JSON").into() };
        let choice = heuristic(&output, None, None);
        assert_eq!(
            (choice.processor.as_str(), choice.reason.as_str()),
            ("pro", "\"trends\" asks for exploring")
        );
    }
}
