//! The variables of each function: what the template sets and what the function reads are the same.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use deployment::Template;
use deployment::template::EVERYTHING;

/// Set by Lambda itself, and read by us.
const BY_LAMBDA: [&str; 1] = ["AWS_LAMBDA_RUNTIME_API"];
/// Set by the template, and read by the crates that speak with Lambda.
const FOR_THE_RUNTIME: [&str; 1] = ["AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH"];

type Variables = BTreeMap<String, String>;

/// Reads a function's configuration from variables, and tells which it asked for; `Err` says what is wrong with them.
fn read(function: &str, variables: &Variables) -> Result<BTreeSet<String>, String> {
    let asked = RefCell::new(BTreeSet::new());
    let var = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        variables.get(name).cloned()
    };
    let read = match function {
        "Api" => api::Config::from_vars(var).map(drop),
        "Results" => results::Config::from_vars(var).map(drop),
        "Runner" => runner::Config::from_vars(var).map(drop),
        "Webhook" => webhook::Config::from_vars(var).map(drop),
        other => panic!("{other} is no function of ours"),
    };
    read.map_err(|unset| unset.to_string())?;
    Ok(asked.into_inner())
}

fn variables(template: &Template, function: &str) -> Variables {
    let given =
        template.properties(function)["Environment"]["Variables"].as_object().expect("variables").iter();
    given.map(|(name, value)| (name.clone(), value.to_string().trim_matches('"').to_owned())).collect()
}

#[test]
fn each_function_reads_what_it_is_given_and_is_given_what_it_reads() {
    let Some(template) = Template::with(EVERYTHING) else { return };
    for (function, _) in template.all("AWS::Lambda::Function") {
        let variables = variables(&template, function);
        let mut asked = read(function, &variables).unwrap_or_else(|wrong| panic!("{function}: {wrong}"));
        for name in BY_LAMBDA {
            asked.remove(name);
        }
        let given: BTreeSet<String> =
            variables.into_keys().filter(|name| !FOR_THE_RUNTIME.contains(&name.as_str())).collect();
        assert_eq!(given, asked, "{function}: given on the left, read on the right");
    }
}

#[test]
fn the_defaults_of_the_parameters_are_a_complete_configuration() {
    let Some(template) = Template::with(&[]) else { return };
    for (function, _) in template.all("AWS::Lambda::Function") {
        let read = read(function, &variables(&template, function));
        assert!(read.is_ok(), "{function}: {read:?}");
    }
}

#[test]
fn a_slice_ends_before_its_function_does_and_a_lease_is_what_the_queue_hides_at_least() {
    let Some(template) = Template::with(&[]) else { return };
    let variables = variables(&template, "Runner");
    let config = runner::Config::from_vars(|name| variables.get(name).cloned()).expect("it is complete");
    let seconds = |resource: &str, property: &str| {
        template.properties(resource)[property]
            .as_u64()
            .map(Duration::from_secs)
            .expect("a number of seconds")
    };
    assert!(config.settings.slice + config.settings.margin <= seconds("Runner", "Timeout"));
    assert!(config.settings.lease < seconds("Runs", "VisibilityTimeout"));
}

#[test]
fn a_receiver_is_waited_for_within_the_time_of_the_function_that_waits() {
    let Some(template) = Template::with(&[]) else { return };
    let variables = variables(&template, "Webhook");
    let config = webhook::Config::from_vars(|name| variables.get(name).cloned()).expect("it is complete");
    let timeout = template.properties("Webhook")["Timeout"].as_u64().expect("a number of seconds");
    assert!(config.timeout * 2 < Duration::from_secs(timeout));
}
