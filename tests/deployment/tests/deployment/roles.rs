//! The roles: what each may do, in full. A right more, or one less, is a decision to be made here too.

use std::collections::BTreeSet;

use deployment::Template;
use deployment::rights::{self, Crate, Right};
use deployment::template::{EVERYTHING, referred};
use serde_json::Value;

/// The permissions of a role: each resource with the actions allowed on it.
pub(crate) fn permissions(template: &Template, role: &str) -> Vec<(String, String)> {
    let policies = template.properties(role)["Policies"].as_array().expect("a role has policies").iter();
    let statements =
        policies.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().into_iter().flatten());
    let mut found = Vec::new();
    for statement in statements {
        assert_eq!(statement["Effect"], "Allow");
        for resource in many(&statement["Resource"]) {
            found.extend(many(&statement["Action"]).iter().map(|action| (resource.clone(), action.clone())));
        }
    }
    found.sort();
    found
}

fn many(value: &Value) -> Vec<String> {
    let items = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    items.iter().map(|item| item.as_str().expect("a text").to_owned()).collect()
}

#[test]
fn no_role_has_a_wildcard_but_for_what_has_no_name() {
    let Some(template) = Template::with(EVERYTHING) else { return };
    let schedules = rights::schedules();
    for (role, properties) in template.all("AWS::IAM::Role") {
        assert!(
            properties.get("ManagedPolicyArns").is_none(),
            "{role}: what AWS manages is wide, and changes"
        );
        for (resource, action) in permissions(&template, role) {
            assert!(!action.contains('*'), "{role}: {action}");
            let nameless = action.starts_with("xray:Put") && resource == "*";
            let hashed = action == "scheduler:CreateSchedule" && resource == schedules;
            assert!(!resource.contains('*') || nameless || hashed, "{role}: {action} on {resource}");
        }
    }
}

#[test]
fn each_function_has_a_role_of_its_own_and_only_lambda_takes_it() {
    let Some(template) = Template::with(&[]) else { return };
    for (name, function) in template.all("AWS::Lambda::Function") {
        assert_eq!(function["Role"], format!("${{{name}Role.Arn}}"));
        let trust = &template.properties(&format!("{name}Role"))["AssumeRolePolicyDocument"]["Statement"];
        assert_eq!(trust.as_array().map(Vec::len), Some(1));
        assert_eq!(trust[0]["Principal"]["Service"], "lambda.amazonaws.com");
    }
}

/// What a function's code does with the tables and queues, and for which of its methods.
fn called(function: &str) -> BTreeSet<Right> {
    let folder = format!("functions/{}/src", function.to_lowercase());
    let mut found: BTreeSet<Right> = BTreeSet::new();
    for (calls, name) in
        [(Crate::read("shared/store/src"), "store"), (Crate::read("shared/queue/src"), "queue")]
    {
        found.extend(calls.used_by(&folder, name).into_values().flatten());
    }
    // What a sweep or a redelivery sends is due at once, so it never waits in a schedule.
    if function != "Webhook" {
        found.retain(|(_, action)| action != "scheduler:CreateSchedule" && action != "iam:PassRole");
    }
    found
}

/// What Lambda does with a function's role: it writes its log and traces, and takes what starts it.
fn done_by_lambda(template: &Template, function: &str) -> BTreeSet<Right> {
    let mut found = BTreeSet::new();
    let mut add = |resource: &str, service: &str, actions: &[&str]| {
        found.extend(actions.iter().map(|action| (resource.to_owned(), format!("{service}:{action}"))));
    };
    add(&format!("${{{function}Logs.Arn}}"), "logs", &["CreateLogStream", "PutLogEvents"]);
    add("*", "xray", &["PutTelemetryRecords", "PutTraceSegments"]);
    for (_, mapping) in template.all("AWS::Lambda::EventSourceMapping") {
        if referred(&mapping["FunctionName"]) != function {
            continue;
        }
        let source = mapping["EventSourceArn"].as_str().expect("a mapping has a source");
        if source.ends_with(".StreamArn}") {
            add(source, "dynamodb", &["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"]);
            let failures = &mapping["DestinationConfig"]["OnFailure"]["Destination"];
            add(
                failures.as_str().expect("a stream's mapping has a place for failures"),
                "sqs",
                &["SendMessage"],
            );
        } else {
            let takes = ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage"];
            add(source, "sqs", &takes);
        }
    }
    found
}

/// The secrets that a function's main resolves, as its variables name them.
fn resolved(template: &Template, function: &str) -> BTreeSet<Right> {
    let folder = deployment::root().join(format!("functions/{}/src", function.to_lowercase()));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("it can be read");
    let (config, main) = (read("config.rs"), read("main.rs"));
    let variables = &template.properties(function)["Environment"]["Variables"];
    let mut found = BTreeSet::new();
    for line in config.lines() {
        let Some((field, value)) = line.trim().split_once(": vars.") else { continue };
        if field.ends_with("_arn") && main.contains(&format!("config.{field}")) {
            let variable = value.split('"').nth(1).expect("a field is read from a variable");
            let secret =
                variables[variable].as_str().unwrap_or_else(|| panic!("{function} lacks {variable}"));
            found.insert((secret.to_owned(), "secretsmanager:GetSecretValue".to_owned()));
        }
    }
    assert!(!found.is_empty(), "{function} resolves its sealing key");
    found
}

#[test]
fn a_role_allows_what_its_function_does_and_nothing_else() {
    let Some(template) = Template::with(EVERYTHING) else { return };
    let mut faults = Vec::new();
    for (function, _) in template.all("AWS::Lambda::Function") {
        let mut needed = called(function);
        needed.extend(done_by_lambda(&template, function));
        needed.extend(resolved(&template, function));
        let allowed: BTreeSet<Right> =
            permissions(&template, &format!("{function}Role")).into_iter().collect();
        faults.extend(needed.difference(&allowed).map(|right| format!("{function} lacks {right:?}")));
        faults
            .extend(allowed.difference(&needed).map(|right| format!("{function} has {right:?} for nothing")));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The check above trusts what is read from the sources; this one trusts nobody.
#[test]
fn results_only_reads() {
    let Some(template) = Template::with(EVERYTHING) else { return };
    for (resource, action) in permissions(&template, "ResultsRole") {
        let reads = ["dynamodb:GetItem", "dynamodb:Query", "secretsmanager:GetSecretValue"]
            .contains(&action.as_str());
        assert!(
            reads || action.starts_with("logs:") || action.starts_with("xray:"),
            "{action} on {resource}"
        );
    }
}

#[test]
fn schedules_may_send_to_their_queue_and_only_for_this_account() {
    let Some(template) = Template::with(&[]) else { return };
    for (role, queue) in [("SchedulesRole", "${Deliveries.Arn}"), ("SweepRole", "${Runs.Arn}")] {
        assert_eq!(permissions(&template, role), [(queue.to_owned(), "sqs:SendMessage".to_owned())]);
        let trust = &template.properties(role)["AssumeRolePolicyDocument"]["Statement"][0];
        assert_eq!(trust["Principal"]["Service"], "scheduler.amazonaws.com");
        assert_eq!(trust["Condition"]["StringEquals"]["aws:SourceAccount"], "${AWS::AccountId}");
    }
}

#[test]
fn a_role_is_handed_to_the_scheduler_and_to_nobody_else() {
    let Some(template) = Template::with(&[]) else { return };
    let mut handed = 0;
    for (role, properties) in template.all("AWS::IAM::Role") {
        for statement in
            properties["Policies"][0]["PolicyDocument"]["Statement"].as_array().expect("statements")
        {
            if many(&statement["Action"]).contains(&"iam:PassRole".to_owned()) {
                handed += 1;
                assert_eq!((role, &statement["Resource"]), ("WebhookRole", &"${SchedulesRole.Arn}".into()));
                let to = &statement["Condition"]["StringEquals"]["iam:PassedToService"];
                assert_eq!(to, "scheduler.amazonaws.com");
            }
        }
    }
    assert_eq!(handed, 1);
}

#[test]
fn a_secret_that_is_not_given_is_asked_for_by_nobody() {
    let Some(template) = Template::with(&[]) else { return };
    for (function, _) in template.all("AWS::Lambda::Function") {
        let all = permissions(&template, &format!("{function}Role"));
        let secrets: Vec<&str> = all
            .iter()
            .filter(|(_, action)| action == "secretsmanager:GetSecretValue")
            .map(|(secret, _)| secret.as_str())
            .collect();
        assert_eq!(secrets, ["${SealingKey}"], "{function}");
    }
}
