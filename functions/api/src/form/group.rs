//! A group as it is asked for: every field of a create, and of an estimate.

use domain::estimate::Cost;
use domain::fault::Fault;
use domain::group::{GroupSpec, Inputs, Output};
use domain::limits::{RETRY_FAILED, ROWS, TIMEOUT};
use domain::unit::Visibility;
use serde_json::Value;
use vault::webhook::SigningSecret;

use super::inputs::whole_list;
use super::processor::{self, Auto};
use super::{Fields, List, Sent, Taken, budget, metadata, options, output, through};

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be done: everything has to be told.
    Create,
    /// To be reckoned: the number of rows is enough.
    Estimate,
}

/// A group as far as its request tells it.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// What is asked of it; where its rows come from is still to be settled.
    pub(crate) spec: GroupSpec,
    /// Its rows.
    pub(crate) list: List,
    /// What signs its deliveries instead of its owner's secret.
    pub(crate) webhook_secret: Option<SigningSecret>,
    /// MCP servers, to be sealed.
    pub(crate) mcp_servers: Option<Value>,
    /// Who may read it.
    pub(crate) visibility: Visibility,
    /// Whether it is only to be judged.
    pub(crate) dry_run: bool,
}

/// What reading a request gave.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    /// The group, of use only if nothing is wrong.
    pub(crate) draft: Draft,
    /// What is wrong so far.
    pub(crate) faults: Vec<Fault>,
    /// The fields that came, where a needed one did not.
    pub(crate) received: Option<Vec<String>>,
}

/// Reads a group.
pub(crate) fn group(sent: Sent<'_>, purpose: Purpose) -> Read {
    let Sent { mut fields, list: body } = sent;
    let is_list = body.is_some();
    let names = fields.names().to_vec();
    let mut warnings = Vec::new();
    let list = match counted(&mut fields, purpose) {
        Some(rows) => List::Count(rows),
        None => whole_list(&mut fields, body),
    };
    let needed = purpose == Purpose::Create;
    let (output, input_schema) = output::output(&mut fields, needed, &mut warnings);
    let auto = if matches!(output, Output::Auto) { Auto::Welcome } else { Auto::No };
    let processor = processor::processor(&mut fields, auto, &mut warnings);
    let (webhook, webhook_secret) = options::webhook(&mut fields);
    let metadata = metadata::metadata(&mut fields);
    let offset = fields.count("offset", 0..=u32::MAX).unwrap_or(0);
    let limit = fields.count("limit", 1..=ROWS);
    let max_cost = budget::dollars(&mut fields).map(|Cost(most)| most);
    let timeout_seconds = fields.whole("timeout_seconds", 1..=TIMEOUT.as_secs());
    let retry_failed = fields.count("retry_failed", 0..=RETRY_FAILED).unwrap_or(0);
    let cache_hours = options::cache(&mut fields);
    let visibility = fields.word("visibility", &[("link", Visibility::Link), ("key", Visibility::Key)]);
    let dry_run = fields.flag("dry_run").unwrap_or(false);
    let pass_through = through::pass_through(&mut fields);
    let mcp_servers = through::mcp_servers(&mut fields);
    if mcp_servers.is_some() {
        let kept = "mcp_servers are kept, sealed, until the group is over; a later retry or append has to bring them again";
        warnings.push(kept.to_owned());
    }
    let spec = GroupSpec {
        inputs: Inputs::Stored { rows: 0 },
        output,
        input_schema,
        processor,
        webhook,
        metadata,
        offset,
        limit,
        max_cost,
        timeout_seconds,
        retry_failed,
        cache_hours,
        pass_through,
        warnings,
    };
    let is_there = |name: &str| names.iter().any(|given| given == name);
    let is_missing = needed && !(is_there("output_type") && (is_list || is_there("inputs")));
    let visibility = visibility.unwrap_or_default();
    let draft = Draft { spec, list, webhook_secret, mcp_servers, visibility, dry_run };
    Read { draft, faults: fields.finish(), received: is_missing.then_some(names) }
}

impl Draft {
    /// Which part of its rows is taken.
    pub(crate) fn taken(&self) -> Taken {
        taken(&self.spec)
    }

    /// How many of `rows` rows surely have to be bought.
    pub(crate) const fn surely_bought(&self, rows: u32) -> u32 {
        if self.spec.cache_hours.is_some() { 0 } else { rows }
    }
}

fn taken(spec: &GroupSpec) -> Taken {
    Taken { offset: spec.offset, limit: spec.limit, spec_chars: output::spec_chars(spec), there: 0 }
}

fn counted(fields: &mut Fields, purpose: Purpose) -> Option<u32> {
    (purpose == Purpose::Estimate).then(|| fields.count("rows", 1..=ROWS)).flatten()
}

#[cfg(test)]
mod tests {
    use domain::limits::PROCESSOR_CHARS;
    use domain::rows::Form;
    use serde_json::json;

    use super::super::output::places;
    use super::*;

    fn read(body: &Value) -> Read {
        let fields = super::super::json(body.to_string().as_bytes()).expect("JSON");
        group(Sent { fields, list: None }, Purpose::Create)
    }

    #[test]
    fn every_field_finds_its_place() {
        let read = read(&json!({
            "inputs": ["a", "b"], "output_type": "text", "output_description": "a line", "processor": "core",
            "webhook_url": "https://hooks.example/x", "webhook_secret": format!("whsec_{}", "A".repeat(32)),
            "metadata": {"batch": "b1"}, "limit": 2, "offset": 1, "dry_run": true, "max_cost_usd": 0.5,
            "timeout_seconds": 60, "retry_failed": 2, "cache": {"max_age_hours": 24}, "visibility": "key",
            "source_policy": "academic", "memory_scope_key": "team",
            "mcp_servers": [{"name": "wiki", "url": "https://mcp.example"}],
        }));
        assert_eq!(read.faults, []);
        let (draft, spec) = (&read.draft, &read.draft.spec);
        assert!(matches!(&draft.list, List::Rows(rows) if rows.len() == 2));
        assert!(matches!(spec.output, Output::Text { description: Some(_) }));
        assert_eq!((spec.processor.as_deref(), spec.limit, spec.offset), (Some("core"), Some(2), 1));
        assert_eq!((spec.max_cost, spec.timeout_seconds, spec.retry_failed), (Some(500_000), Some(60), 2));
        assert_eq!((spec.cache_hours, draft.visibility, draft.dry_run), (Some(24), Visibility::Key, true));
        assert_eq!(spec.webhook.as_ref().map(|hook| hook.url.as_str()), Some("https://hooks.example/x"));
        assert!(draft.webhook_secret.is_some() && draft.mcp_servers.is_some());
        assert!(!spec.pass_through.contains_key("mcp_servers"), "they hold secrets");
        assert_eq!(spec.pass_through.keys().collect::<Vec<_>>(), ["source_policy", "memory_scope_key"]);
        assert_eq!((spec.warnings.len(), read.received), (1, None));
    }

    #[test]
    fn twenty_faults_are_all_told_at_once() {
        let read = read(&json!({
            "inputs": [1, {}, null], "output_type": "xml", "processor": "not a name", "webhook_secret": "x",
            "metadata": {"mt_row": "1", "a-name-that-is-far-too-long": []}, "limit": 0, "offset": -1, "dry_run": "y",
            "max_cost_usd": "10", "timeout_seconds": 604_801, "retry_failed": 6, "cache": {}, "visibility": "public",
            "source_policy": 1, "memory_scope_key": "a b", "enable_events": 1, "mcp_servers": 1, "input_schema": 1, "colour": 1,
            "mode": "shallow", "upgrade": 1,
        }));
        let expected = [
            "/inputs/0",
            "/inputs/1",
            "/inputs/2",
            "/output_type",
            "/input_schema",
            "/processor",
            "/mode",
            "/upgrade",
            "/webhook_secret",
            "/metadata/mt_row",
            "/metadata/a-name-that-is-far-too-long",
            "/metadata/a-name-that-is-far-too-long",
            "/offset",
            "/limit",
            "/max_cost_usd",
            "/timeout_seconds",
            "/retry_failed",
            "/cache/max_age_hours",
            "/visibility",
            "/dry_run",
            "/source_policy",
            "/memory_scope_key",
            "/enable_events",
            "/mcp_servers",
            "/colour",
        ];
        let mut found = places(&read.faults);
        let mut expected = expected.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_missing_is_told_beside_what_came() {
        let read = read(&json!({"processor": "core"}));
        assert_eq!(places(&read.faults), ["/inputs", "/output_type"]);
        assert_eq!(read.received, Some(vec!["processor".to_owned()]));
    }

    #[test]
    fn a_list_as_the_body_has_its_fields_in_the_query() {
        let fields = Fields::of_query("output_type=text&limit=1&metadata.batch=7&cache.max_age_hours=5");
        let read = group(Sent { fields, list: Some((Form::Csv, b"name\na\nb")) }, Purpose::Create);
        assert_eq!((read.faults, read.received), (Vec::new(), None));
        assert_eq!((read.draft.spec.limit, read.draft.spec.cache_hours), (Some(1), Some(5)));
        assert_eq!(read.draft.spec.metadata["batch"], "7");
        assert!(matches!(read.draft.list, List::Rows(rows) if rows[0].get() == r#"{"name":"a"}"#));
        let fields = Fields::of_query("output_type=text&webhook_url=https://a.example&webhook_secret=x");
        let read = group(Sent { fields, list: Some((Form::Csv, b"name\na")) }, Purpose::Create);
        assert!(places(&read.faults).contains(&"/webhook_secret"));
    }

    #[test]
    fn an_estimate_needs_no_more_than_a_number() {
        let body = json!({"rows": 1000, "processor": "core"}).to_string();
        let fields = super::super::json(body.as_bytes()).expect("JSON");
        let read = group(Sent { fields, list: None }, Purpose::Estimate);
        assert_eq!(read.faults, []);
        assert!(matches!(read.draft.list, List::Count(1000)));
    }

    #[test]
    fn each_number_holds_at_its_limits_and_fails_one_past_them() {
        for (name, least, most) in [
            ("limit", 1, u64::from(ROWS)),
            ("timeout_seconds", 1, TIMEOUT.as_secs()),
            ("retry_failed", 0, u64::from(RETRY_FAILED)),
        ] {
            for (value, fits) in [(least, true), (most, true), (most + 1, false)] {
                let read = read(&json!({"inputs": ["a"], "output_type": "auto", name: value}));
                assert_eq!(read.faults.is_empty(), fits, "{name} {value}");
            }
        }
        for (hours, fits) in [(0, false), (1, true), (720, true), (721, false)] {
            let read =
                read(&json!({"inputs": ["a"], "output_type": "auto", "cache": {"max_age_hours": hours}}));
            assert_eq!(read.faults.is_empty(), fits, "{hours}");
        }
    }

    #[test]
    fn an_unknown_processor_is_passed_on_with_a_word_about_it() {
        let read = |name: &str| read(&json!({"inputs": ["a"], "output_type": "auto", "processor": name}));
        assert_eq!(read("nova").draft.spec.processor.as_deref(), Some("nova"));
        assert_eq!(read("nova").draft.spec.warnings.len(), 1);
        for known in ["core", "ultra8x", "pro-fast"] {
            assert_eq!(read(known).draft.spec.warnings, Vec::<String>::new(), "{known}");
        }
        assert_eq!(read("auto").draft.spec.processor, None);
        assert_eq!(read(&"n".repeat(PROCESSOR_CHARS)).faults, []);
        assert_eq!(places(&read(&"n".repeat(PROCESSOR_CHARS + 1)).faults), ["/processor"]);
    }
}
