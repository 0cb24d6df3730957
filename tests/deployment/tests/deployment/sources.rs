//! Queues, the stream, the schedule: what starts the functions, by rules that the tools do not check.

use deployment::filter;
use deployment::template::{Template, referred};
use domain::message::{self, Work};
use serde_json::{Value, json};

/// The mappings of a template: the function, where its events come from, the mapping.
fn mappings(template: &Template) -> Vec<(&str, &str, &Value)> {
    let mappings = template.all("AWS::Lambda::EventSourceMapping");
    mappings
        .map(|(_, found)| (referred(&found["FunctionName"]), referred(&found["EventSourceArn"]), found))
        .collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn the_functions_are_started_by_two_queues_and_a_stream() {
    let Some(template) = Template::with(&[]) else { return };
    let mut found: Vec<_> =
        mappings(&template).iter().map(|(function, source, _)| (*function, *source)).collect();
    found.sort_unstable();
    assert_eq!(found, [("Runner", "Runs"), ("Webhook", "Deliveries"), ("Webhook", "Outbox")]);
}

#[test]
fn every_batch_is_answered_record_by_record() {
    let Some(template) = Template::with(&[]) else { return };
    for (function, source, mapping) in mappings(&template) {
        assert_eq!(
            mapping["FunctionResponseTypes"],
            json!(["ReportBatchItemFailures"]),
            "{function} from {source}"
        );
    }
}

#[test]
fn a_queues_visibility_outlasts_the_function_that_it_starts() {
    let Some(template) = Template::with(&[]) else { return };
    for (function, source, _) in mappings(&template).into_iter().filter(|(_, source, _)| *source != "Outbox")
    {
        let visibility = number(&template.properties(source)["VisibilityTimeout"]);
        let timeout = number(&template.properties(function)["Timeout"]);
        assert!(visibility >= timeout, "{source}: {visibility} s, {function}: {timeout} s");
    }
    assert_eq!(template.properties("Runs")["VisibilityTimeout"], 900);
}

#[test]
fn a_batch_fits_a_runner_and_a_large_one_has_its_window() {
    for units in ["1", "10", "500", "800"] {
        let Some(template) = Template::with(&[("UnitsPerRunner", units)]) else { return };
        for (function, source, mapping) in mappings(&template) {
            let size: u64 = mapping["BatchSize"].to_string().trim_matches('"').parse().expect("a number");
            let window = mapping.get("MaximumBatchingWindowInSeconds").map_or(0, number);
            assert!(size <= 10 || window >= 1 || source == "Outbox", "{function} from {source}");
            if function == "Runner" {
                assert_eq!(size.to_string(), units);
            }
        }
    }
}

#[test]
fn a_queues_mapping_has_what_queues_know_and_nothing_else() {
    let Some(template) = Template::with(&[]) else { return };
    for (function, source, mapping) in
        mappings(&template).into_iter().filter(|(_, source, _)| *source != "Outbox")
    {
        let concurrency = number(&mapping["ScalingConfig"]["MaximumConcurrency"]);
        assert!((2..=1_000).contains(&concurrency), "{function} from {source}");
        for field in
            ["DestinationConfig", "ProvisionedPollerConfig", "StartingPosition", "MaximumRetryAttempts"]
        {
            assert!(mapping.get(field).is_none(), "{function} from {source} has {field}");
        }
    }
}

#[test]
fn every_queue_that_starts_a_function_gives_up_into_one_that_keeps_for_two_weeks() {
    let Some(template) = Template::with(&[]) else { return };
    for name in ["Runs", "Deliveries"] {
        let redrive = &template.properties(name)["RedrivePolicy"];
        assert_eq!(redrive["maxReceiveCount"], 50, "{name}");
        let dead = referred(&redrive["deadLetterTargetArn"]);
        assert_eq!(dead, format!("{name}Dead"));
        assert_eq!(template.properties(dead)["MessageRetentionPeriod"], 1_209_600);
    }
    for (name, queue) in template.all("AWS::SQS::Queue") {
        assert_eq!(queue["SqsManagedSseEnabled"], true, "{name}");
        assert!(queue.get("FifoQueue").is_none(), "{name}");
    }
}

#[test]
fn a_poisoned_shard_goes_on_and_says_what_it_left() {
    let Some(template) = Template::with(&[]) else { return };
    let found = mappings(&template);
    let (_, _, stream) =
        found.iter().find(|(_, source, _)| *source == "Outbox").expect("the stream has a mapping");
    assert_eq!(stream["StartingPosition"], "TRIM_HORIZON");
    assert_eq!(stream["BisectBatchOnFunctionError"], true);
    assert!((1..=10).contains(&number(&stream["MaximumRetryAttempts"])));
    assert!((60..=86_400).contains(&number(&stream["MaximumRecordAgeInSeconds"])));
    assert_eq!(stream["DestinationConfig"]["OnFailure"]["Destination"], "${StreamFailures.Arn}");
}

/// The pattern of the outbox's stream.
pub(crate) fn pattern(template: &Template) -> Value {
    let found = mappings(template);
    let (_, _, stream) =
        found.iter().find(|(_, source, _)| *source == "Outbox").expect("the stream has a mapping");
    let filters = stream["FilterCriteria"]["Filters"].as_array().expect("it has filters");
    assert_eq!(filters.len(), 1);
    let pattern = filters[0]["Pattern"].as_str().expect("a pattern is a text");
    serde_json::from_str(pattern).expect("a pattern is JSON")
}

#[test]
fn only_new_deliveries_start_the_webhook_function() {
    let Some(template) = Template::with(&[]) else { return };
    let pattern = pattern(&template);
    let record = |event: &str, sk: &str| json!({"eventName": event, "dynamodb": {"Keys": {"pk": {"S": "U#a"}, "sk": {"S": sk}}}});
    assert!(filter::matches(&pattern, &record("INSERT", "D#webhook#completed#1")));
    assert!(!filter::matches(&pattern, &record("MODIFY", "D#webhook#completed#1")));
    assert!(!filter::matches(&pattern, &record("REMOVE", "D#webhook#completed#1")));
    assert!(!filter::matches(&pattern, &record("INSERT", "META")));
}

#[test]
fn the_schedule_sends_a_sweep_that_a_runner_can_read_every_minute() {
    let Some(template) = Template::with(&[]) else { return };
    let sweep = template.properties("Sweep");
    assert_eq!(sweep["ScheduleExpression"], "rate(1 minute)");
    assert_eq!(sweep["FlexibleTimeWindow"]["Mode"], "OFF");
    assert_eq!(sweep["Target"]["Arn"], "${Runs.Arn}");
    assert_eq!(sweep["Target"]["RoleArn"], "${SweepRole.Arn}");
    let input = sweep["Target"]["Input"].as_str().expect("it sends a text");
    assert_eq!(message::read::<Work>(input).expect("one of ours"), Work::Sweep);
    assert_eq!(input, message::write(&Work::Sweep));
}
