//! What operators see, against what the code counts and what the runbook says: each both ways.

use std::collections::{BTreeMap, BTreeSet};

use deployment::code;
use deployment::template::{EVERYTHING, Template};
use metrics::{Metric, NAMESPACE};
use serde_json::{Value, json};

/// The functions that count, by the name that their metrics carry.
const COUNTING: [(&str, &str); 3] = [("Api", "api"), ("Runner", "runner"), ("Webhook", "webhook")];

fn runbook() -> String {
    std::fs::read_to_string(deployment::root().join("docs/operating.md")).expect("there is a runbook")
}

/// Every metric of ours that the dashboard shows, with the functions that it is shown of.
fn shown(template: &Template) -> BTreeMap<String, BTreeSet<String>> {
    let body = template.properties("Dashboard")["DashboardBody"].as_str().expect("it has a body").to_owned();
    let body: Value = serde_json::from_str(&body).expect("the body is JSON");
    let widgets = body["widgets"].as_array().expect("widgets");
    let lines = widgets.iter().filter_map(|widget| widget["properties"]["metrics"].as_array()).flatten();
    let mut shown = BTreeMap::new();
    for line in lines.filter(|line| line[0] == NAMESPACE) {
        assert_eq!((&line[2], &line[3]), (&json!("stack"), &json!("${AWS::StackName}")), "{line}");
        assert_eq!(line[4], "function", "{line}");
        let text = |at: usize| line[at].as_str().expect("text").to_owned();
        shown.entry(text(1)).or_insert_with(BTreeSet::new).insert(text(5));
    }
    shown
}

/// Every metric of ours that an alarm looks at: its name and its dimensions.
fn watched(template: &Template) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (_, alarm) in template.all("AWS::CloudWatch::Alarm") {
        let inner = alarm["Metrics"].as_array().into_iter().flatten();
        let inner = inner.map(|metric| &metric["MetricStat"]["Metric"]);
        for metric in inner.chain([alarm]).filter(|metric| metric["Namespace"] == NAMESPACE) {
            let name = metric["MetricName"].as_str().expect("a name").to_owned();
            found.push((name, metric["Dimensions"].clone()));
        }
    }
    found
}

/// The metrics whose names stand in the sources of a crate.
fn counted_in(folders: &[&str]) -> BTreeSet<String> {
    let code: String = folders.iter().map(|folder| code::of(folder)).collect();
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let names = code.split("Metric::").skip(1);
    names.map(|rest| rest.chars().take_while(|letter| is_word(*letter)).collect()).collect()
}

/// What each function counts: what its own sources name, and those of the shared crates through which it counts.
fn counted() -> BTreeMap<&'static str, BTreeSet<String>> {
    BTreeMap::from([
        ("api", counted_in(&["functions/api/src", "shared/store/src"])),
        ("runner", counted_in(&["functions/runner/src", "shared/store/src", "shared/parallel/src"])),
        ("webhook", counted_in(&["functions/webhook/src", "shared/store/src"])),
    ])
}

#[test]
fn every_metric_is_counted_somewhere_and_stands_on_the_dashboard_and_no_other_does() {
    let Some(template) = Template::with(&[]) else { return };
    let (shown, counted) = (shown(&template), counted());
    let all: BTreeSet<String> = Metric::ALL.iter().map(|metric| metric.name().to_owned()).collect();
    assert_eq!(shown.keys().cloned().collect::<BTreeSet<_>>(), all, "shown on the left, named on the right");
    for (metric, functions) in shown {
        for function in functions {
            let counts =
                counted.get(function.as_str()).unwrap_or_else(|| panic!("{function} counts nothing"));
            assert!(counts.contains(&metric), "{function} does not count {metric}");
        }
    }
}

#[test]
fn an_alarm_looks_at_a_metric_that_is_counted_by_the_function_that_it_names() {
    let Some(template) = Template::with(&[]) else { return };
    let (watched, counted) = (watched(&template), counted());
    assert!(watched.len() >= 8, "{watched:?}");
    for (metric, dimensions) in watched {
        assert_eq!(dimensions[0], json!({"Name": "stack", "Value": "${AWS::StackName}"}), "{metric}");
        assert_eq!(
            (dimensions[1]["Name"].as_str(), dimensions.as_array().map(Vec::len)),
            (Some("function"), Some(2))
        );
        let function = dimensions[1]["Value"].as_str().expect("a function");
        assert!(counted[function].contains(&metric), "{function} does not count {metric}");
    }
}

#[test]
fn whoever_counts_is_told_its_stack_and_may_print_what_has_no_level() {
    let Some(template) = Template::with(EVERYTHING) else { return };
    for (function, name) in COUNTING {
        let properties = template.properties(function);
        let variables = &properties["Environment"]["Variables"];
        assert_eq!(variables["STACK"], "${AWS::StackName}", "{function}");
        // A line without a level counts as INFO: at any higher level the platform drops all metrics.
        assert_eq!(properties["LoggingConfig"]["ApplicationLogLevel"], "INFO", "{function}");
        let var = |name: &str| match name {
            "STACK" => Some("multitask".to_owned()),
            "PARALLEL_BASE_URL" => Some("https://api.parallel.ai".to_owned()),
            name if name.contains("SECONDS") || name.contains("UNITS_PER") => Some("1".to_owned()),
            _ => Some("x".to_owned()),
        };
        let labels = match function {
            "Api" => api::Config::from_vars(var).expect("complete").labels,
            "Runner" => runner::Config::from_vars(var).expect("complete").labels,
            _ => webhook::Config::from_vars(var).expect("complete").labels,
        };
        assert_eq!(
            labels.map(|labels| (labels.stack, labels.function)),
            Some(("multitask".to_owned(), name))
        );
    }
}

#[test]
fn every_alarm_names_its_section_of_the_runbook_and_every_section_is_of_an_alarm() {
    let Some(template) = Template::with(&[]) else { return };
    let runbook = runbook();
    let sections: BTreeSet<&str> = runbook.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let of_alarms: BTreeSet<&str> =
        sections.iter().copied().filter(|section| section.ends_with("Alarm")).collect();
    let alarms: BTreeSet<&str> = template.all("AWS::CloudWatch::Alarm").map(|(name, _)| name).collect();
    assert_eq!(of_alarms, alarms, "sections on the left, alarms on the right");
    for (name, alarm) in template.all("AWS::CloudWatch::Alarm") {
        let description = alarm["AlarmDescription"].as_str().expect("a sentence");
        let place = format!(" Runbook: docs/operating.md#{}", name.to_lowercase());
        assert!(description.ends_with(&place), "{name}: {description}");
        let (_, section) = runbook.split_once(&format!("\n### {name}\n")).expect("a section");
        let section = section.split("\n### ").next().unwrap_or_default();
        for part in ["**Means.**", "**Look.**", "**Do.**", "**Do not.**"] {
            assert!(section.contains(part), "{name} does not say {part}");
        }
    }
}

#[test]
fn the_runbook_names_no_metric_and_no_queue_that_is_not_there() {
    let Some(template) = Template::with(&[]) else { return };
    let runbook = runbook();
    let quoted: BTreeSet<&str> = runbook.split('`').skip(1).step_by(2).collect();
    let named = quoted.iter().filter_map(|text| text.strip_prefix("Multitask/"));
    let all: BTreeSet<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    let named: BTreeSet<&str> = named.collect();
    assert!(named.len() > 10 && named.is_subset(&all), "{:?}", named.difference(&all));
    // Each dead-letter queue has its redrive.
    for (queue, _) in template.all("AWS::SQS::Queue").filter(|(queue, _)| queue.ends_with("Dead")) {
        assert!(runbook.contains(&format!("| `{queue}` |")), "{queue} has no redrive");
    }
}
