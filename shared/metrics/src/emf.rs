//! The embedded metric format: lines of the log that CloudWatch reads as metrics.
//!
//! Its rules: `docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html`. A line is one
//! JSON object; a directive names at most 100 metrics and 30 dimensions; an array holds at most 100 values.
//! On Lambda with JSON logs a line passes as it is. One without a `level` counts as INFO and gets a timestamp
//! (`docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html`), so the template keeps the functions' log level there: at WARN
//! the platform would drop every metric. Invariant: what is written is within the format's limits, however much was counted.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{Metric, NAMESPACE};

/// Metrics that one directive names at most.
pub const MOST_METRICS: usize = 100;
/// Values of one metric in one line at most.
pub const MOST_VALUES: usize = 100;

/// Whose metrics they are: the two dimensions of all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// The name of the deployment.
    pub stack: String,
    /// The name of the function in it.
    pub function: &'static str,
}

impl Labels {
    /// The name of [`Self::stack`] as a dimension.
    pub const STACK: &'static str = "stack";
    /// The name of [`Self::function`] as a dimension.
    pub const FUNCTION: &'static str = "function";
}

/// The lines that tell of these values, without line ends; none for none.
#[must_use]
pub fn lines(labels: &Labels, at: Timestamp, counted: &[(Metric, Vec<u64>)]) -> Vec<String> {
    counted.chunks(MOST_METRICS).map(|counted| line(labels, at, counted)).collect()
}

fn line(labels: &Labels, at: Timestamp, counted: &[(Metric, Vec<u64>)]) -> String {
    let metrics: Vec<Value> = counted
        .iter()
        .map(|(metric, _)| json!({"Name": metric.name(), "Unit": metric.unit().word()}))
        .collect();
    let directive = json!({
        "Namespace": NAMESPACE,
        "Dimensions": [[Labels::STACK, Labels::FUNCTION]],
        "Metrics": metrics,
    });
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({"Timestamp": at.as_millisecond(), "CloudWatchMetrics": [directive]}),
    );
    line.insert(Labels::STACK.to_owned(), json!(labels.stack));
    line.insert(Labels::FUNCTION.to_owned(), json!(labels.function));
    for (metric, values) in counted {
        let value = match values.as_slice() {
            [one] => json!(one),
            many => json!(many[..many.len().min(MOST_VALUES)]),
        };
        line.insert(metric.name().to_owned(), value);
    }
    Value::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{Metrics, Shape};

    /// The units that the format knows.
    const UNITS: [&str; 27] = [
        "Seconds",
        "Microseconds",
        "Milliseconds",
        "Bytes",
        "Kilobytes",
        "Megabytes",
        "Gigabytes",
        "Terabytes",
        "Bits",
        "Kilobits",
        "Megabits",
        "Gigabits",
        "Terabits",
        "Percent",
        "Count",
        "Bytes/Second",
        "Kilobytes/Second",
        "Megabytes/Second",
        "Gigabytes/Second",
        "Terabytes/Second",
        "Bits/Second",
        "Kilobits/Second",
        "Megabits/Second",
        "Gigabits/Second",
        "Terabits/Second",
        "Count/Second",
        "None",
    ];

    fn labels() -> Labels {
        Labels { stack: "multitask".to_owned(), function: "runner" }
    }

    fn everything() -> Vec<(Metric, Vec<u64>)> {
        let metrics = Metrics::default();
        for &metric in Metric::ALL {
            match metric.shape() {
                Shape::Counter => metrics.add(metric, 5),
                Shape::Gauge => metrics.set(metric, 0),
                Shape::Sample => (0..1_000).for_each(|value| metrics.observe(metric, value)),
            }
        }
        metrics.take()
    }

    /// The specification's rules for a line, each as it stands there.
    fn judge(line: &str) {
        assert!(!line.contains('\n') && line.len() <= 256 * 1_024);
        let line: Value = serde_json::from_str(line).expect("a line is one JSON object and nothing else");
        let metadata = &line["_aws"];
        assert!(metadata["Timestamp"].as_i64().is_some_and(|at| at > 1_000_000_000_000), "milliseconds");
        for directive in metadata["CloudWatchMetrics"].as_array().expect("directives") {
            let namespace = directive["Namespace"].as_str().expect("a namespace");
            assert!((1..=1_024).contains(&namespace.len()) && !namespace.starts_with("AWS/"));
            for set in directive["Dimensions"].as_array().expect("dimension sets") {
                let set = set.as_array().expect("a dimension set");
                assert!(set.len() <= 30);
                for name in set {
                    let value = line[name.as_str().expect("a name")].as_str().expect("a dimension is text");
                    assert!((1..=1_024).contains(&value.len()));
                }
            }
            let metrics = directive["Metrics"].as_array().expect("metrics");
            assert!((1..=100).contains(&metrics.len()));
            let names: BTreeSet<&str> = metrics.iter().filter_map(|metric| metric["Name"].as_str()).collect();
            assert_eq!(names.len(), metrics.len(), "each is named once");
            for metric in metrics {
                assert!(UNITS.contains(&metric["Unit"].as_str().expect("a unit")));
                let name = metric["Name"].as_str().expect("a name");
                assert!((1..=1_024).contains(&name.len()));
                match &line[name] {
                    Value::Array(values) => {
                        assert!((1..=100).contains(&values.len()) && values.iter().all(Value::is_number));
                    }
                    value => assert!(value.is_number(), "{name}: {value}"),
                }
            }
        }
    }

    #[test]
    fn a_line_keeps_the_rules_of_the_format_however_much_was_counted() {
        let lines =
            lines(&labels(), Timestamp::from_millisecond(1_767_225_600_000).expect("a time"), &everything());
        assert_eq!(lines.len(), Metric::ALL.len().div_ceil(MOST_METRICS));
        for line in &lines {
            judge(line);
        }
    }

    #[test]
    fn more_metrics_than_a_directive_may_name_become_several_lines() {
        let many: Vec<_> =
            (0..=2 * MOST_METRICS).map(|at| (Metric::ALL[at % Metric::ALL.len()], vec![1])).collect();
        assert_eq!(lines(&labels(), Timestamp::UNIX_EPOCH, &many).len(), 3);
        assert_eq!(lines(&labels(), Timestamp::UNIX_EPOCH, &[]), [""; 0]);
    }

    #[test]
    fn a_line_says_whose_metrics_they_are_and_nothing_but_numbers_besides() {
        let lines = lines(&labels(), Timestamp::UNIX_EPOCH, &[(Metric::Flushes, vec![2])]);
        let expected = r#"{"_aws":{"Timestamp":0,"CloudWatchMetrics":[{"Namespace":"Multitask","Dimensions":[["stack","function"]],"Metrics":[{"Name":"Flushes","Unit":"Count"}]}]},"stack":"multitask","function":"runner","Flushes":2}"#;
        assert_eq!(lines, [expected]);
    }
}
