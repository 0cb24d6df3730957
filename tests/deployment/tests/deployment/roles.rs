//! The roles: what each may do, in full. A right more, or one less, is a decision to be made here too.

use deployment::Template;
use deployment::template::EVERYTHING;
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

fn actions_on(template: &Template, role: &str, resource: &str) -> Vec<String> {
    permissions(template, role)
        .into_iter()
        .filter(|(on, _)| on == resource)
        .map(|(_, action)| action)
        .collect()
}

#[test]
fn no_role_has_a_wildcard_but_for_what_has_no_name() {
    let Some(template) = Template::with(EVERYTHING) else { return };
    let schedules =
        "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/${Schedules}/*";
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

/// What an event source mapping does, it does with the function's role.
#[test]
fn a_function_may_take_what_starts_it() {
    let Some(template) = Template::with(&[]) else { return };
    for (role, queue) in [("RunnerRole", "${Runs.Arn}"), ("WebhookRole", "${Deliveries.Arn}")] {
        let actions = actions_on(&template, role, queue);
        for action in ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"] {
            assert!(actions.iter().any(|allowed| allowed == action), "{role} lacks {action}");
        }
    }
    let stream = actions_on(&template, "WebhookRole", "${Outbox.StreamArn}");
    let needed = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"];
    assert_eq!(stream, needed.map(|action| format!("dynamodb:{action}")));
    assert_eq!(actions_on(&template, "WebhookRole", "${StreamFailures.Arn}"), ["sqs:SendMessage"]);
}

#[test]
fn a_secret_that_is_not_given_is_asked_for_by_nobody() {
    let (Some(plain), Some(full)) = (Template::with(&[]), Template::with(EVERYTHING)) else { return };
    let secrets = |template: &Template, role: &str| {
        let all = permissions(template, role);
        all.into_iter().filter(|(_, action)| action == "secretsmanager:GetSecretValue").count()
    };
    for (name, function) in full.all("AWS::Lambda::Function") {
        let role = format!("{name}Role");
        assert_eq!(secrets(&plain, &role), 1, "{role}: the sealing key alone");
        let named = function["Environment"]["Variables"].as_object().expect("variables").iter();
        let arns = named.filter(|(name, _)| {
            ["SEALING_KEY_ARN", "PARALLEL_API_KEY_ARN", "ACCESS_TOKENS_ARN", "WEBHOOK_SECRET_ARN"]
                .contains(&name.as_str())
        });
        assert_eq!(secrets(&full, &role), arns.count(), "{role}: exactly those that its variables name");
    }
}
