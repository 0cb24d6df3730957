//! What may stand in `source_policy` and `advanced_settings`.

use serde_json::{Map, Value, json};

use super::{fault, rule};
use crate::refusal::Complaint;

const ENTRIES: usize = 200;
const FREE: [&str; 6] = ["pubmed", "clinical_trials", "chembl", "biorxiv", "npi_registry", "cms_coverage"];
const PAID: [&str; 1] = ["carbonarc"];

/// Judges a `source_policy` object.
pub(super) fn sources(policy: &Value) -> Vec<Complaint> {
    let loc = |name: &str| vec![json!("body"), json!("source_policy"), json!(name)];
    let Some(policy) = policy.as_object() else {
        let loc = [json!("body"), json!("source_policy")];
        return vec![fault("model_type", &loc, "Input should be a valid dictionary", policy)];
    };
    let mut found = Vec::new();
    let mut entries = 0;
    for name in ["include_domains", "exclude_domains"] {
        let list = match policy.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(list)) => list,
            Some(other) => {
                found.push(fault("list_type", &loc(name), "Input should be a valid list", other));
                continue;
            }
        };
        entries += list.len();
        for (n, entry) in list.iter().enumerate() {
            if !entry.as_str().is_some_and(is_source) {
                let msg = "Entry is not a domain, a domain with a path, or an extension".to_owned();
                found.push(rule(&[loc(name), vec![json!(n)]].concat(), msg, entry));
            }
        }
    }
    if entries > ENTRIES {
        let msg = format!("Source policy has {entries} entries, at most {ENTRIES} are allowed");
        found.push(rule(&[json!("body"), json!("source_policy")], msg, &Value::Null));
    }
    match policy.get("after_date") {
        None | Some(Value::Null) => {}
        Some(date) if date.as_str().is_some_and(is_date) => {}
        Some(other) => {
            found.push(fault(
                "date_from_datetime_parsing",
                &loc("after_date"),
                "Input should be a date",
                other,
            ));
        }
    }
    found
}

/// An apex domain, a domain with a path, or a bare extension: no scheme, port, query or fragment.
fn is_source(entry: &str) -> bool {
    let (host, path) = entry.split_once('/').unwrap_or((entry, ""));
    let labels = host.strip_prefix('.').unwrap_or(host);
    let extension = host.starts_with('.');
    let well_formed = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-') && !label.starts_with('-')
    };
    labels.split('.').all(well_formed)
        && (extension || labels.contains('.'))
        && (!extension || path.is_empty())
        && !path.contains(['?', '#', ' ', ':'])
}

/// `YYYY-MM-DD`, a day that exists.
fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// Judges an `advanced_settings` object; `servers` are the names of the MCP servers beside it.
pub(super) fn settings(settings: &Value, servers: &[&str]) -> Vec<Complaint> {
    let root = [json!("body"), json!("advanced_settings")];
    let Some(settings) = settings.as_object() else {
        return vec![fault("model_type", &root, "Input should be a valid dictionary", settings)];
    };
    let mut found = Vec::new();
    match settings.get("location") {
        None | Some(Value::Null) => {}
        Some(Value::String(code)) if code.len() == 2 && code.bytes().all(|b| b.is_ascii_alphabetic()) => {}
        Some(other) => {
            let loc = [root.as_slice(), &[json!("location")]].concat();
            found.push(rule(&loc, "Location must be an ISO 3166-1 alpha-2 code".into(), other));
        }
    }
    let loc = [root.as_slice(), &[json!("data_sources")]].concat();
    match settings.get("data_sources") {
        None | Some(Value::Null) => {}
        Some(Value::Object(lists)) => found.extend(connectors(lists, &loc, servers)),
        Some(other) => found.push(fault("model_type", &loc, "Input should be a valid dictionary", other)),
    }
    found
}

fn connectors(lists: &Map<String, Value>, loc: &[Value], servers: &[&str]) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (name, list) in lists {
        let loc = [loc, &[json!(name)]].concat();
        let usable: &[&str] = match name.as_str() {
            "free" => &FREE,
            "pay_per_use" => &PAID,
            _ => {
                found.push(fault("extra_forbidden", &loc, "Extra inputs are not permitted", list));
                continue;
            }
        };
        let Some(list) = list.as_array() else {
            found.push(fault("list_type", &loc, "Input should be a valid list", list));
            continue;
        };
        for (n, entry) in list.iter().enumerate() {
            let loc = [loc.as_slice(), &[json!(n)]].concat();
            match entry.as_str() {
                Some(connector) if servers.contains(&connector) => {
                    let msg = format!("Data source '{connector}' has the name of an MCP server");
                    found.push(rule(&loc, msg, entry));
                }
                Some(connector) if usable.contains(&connector) => {}
                _ => {
                    let msg = format!("Data source is not available here; usable are: {}", usable.join(", "));
                    found.push(rule(&loc, msg, entry));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_domains_paths_and_extensions_only() {
        for entry in ["a.example", "www.a.example", "a.example/news/2026", "a.example/x/", ".edu", ".co.uk"] {
            assert!(is_source(entry), "{entry}");
        }
        for entry in [
            "",
            "localhost",
            "https://a.example",
            "a.example:443",
            "a.example/x?y",
            "a.example#z",
            "a..b",
            ".edu/x",
            "a b.example",
        ] {
            assert!(!is_source(entry), "{entry}");
        }
    }

    #[test]
    fn two_hundred_entries_are_the_most_both_lists_together() {
        let list = |count: usize| -> Vec<String> { (0..count).map(|n| format!("d{n}.example")).collect() };
        let policy = |a, b| json!({"include_domains": list(a), "exclude_domains": list(b)});
        assert!(sources(&policy(100, 100)).is_empty());
        assert_eq!(sources(&policy(100, 101)).len(), 1);
    }

    #[test]
    fn dates_must_exist() {
        assert!(sources(&json!({"after_date": "2024-02-29"})).is_empty());
        for date in [json!("2025-02-29"), json!("2025-2-1"), json!("yesterday"), json!(20)] {
            assert_eq!(sources(&json!({"after_date": date})).len(), 1);
        }
    }

    #[test]
    fn connectors_belong_to_their_list_and_extra_keys_are_forbidden() {
        let judge = |sources: Value| settings(&json!({"data_sources": sources}), &["chembl"]);
        assert!(judge(json!({"free": ["pubmed"], "pay_per_use": ["carbonarc"]})).is_empty());
        assert!(judge(json!({"free": ["nobody"]}))[0].msg.contains("pubmed"));
        assert_eq!(judge(json!({"pay_per_use": ["pubmed"]})).len(), 1);
        assert_eq!(judge(json!({"free": ["chembl"]})).len(), 1);
        assert_eq!(judge(json!({"extra": []}))[0].kind, "extra_forbidden");
        assert_eq!(settings(&json!({"location": "usa"}), &[]).len(), 1);
        assert!(settings(&json!({"location": "us"}), &[]).is_empty());
    }
}
