//! What a completed run has found: a pure function of its input and of the output that was asked for.
//!
//! Nothing here is stored; the same request finds the same output in every run. Owns the choice of form, size and
//! temper; values are made in `value`, sources in `basis`, words in `words`, attacks in `hostile`.
//! Invariant: JSON content matches the requested schema, in the hostile and the huge forms too.

mod basis;
pub(crate) mod hostile;
mod value;
pub(crate) mod words;

use std::fmt::Write;

use serde_json::{Value, json};

use crate::behaviour::Content;
use crate::chance::Dice;
use crate::request::{Request, Shape, unreachable};
use crate::run::Run;
use basis::Library;
use value::Maker;

/// The bytes of text in a huge output.
const HUGE_BYTES: usize = 12 * 1024 * 1024;

/// A finding, field by field as the API tells it.
pub(crate) struct Output {
    /// A string for text, an object else.
    pub(crate) content: Value,
    /// A list of field bases.
    pub(crate) basis: Value,
    /// The schema of automatic output; null else.
    pub(crate) schema: Value,
    /// The calls of tools; null when there were none.
    pub(crate) tool_calls: Value,
}

/// The output of a completed `run`.
pub(crate) fn of(run: &Run) -> Output {
    let request = &run.request;
    let content = run.life.content;
    let hostile = content == Content::Hostile;
    let topic = words::subject(request.input());
    let library = Library::of(request, &topic, hostile);
    let wanted = request.spec.as_ref().map(|spec| spec.raw.to_string()).unwrap_or_default();
    let mut dice = Dice::of(&["output", &request.input().to_string(), &wanted]);
    let mut output = match request.shape() {
        Shape::Json(schema) => {
            let mut maker = Maker { root: schema, topic: &topic, hostile, dice: dice.clone() };
            let content = maker.value(schema, "", 0);
            let basis = library.of_fields(&content, &mut dice);
            Output { content, basis, schema: Value::Null, tool_calls: Value::Null }
        }
        Shape::Text => {
            let content = Value::String(report(&topic, hostile, &mut dice));
            let basis = library.of_text(&mut dice);
            Output { content, basis, schema: Value::Null, tool_calls: Value::Null }
        }
        Shape::Auto if request.choice.researches() => {
            let schema = research_schema();
            let mut maker = Maker { root: &schema, topic: &topic, hostile, dice: dice.clone() };
            let content = maker.value(&schema, "", 0);
            let basis = library.of_leaves(&content, &mut dice);
            Output { content, basis, schema, tool_calls: Value::Null }
        }
        Shape::Auto => {
            let schema = json!({});
            let found = if hostile { hostile::all() } else { words::sentence(&topic, &mut dice) };
            let basis = json!([library.entry("output", &json!(found), &mut dice)]);
            Output { content: json!({"output": found}), basis, schema, tool_calls: Value::Null }
        }
    };
    if content == Content::Huge && !inflate(&mut output.content) {
        output.basis[0]["reasoning"] = json!(filler());
    }
    output.tool_calls = tool_calls(request, &mut dice);
    output
}

/// A small report in Markdown with links to its sources.
fn report(topic: &str, hostile: bool, dice: &mut Dice) -> String {
    if hostile {
        return hostile::all();
    }
    let mut text = format!("# {topic}\n\n{}\n", words::sentence(topic, dice));
    let slug = words::slug(topic);
    for heading in ["Background", "Position"] {
        let sentence = words::sentence(topic, dice);
        write!(text, "\n## {heading}\n\n{sentence} [1](https://{slug}.example/about)\n")
            .expect("a string takes it");
    }
    text.push_str("\n## Findings\n\n");
    for n in 0..2 + dice.below(3) {
        let sentence = words::sentence(topic, dice);
        writeln!(text, "- **Point {}**: {sentence} [2](https://www.example.org/{slug})", n + 1)
            .expect("it does");
    }
    text
}

/// What deep research looks like when nobody asked for a form.
fn research_schema() -> Value {
    let text = json!({"type": "string"});
    let finding = json!({"type": "object", "required": ["title", "detail", "year"], "additionalProperties": false,
        "properties": {"title": text, "detail": text, "year": {"type": ["string", "null"]}}});
    let market = json!({"type": "object", "required": ["region", "competitors"], "additionalProperties": false,
        "properties": {"region": text, "competitors": {"type": "array", "items": text}}});
    json!({"type": "object", "required": ["summary", "market", "key_findings"], "additionalProperties": false,
        "properties": {"summary": text, "market": market, "key_findings": {"type": "array", "items": finding}}})
}

/// Fills the first text found; tells whether there was one.
fn inflate(content: &mut Value) -> bool {
    match content {
        Value::String(text) => {
            *text = filler();
            true
        }
        Value::Array(values) => values.iter_mut().any(inflate),
        Value::Object(fields) => fields.iter_mut().any(|(_, value)| inflate(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// At least [`HUGE_BYTES`] of numbered lines with quotes and letters of several bytes.
fn filler() -> String {
    let mut text = String::with_capacity(HUGE_BYTES + 100);
    let mut line = 0_u32;
    while text.len() < HUGE_BYTES {
        writeln!(text, "{line:07} \"Größe\" \\ 測定 ✓ the line says which it is").expect("a string takes it");
        line += 1;
    }
    text
}

/// One call for each MCP server that answers and each connector that was chosen.
fn tool_calls(request: &Request, dice: &mut Dice) -> Value {
    let mut names: Vec<(&str, &str)> = Vec::new();
    for server in request.mcp_servers().iter().filter(|server| !unreachable(server)) {
        let tool = server.get("allowed_tools").and_then(|tools| tools.get(0)).and_then(Value::as_str);
        let name = server.get("name").and_then(Value::as_str);
        names.extend(name.map(|name| (name, tool.unwrap_or("lookup"))));
    }
    let sources = request.body.get("advanced_settings").and_then(|settings| settings.get("data_sources"));
    for list in sources.and_then(Value::as_object).into_iter().flat_map(|lists| lists.values()) {
        names.extend(
            list.as_array().into_iter().flatten().filter_map(Value::as_str).map(|name| (name, "search")),
        );
    }
    if names.is_empty() {
        return Value::Null;
    }
    let topic = words::subject(request.input());
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let calls = names.into_iter().map(|(server, tool)| {
        json!({
            "tool_call_id": format!("call_{}", dice.letters(alphabet, 24)),
            "server_name": server,
            "tool_name": tool,
            "arguments": json!({"topic": topic}).to_string(),
            "content": json!({"hits": dice.below(9)}).to_string(),
            "error": "",
        })
    });
    calls.collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::request::schema::broken_rules;
    use crate::run::tests::run;

    fn found(processor: &str, input: &str, spec: &Value) -> Output {
        let body = json!({"processor": processor, "input": input, "task_spec": spec});
        of(&run(&body, &Config::default()))
    }

    fn spec() -> Value {
        json!({"output_schema": {"json_schema": {"type": "object", "properties": {
            "ceo": {"type": "string"}, "models": {"type": "array", "items": {"type": "string"}}}}}})
    }

    #[test]
    fn the_same_request_finds_the_same_and_another_something_else() {
        let content = |input| found("core", input, &spec()).content;
        assert_eq!(content("Acme"), content("Acme"));
        assert_ne!(content("Acme"), content("Bolt"));
    }

    #[test]
    fn every_field_and_every_list_element_has_its_basis() {
        let output = found("core", "Acme", &spec());
        let fields: Vec<&str> = output
            .basis
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|entry| entry["field"].as_str())
            .collect();
        let count = output.content["models"].as_array().map_or(0, Vec::len);
        let elements: Vec<String> = (0..count).map(|n| format!("models.{n}")).collect();
        let wanted: Vec<&str> =
            ["ceo", "models"].into_iter().chain(elements.iter().map(String::as_str)).collect();
        assert_eq!(fields, wanted);
    }

    #[test]
    fn automatic_output_is_one_sentence_below_pro_and_research_above() {
        let small = found("lite", "Acme", &Value::Null);
        assert!(small.content["output"].is_string() && small.schema == json!({}));
        let large = found("ultra", "Acme", &json!({"output_schema": {"type": "auto"}}));
        assert!(large.content["key_findings"][0]["title"].is_string());
        assert_eq!(broken_rules(&large.schema), Vec::<String>::new());
        let nested = large.basis.as_array().into_iter().flatten();
        assert!(nested.filter_map(|entry| entry["field"].as_str()).any(|f| f.starts_with("key_findings.0.")));
    }

    #[test]
    fn a_huge_output_has_twelve_megabytes_in_every_form() {
        let number = json!({"output_schema": {"json_schema": {"type": "object", "properties": {
            "n": {"type": "integer"}}}}});
        for spec in [spec(), json!({"output_schema": "a text"}), Value::Null, number] {
            let output = found("lite", "simulate:huge", &spec);
            let size = output.content.to_string().len() + output.basis.to_string().len();
            assert!(size >= HUGE_BYTES, "{spec}");
        }
    }

    #[test]
    fn a_hostile_output_still_matches_its_schema() {
        let output = found("core", "simulate:hostile", &spec());
        assert!(output.content["ceo"].is_string() && output.content["models"].is_array());
        let text = found("core", "simulate:hostile", &json!({"output_schema": "t"})).content.to_string();
        for attack in ["<script>", "javascript:", "=HYPERLINK", "\u{2028}", "\u{202e}", "\\u001b"] {
            assert!(text.contains(attack), "{attack}");
        }
    }

    #[test]
    fn sources_stay_within_the_policy() {
        let body = json!({"processor": "core", "input": "x", "task_spec": spec(),
            "source_policy": {"include_domains": ["a.example", ".edu"]}});
        let basis = of(&run(&body, &Config::default())).basis;
        for citation in
            basis.as_array().into_iter().flatten().filter_map(|e| e["citations"].as_array()).flatten()
        {
            let url = citation["url"].as_str().expect("a url");
            assert!(
                url.starts_with("https://a.example/") || url.starts_with("https://library.edu/"),
                "{url}"
            );
        }
    }

    #[test]
    fn tools_are_called_by_servers_that_answer_and_their_arguments_are_text() {
        let body = json!({"processor": "core", "input": "x",
            "mcp_servers": [{"name": "kb", "url": "https://kb.example/mcp", "allowed_tools": ["find"]},
                            {"name": "gone", "url": "https://unreachable.example/mcp"}],
            "advanced_settings": {"data_sources": {"free": ["pubmed"]}}});
        let calls = of(&run(&body, &Config::default())).tool_calls;
        let names: Vec<&str> =
            calls.as_array().into_iter().flatten().filter_map(|c| c["server_name"].as_str()).collect();
        assert_eq!(names, ["kb", "pubmed"]);
        assert_eq!(calls[0]["tool_name"], "find");
        assert_eq!(calls[0]["arguments"], "{\"topic\":\"x\"}");
    }
}
