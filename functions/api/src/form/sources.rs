//! `source_policy`: where the upstream may look, by domains and a date; or one of two named presets.

use domain::fault::{Fault, join};
use domain::limits::{SOURCE_CHARS, SOURCE_ENTRIES};
use serde_json::{Map, Value, json};

use super::Fields;

/// Places of research that was reviewed, or is about to be.
const ACADEMIC: [&str; 10] = [
    ".edu",
    ".ac.uk",
    "arxiv.org",
    "biorxiv.org",
    "nature.com",
    "ncbi.nlm.nih.gov",
    "plos.org",
    "pubmed.ncbi.nlm.nih.gov",
    "science.org",
    "semanticscholar.org",
];
/// Places of filings, figures and the news about them.
const FINANCE: [&str; 9] = [
    "bloomberg.com",
    "companieshouse.gov.uk",
    "federalreserve.gov",
    "ft.com",
    "imf.org",
    "nasdaq.com",
    "reuters.com",
    "sec.gov",
    "wsj.com",
];

/// The policy as the upstream takes it.
pub(super) fn policy(fields: &mut Fields) -> Option<Value> {
    let given = fields.value("source_policy")?;
    let policy = match &given {
        Value::String(preset) => match preset.as_str() {
            "academic" => return Some(json!({ "include_domains": ACADEMIC })),
            "finance" => return Some(json!({ "include_domains": FINANCE })),
            _ => None,
        },
        Value::Object(policy) => Some(policy),
        _ => None,
    };
    let Some(policy) = policy else {
        fields.fault(
            "/source_policy",
            "must be an object with include_domains, exclude_domains and after_date, or the preset academic or finance",
        );
        return None;
    };
    fields.faults(faults(policy));
    Some(given)
}

fn faults(policy: &Map<String, Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut entries = 0;
    for (name, value) in policy {
        let pointer = join("/source_policy", name);
        let mut fault = |pointer: String, message: &str| faults.push(Fault::new(pointer, message));
        match (name.as_str(), value) {
            (_, Value::Null) => {}
            ("include_domains" | "exclude_domains", Value::Array(list)) => {
                entries += list.len();
                for (at, entry) in list.iter().take(SOURCE_ENTRIES).enumerate() {
                    if !entry.as_str().is_some_and(is_source) {
                        fault(
                            format!("{pointer}/{at}"),
                            "must be a domain, a domain with a path, or an ending such as .edu; without a scheme, port or query",
                        );
                    }
                }
            }
            ("include_domains" | "exclude_domains", _) => fault(pointer, "must be an array of domains"),
            ("after_date", Value::String(date)) if is_date(date) => {}
            ("after_date", _) => fault(pointer, "must be a date as in 2026-01-31"),
            _ => fault(
                pointer,
                "is not a known field; known are include_domains, exclude_domains and after_date",
            ),
        }
    }
    if entries > SOURCE_ENTRIES {
        let message = format!("has {entries} domains; at most {SOURCE_ENTRIES}");
        faults.push(Fault::new("/source_policy", message));
    }
    faults
}

fn is_source(entry: &str) -> bool {
    let (host, path) = entry.split_once('/').unwrap_or((entry, ""));
    let (labels, is_ending) = match host.strip_prefix('.') {
        Some(labels) => (labels, true),
        None => (host, false),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.chars().all(|char| char.is_alphanumeric() || char == '-')
    };
    entry.chars().count() <= SOURCE_CHARS
        && labels.split('.').all(is_label)
        && (is_ending || labels.contains('.'))
        && (!is_ending || path.is_empty())
        && !path.contains(['?', '#', ' ', ':'])
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(policy: &Value) -> Vec<String> {
        let body = json!({ "source_policy": policy }).to_string();
        let mut fields = super::super::json(body.as_bytes()).expect("JSON");
        let _ = super::policy(&mut fields);
        fields.finish().into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn each_entry_is_a_domain_a_path_or_an_ending() {
        let good = json!({
            "include_domains": ["example.com", "a.example.co.uk/docs/x", ".edu", ".co.uk", "b\u{fc}cher.example"],
            "after_date": "2026-01-31", "exclude_domains": null,
        });
        assert_eq!(told(&good), Vec::<String>::new());
        let long = |chars: usize| format!("{}.com", "a".repeat(chars - 4));
        assert_eq!(told(&json!({"include_domains": [long(SOURCE_CHARS)]})), Vec::<String>::new());
        assert_eq!(told(&json!({"include_domains": [long(SOURCE_CHARS + 1)]})).len(), 1);
        for bad in
            ["https://a.com", "a", "a.com:80", "a.com/x?y", ".edu/x", "", "-a.com", "a..com", "a b.com"]
        {
            assert_eq!(
                told(&json!({"exclude_domains": [bad]})),
                ["/source_policy/exclude_domains/0"],
                "{bad}"
            );
        }
    }

    #[test]
    fn the_two_lists_have_200_entries_together() {
        let list = |count: usize| vec!["a.com"; count];
        let policy = |one, other| json!({"include_domains": list(one), "exclude_domains": list(other)});
        assert_eq!(told(&policy(100, 100)), Vec::<String>::new());
        assert_eq!(told(&policy(100, 101)), ["/source_policy"]);
    }

    #[test]
    fn every_other_thing_is_told() {
        assert_eq!(told(&json!("academics")), ["/source_policy"]);
        assert_eq!(told(&json!([])), ["/source_policy"]);
        let wrong = json!({"include_domains": "a.com", "after_date": "2026-02-30", "domains": []});
        let places =
            ["include_domains", "after_date", "domains"].map(|name| format!("/source_policy/{name}"));
        assert_eq!(told(&wrong), places);
    }

    #[test]
    fn a_preset_becomes_a_list_that_the_upstream_takes() {
        for preset in ["academic", "finance"] {
            let body = json!({ "source_policy": preset }).to_string();
            let mut fields = super::super::json(body.as_bytes()).expect("JSON");
            let policy = policy(&mut fields).expect("a policy");
            assert_eq!(faults(policy.as_object().expect("an object")), []);
            assert!(policy["include_domains"].as_array().is_some_and(|list| list.len() > 5), "{policy}");
        }
    }
}
