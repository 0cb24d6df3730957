//! Alarms and the dashboard: nothing that goes wrong goes unnoticed.

use deployment::template::{EVERYTHING, Template, referred};
use serde_json::{Value, json};

/// All metrics that alarms look at: the metric, the resource, the threshold.
fn watched(template: &Template) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (_, alarm) in template.all("AWS::CloudWatch::Alarm") {
        let inner =
            alarm["Metrics"].as_array().into_iter().flatten().map(|metric| &metric["MetricStat"]["Metric"]);
        for metric in inner.chain([alarm]).filter(|metric| metric.get("MetricName").is_some()) {
            let name = metric["MetricName"].as_str().unwrap_or_default().to_owned();
            found.push((name, referred(&metric["Dimensions"][0]["Value"]).to_owned()));
        }
    }
    found
}

fn is_watched(template: &Template, metric: &str, resource: &str) -> bool {
    watched(template).contains(&(metric.to_owned(), resource.to_owned()))
}

#[test]
fn everything_that_can_go_wrong_has_its_alarm() {
    let Some(template) = Template::with(&[]) else { return };
    for queue in ["RunsDead", "AdoptDead", "DeliveriesDead", "StreamFailures"] {
        assert!(is_watched(&template, "ApproximateNumberOfMessagesVisible", queue), "{queue}");
    }
    for queue in ["Runs", "Adopt", "Deliveries"] {
        assert!(is_watched(&template, "ApproximateAgeOfOldestMessage", queue), "{queue}");
    }
    for (function, _) in template.all("AWS::Lambda::Function") {
        assert!(is_watched(&template, "Errors", function), "{function}");
        assert!(is_watched(&template, "Throttles", function), "{function}");
    }
    assert!(is_watched(&template, "IteratorAge", "Webhook"));
    assert!(is_watched(&template, "RecursiveInvocationsDropped", "Runner"));
    assert!(is_watched(&template, "5XXError", "AWS::StackName"));
    assert!(is_watched(&template, "InvocationAttemptCount", "Schedules"));
}

#[test]
fn every_queue_without_a_reader_has_an_alarm_for_its_first_message() {
    let Some(template) = Template::with(&[]) else { return };
    let mapped = template.all("AWS::Lambda::EventSourceMapping");
    let mapped = mapped.map(|(_, mapping)| referred(&mapping["EventSourceArn"]));
    // Read by running runners themselves: that its messages are taken up has an alarm for their age.
    let read: Vec<&str> = mapped.chain(["Adopt"]).collect();
    assert!(is_watched(&template, "ApproximateAgeOfOldestMessage", "Adopt"));
    for (queue, _) in template.all("AWS::SQS::Queue").filter(|(queue, _)| !read.contains(queue)) {
        let alarm = template.properties(&format!("{queue}Alarm"));
        assert_eq!(
            (&alarm["Threshold"], &alarm["ComparisonOperator"]),
            (&json!(0), &json!("GreaterThanThreshold"))
        );
    }
}

#[test]
fn every_alarm_says_what_is_wrong_and_tells_the_topic() {
    let Some(template) = Template::with(EVERYTHING) else { return };
    for (name, alarm) in template.all("AWS::CloudWatch::Alarm") {
        assert_eq!(alarm["AlarmActions"], json!(["${Alerts}"]), "{name}");
        assert!(alarm["AlarmDescription"].as_str().is_some_and(|text| text.len() > 20), "{name}");
        assert!(alarm["TreatMissingData"].is_string(), "{name}");
    }
    let (_, subscription) = template.all("AWS::SNS::Subscription").next().expect("alarms are mailed");
    assert_eq!(
        (&subscription["Protocol"], &subscription["Endpoint"]),
        (&json!("email"), &json!("operator@example.com"))
    );
    assert_eq!(Template::with(&[]).map(|plain| plain.all("AWS::SNS::Subscription").count()), Some(0));
}

#[test]
fn the_dashboard_shows_every_function_queue_and_table() {
    let Some(template) = Template::with(&[]) else { return };
    let body = template.properties("Dashboard")["DashboardBody"].as_str().expect("it has a body").to_owned();
    let parsed: Value = serde_json::from_str(&body).expect("the body is JSON");
    assert!(parsed["widgets"].as_array().is_some_and(|widgets| widgets.len() >= 8));
    for (kind, attribute) in
        [("AWS::Lambda::Function", ""), ("AWS::SQS::Queue", ".QueueName"), ("AWS::DynamoDB::Table", "")]
    {
        for (name, _) in template.all(kind) {
            assert!(body.contains(&format!("\"${{{name}{attribute}}}\"")), "{name} is not shown");
        }
    }
}
