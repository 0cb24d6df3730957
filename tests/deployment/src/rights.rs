//! What a function's code does with AWS, as the actions and resources that its role must allow.
//!
//! Follows the calls of `store` and `queue` from a function's sources to the SDK's operations, and reads off which table or queue
//! each is for. Resources are written as the template's references read. Invariant: an operation that is not known here fails the test.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::{self, Function};

/// A right: the resource and the action.
pub type Right = (String, String);

/// The SDK's operations, and the action that each needs; none where it needs those of what it carries, or asks AWS for nothing.
const OPERATIONS: &[(&str, Option<&str>)] = &[
    ("get_item", Some("dynamodb:GetItem")),
    ("put_item", Some("dynamodb:PutItem")),
    ("update_item", Some("dynamodb:UpdateItem")),
    ("delete_item", Some("dynamodb:DeleteItem")),
    ("query", Some("dynamodb:Query")),
    ("batch_write_item", Some("dynamodb:BatchWriteItem")),
    ("describe_table", Some("dynamodb:DescribeTable")),
    ("create_table", Some("dynamodb:CreateTable")),
    ("update_time_to_live", Some("dynamodb:UpdateTimeToLive")),
    ("wait_until_table_exists", Some("dynamodb:DescribeTable")),
    ("transact_write_items", None),
    ("config", None),
    ("send_message", Some("sqs:SendMessage")),
    ("send_message_batch", Some("sqs:SendMessage")),
    ("get_queue_attributes", Some("sqs:GetQueueAttributes")),
    ("change_message_visibility_batch", Some("sqs:ChangeMessageVisibility")),
    ("delete_message", Some("sqs:DeleteMessage")),
    ("delete_message_batch", Some("sqs:DeleteMessage")),
    ("receive_message", Some("sqs:ReceiveMessage")),
    ("create_schedule", Some("scheduler:CreateSchedule")),
];

/// What a transaction carries.
const CARRIED: &[(&str, &str)] = &[
    ("Put::builder", "dynamodb:PutItem"),
    ("Update::builder", "dynamodb:UpdateItem"),
    ("Delete::builder", "dynamodb:DeleteItem"),
    ("ConditionCheck::builder", "dynamodb:ConditionCheckItem"),
];

/// The queue that only running runners read.
const ADOPT: &str = "${Adopt.Arn}";

/// A table that only the caller of a function knows.
const GIVEN: &str = "given";

/// A crate that calls AWS: what each of its functions needs, with all that it calls.
#[derive(Debug)]
pub struct Crate {
    /// By name; methods and free functions of one name apart.
    needs: BTreeMap<(String, bool), BTreeSet<Right>>,
}

impl Crate {
    /// The crate below this folder of the workspace.
    ///
    /// # Panics
    /// When it uses an operation that is not known here.
    #[must_use]
    pub fn read(folder: &str) -> Self {
        let functions = code::functions(folder);
        for function in &functions {
            for client in ["self.client.", "self.sqs.", "self.scheduler."] {
                for (at, _) in function.body.match_indices(client) {
                    let rest = &function.body[at + client.len()..];
                    let operation = rest.split('(').next().unwrap_or_default();
                    let known = OPERATIONS.iter().any(|(known, _)| *known == operation);
                    assert!(known, "{}: the operation {operation} is not known here", function.name);
                }
            }
        }
        let mut needs: BTreeMap<_, BTreeSet<Right>> = BTreeMap::new();
        for function in &functions {
            needs.entry((function.name.clone(), function.is_method)).or_default().extend(own(function));
        }
        // what is called by what is called: until nothing is added
        loop {
            let mut grown = needs.clone();
            for function in &functions {
                let inherited = inherited(function, &needs);
                grown.entry((function.name.clone(), function.is_method)).or_default().extend(inherited);
            }
            if grown == needs {
                return Self { needs };
            }
            needs = grown;
        }
    }

    /// What the code below `folder` needs of this crate, whose value it calls `name` (`store`, say).
    #[must_use]
    pub fn used_by(&self, folder: &str, name: &str) -> BTreeMap<String, BTreeSet<Right>> {
        let code = code::of(folder);
        let mut used = BTreeMap::new();
        for ((method, is_method), rights) in &self.needs {
            let on_it = |before: &str| {
                let whole = method.contains('_') && before.ends_with('.');
                whole || before.ends_with(&format!("{name}.")) || before.ends_with(&format!("{name}()."))
            };
            if *is_method && code::calls(&code, method, on_it).next().is_some() {
                // Who never names that queue sends nothing to it.
                let names_adopt = code.contains("Line::Adopt");
                let rights = rights.iter().filter(|(resource, _)| names_adopt || resource != ADOPT);
                used.insert(method.clone(), rights.cloned().collect());
            }
        }
        used
    }
}

/// What a function does itself.
fn own(function: &Function) -> BTreeSet<Right> {
    let body = &function.body;
    let sdk = OPERATIONS.iter().filter_map(|(name, action)| Some((format!(".{name}()"), (*action)?)));
    let carried = CARRIED.iter().map(|(name, action)| (format!("{name}()"), *action));
    let mut found = BTreeSet::new();
    for (call, action) in sdk.chain(carried) {
        for (at, _) in body.match_indices(&call) {
            let request = &body[at + call.len()..];
            let request = request.split(".send()").next().unwrap_or_default();
            for resource in resources(request, function) {
                found.insert((resource, action.to_owned()));
            }
            if action == "scheduler:CreateSchedule" {
                found.insert(("${SchedulesRole.Arn}".to_owned(), "iam:PassRole".to_owned()));
            }
        }
    }
    found
}

/// What a request is for.
fn resources(request: &str, function: &Function) -> Vec<String> {
    for (place, resource) in [("places.runs", "${Runs.Arn}"), ("places.deliveries)", "${Deliveries.Arn}")] {
        if request.starts_with(&format!(".queue_url(&self.{place}")) {
            return vec![resource.to_owned()];
        }
    }
    // Either queue of work, as the caller says.
    if request.starts_with(".queue_url(self.url(") {
        return vec!["${Runs.Arn}".to_owned(), ADOPT.to_owned()];
    }
    if request.contains(".group_name(&self.places.schedule_group)") {
        return vec![schedules()];
    }
    let named = |call| code::calls(request, call, |_| true).next();
    let table = named("table_name").or_else(|| named("request_items")).or_else(|| named("table"));
    let table = table.unwrap_or_else(|| panic!("{}: a request without a table", function.name));
    let index = named("index_name").map_or("", |argument| {
        let is = |index: &str| argument.contains(index) || function.body.contains(&format!("={index};"));
        match (is("schema::DUE"), is("schema::BY_OWNER")) {
            (true, false) => "/index/due",
            (false, true) => "/index/by_owner",
            _ => panic!("{}: which index is {argument}?", function.name),
        }
    });
    tables(table, function).into_iter().map(|table| format!("{table}{index}")).collect()
}

/// The tables that an argument may be.
fn tables(argument: &str, function: &Function) -> Vec<String> {
    let mentioned = |text: &str| {
        let pairs = [("tables.units", "${Units.Arn}"), ("tables.outbox", "${Outbox.Arn}")];
        pairs
            .iter()
            .filter(|(field, _)| text.contains(field))
            .map(|(_, arn)| (*arn).to_owned())
            .collect::<Vec<_>>()
    };
    let here = mentioned(argument);
    if !here.is_empty() {
        return here;
    }
    let name = argument.split([',', '.', '(']).next().unwrap_or_default().trim_start_matches('&');
    if code::parameters(function).contains(name) {
        return vec![GIVEN.to_owned()];
    }
    mentioned(&function.body)
}

/// What a function needs for what it calls of its own crate.
fn inherited(function: &Function, needs: &BTreeMap<(String, bool), BTreeSet<Right>>) -> BTreeSet<Right> {
    let mut found = BTreeSet::new();
    for ((name, is_method), rights) in needs.iter().filter(|(_, rights)| !rights.is_empty()) {
        let on_it = |before: &str| {
            if *is_method {
                before.ends_with("self.") || before.ends_with("Self::")
            } else {
                !before.ends_with('.')
            }
        };
        for arguments in code::calls(&function.body, name, on_it) {
            for (resource, action) in rights {
                match resource.strip_prefix(GIVEN) {
                    None => _ = found.insert((resource.clone(), action.clone())),
                    Some(index) => found.extend(
                        tables(given_table(arguments), function)
                            .into_iter()
                            .map(|table| (format!("{table}{index}"), action.clone())),
                    ),
                }
            }
        }
    }
    found
}

/// The argument that names a table: by our custom the first.
fn given_table(arguments: &str) -> &str {
    arguments.split(',').next().unwrap_or_default()
}

/// The schedules of our group, as the template writes it.
#[must_use]
pub fn schedules() -> String {
    "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/${Schedules}/*".to_owned()
}
