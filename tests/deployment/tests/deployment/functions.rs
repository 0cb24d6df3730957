//! The four functions: what they run on, for how long, and from which binary.

use deployment::Template;
use deployment::template::EVERYTHING;
use serde_json::json;

const FUNCTIONS: [&str; 4] = ["Api", "Results", "Runner", "Webhook"];

#[test]
fn the_functions_are_four_each_built_from_the_binary_of_its_name() {
    let Some(template) = Template::with(&[]) else { return };
    let names: Vec<&str> = template.all("AWS::Lambda::Function").map(|(name, _)| name).collect();
    assert_eq!(names, FUNCTIONS);
    for name in FUNCTIONS {
        let binary = name.to_lowercase();
        let built = &template.resource(name).raw["Metadata"];
        assert_eq!(built, &json!({"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": binary}}));
        let main = deployment::root().join(format!("functions/{binary}/src/main.rs"));
        assert!(main.exists(), "{} is not there", main.display());
        assert_eq!(template.properties(name)["FunctionName"], format!("${{AWS::StackName}}-{binary}"));
    }
}

/// From the root, cargo would look for the binary in the default member alone, and not find it.
#[test]
fn each_function_is_built_in_its_own_folder() {
    let source = std::fs::read_to_string(deployment::root().join("template.yaml")).expect("it can be read");
    for name in FUNCTIONS {
        let (_, function) = source
            .split_once(&format!("\n  {name}:\n    Type: AWS::Serverless::Function\n"))
            .unwrap_or_else(|| panic!("{name} is not in the source"));
        let folder = function.lines().find_map(|line| line.trim().strip_prefix("CodeUri: "));
        assert_eq!(folder, Some(format!("functions/{}", name.to_lowercase()).as_str()), "{name}");
    }
}

#[test]
fn each_runs_on_arm_and_writes_json_to_a_log_that_ends() {
    let Some(template) = Template::with(&[("LogRetentionDays", "14")]) else { return };
    for name in FUNCTIONS {
        let function = template.properties(name);
        assert_eq!(function["Runtime"], "provided.al2023");
        assert_eq!(function["Architectures"], json!(["arm64"]));
        assert_eq!(function["TracingConfig"]["Mode"], "Active");
        assert_eq!(function["LoggingConfig"]["LogFormat"], "JSON");
        let log = format!("{name}Logs");
        assert_eq!(function["LoggingConfig"]["LogGroup"], format!("${{{log}}}"));
        assert_eq!(template.properties(&log)["RetentionInDays"], "14");
    }
}

#[test]
fn only_the_runner_may_call_itself_through_a_queue() {
    let Some(template) = Template::with(&[]) else { return };
    for name in FUNCTIONS {
        let allowed = template.properties(name).get("RecursiveLoop").and_then(|value| value.as_str());
        assert_eq!(allowed, (name == "Runner").then_some("Allow"), "{name}");
    }
}

#[test]
fn watchers_cannot_take_the_concurrency_that_accepting_needs() {
    let Some(template) = Template::with(&[]) else { return };
    assert_eq!(template.properties("Results")["ReservedConcurrentExecutions"], 400);
    let Some(small_account) = Template::with(&[("ResultsConcurrency", "0")]) else { return };
    assert!(small_account.properties("Results").get("ReservedConcurrentExecutions").is_none());
}

#[test]
fn the_sealing_key_is_made_there_and_outlives_the_stack_as_the_tables_do() {
    let Some(template) = Template::with(EVERYTHING) else { return };
    for name in ["SealingKey", "Units", "Outbox"] {
        let raw = &template.resource(name).raw;
        assert_eq!(
            (&raw["DeletionPolicy"], &raw["UpdateReplacePolicy"]),
            (&json!("Retain"), &json!("Retain"))
        );
    }
    let made = &template.properties("SealingKey")["GenerateSecretString"];
    assert_eq!(made, &json!({"PasswordLength": 64, "ExcludePunctuation": true}));
}
