//! The basis of an output: for each field its reasoning, citations and confidence.
//!
//! Covers each top-level field and each element of top-level lists; automatic research output is covered in depth,
//! out of order and with gaps, as recorded. Invariant: every `field` names a place that exists in the content.

use serde_json::{Value, json};

use super::{hostile, words};
use crate::chance::Dice;
use crate::request::Request;

/// Where citations come from.
pub(super) struct Library {
    hosts: Vec<String>,
    topic: String,
    hostile: bool,
}

impl Library {
    /// The sources for `request`: the domains its policy names, else made-up ones.
    pub(super) fn of(request: &Request, topic: &str, hostile: bool) -> Self {
        let named = request.body.get("source_policy").and_then(|policy| policy.get("include_domains"));
        let named = named.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let mut hosts: Vec<String> = named
            .map(|entry| if entry.starts_with('.') { format!("library{entry}") } else { entry.to_owned() })
            .collect();
        if hosts.is_empty() {
            let slug = words::slug(topic);
            hosts = vec![format!("{slug}.example"), "www.example.org".into(), "news.example.net".into()];
        }
        Self { hosts, topic: topic.to_owned(), hostile }
    }

    fn citation(&self, dice: &mut Dice) -> Value {
        if self.hostile {
            let (title, excerpt) = (hostile::text(dice), hostile::text(dice));
            return json!({"title": title, "url": hostile::url(dice), "excerpts": [excerpt]});
        }
        let host = dice.pick(&self.hosts).trim_end_matches('/');
        let page = dice.pick(&["about", "press", "report", "archive"]);
        let title = if dice.below(6) == 0 { Value::Null } else { json!(format!("{}: {page}", self.topic)) };
        let excerpts: Vec<String> = (0..dice.below(3)).map(|_| words::sentence(&self.topic, dice)).collect();
        json!({"title": title, "url": format!("https://{host}/{page}-{}", dice.below(90)), "excerpts": excerpts})
    }

    /// The entry for one field.
    pub(super) fn entry(&self, field: &str, value: &Value, dice: &mut Dice) -> Value {
        let (count, confidence, reasoning) = if value.is_null() {
            (0, "low", "No source states it.".to_owned())
        } else {
            let confidence = *dice.pick(&["low", "medium", "high", "high"]);
            let reasoning = match confidence {
                "high" => "Independent sources give the same answer.",
                "medium" => "One source states it, another one hints at it.",
                _ => "Inferred from a single page.",
            };
            (1 + dice.below(3), confidence, reasoning.to_owned())
        };
        let citations: Vec<Value> = (0..count).map(|_| self.citation(dice)).collect();
        let reasoning = if self.hostile { hostile::text(dice) } else { reasoning };
        json!({"field": field, "citations": citations, "reasoning": reasoning, "confidence": confidence})
    }

    /// The entry of a text: it cites many.
    pub(super) fn of_text(&self, dice: &mut Dice) -> Value {
        let citations: Vec<Value> = (0..3 + dice.below(4)).map(|_| self.citation(dice)).collect();
        json!([{"field": "output", "citations": citations,
            "reasoning": "Put together from the pages cited.", "confidence": dice.pick(&["medium", "high"])}])
    }

    /// Entries for each top-level field and each element of its lists.
    pub(super) fn of_fields(&self, content: &Value, dice: &mut Dice) -> Value {
        let mut basis = Vec::new();
        for (name, value) in content.as_object().into_iter().flatten() {
            basis.push(self.entry(name, value, dice));
            for (n, element) in value.as_array().into_iter().flatten().enumerate() {
                basis.push(self.entry(&format!("{name}.{n}"), element, dice));
            }
        }
        basis.into()
    }

    /// Entries for every leaf, some left out, not in the order of the content.
    pub(super) fn of_leaves(&self, content: &Value, dice: &mut Dice) -> Value {
        let mut leaves = Vec::new();
        collect(content, "", &mut leaves);
        let mut basis: Vec<Value> = Vec::new();
        for (path, value) in leaves {
            if dice.below(8) > 0 {
                let entry = self.entry(&path, value, dice);
                basis.insert(dice.below(basis.len() + 1), entry);
            }
        }
        basis.into()
    }
}

fn collect<'v>(value: &'v Value, path: &str, leaves: &mut Vec<(String, &'v Value)>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| collect(value, &below(name), leaves)),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(n, value)| collect(value, &below(&n.to_string()), leaves));
        }
        leaf => leaves.push((path.to_owned(), leaf)),
    }
}
