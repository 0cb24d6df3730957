//! What the function's environment must say; all faults are reported together.

use cloud::vars::{Reader, Unset};
use metrics::emf::Labels;
use queue::Places;
use store::Tables;
use url::Url;

/// The function's configuration. Secrets are named by their ARNs, and loaded by the main.
#[derive(Debug, Clone)]
pub struct Config {
    /// `UNITS_TABLE` and `OUTBOX_TABLE`.
    pub tables: Tables,
    /// `RUNS_QUEUE_URL`, `DELIVERIES_QUEUE_URL`, `DELIVERIES_QUEUE_ARN`, `SCHEDULE_GROUP`, `SCHEDULE_ROLE_ARN`.
    pub places: Places,
    /// `PARALLEL_BASE_URL`: the upstream that units are made for, `https://api.parallel.ai` if unset.
    pub upstream: Url,
    /// `PUBLIC_URL`: the public base of every URL; what API Gateway says of itself if unset.
    pub public_url: Option<String>,
    /// `SEALING_KEY_ARN`: the secret that seals keys, and from which owners are told.
    pub sealing_key_arn: String,
    /// `PARALLEL_API_KEY_ARN`: the secret with the operator's own upstream key; optional.
    pub server_key_arn: Option<String>,
    /// `ACCESS_TOKENS_ARN`: the secret with the operator's access tokens; optional.
    pub access_tokens_arn: Option<String>,
    /// `WEBHOOK_SECRET_ARN`: whether the operator's secret signs every webhook. The secret itself is not read here.
    pub operator_signs: bool,
    /// `PARALLEL_WEBHOOK_SECRET_ARN`: the secret that the upstream signs its webhooks with, for the account of the server key; optional.
    pub upstream_webhook_secret_arn: Option<String>,
    /// `MULTITASK_ALLOW_HOST`: hosts exempt from the address check, separated by commas.
    pub allow_hosts: Vec<String>,
    /// `AWS_LAMBDA_RUNTIME_API`: a host that nothing is ever fetched from.
    pub runtime_api: Option<String>,
    /// `STACK`: the name of the deployment that metrics are told under; none are told if unset.
    pub labels: Option<Labels>,
}

impl Config {
    /// Reads the variables that `var` gives; `Err` names every one that is missing or makes no sense.
    ///
    /// # Panics
    /// Never: the default upstream is a URL.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, Unset> {
        let mut vars = Reader::new(var);
        let config = Self {
            tables: Tables { units: vars.text("UNITS_TABLE"), outbox: vars.text("OUTBOX_TABLE") },
            places: Places {
                runs: vars.text("RUNS_QUEUE_URL"),
                adopt: None,
                deliveries: vars.text("DELIVERIES_QUEUE_URL"),
                deliveries_arn: vars.text("DELIVERIES_QUEUE_ARN"),
                schedule_group: vars.text("SCHEDULE_GROUP"),
                schedule_role: vars.text("SCHEDULE_ROLE_ARN"),
            },
            upstream: vars.parsed_or("PARALLEL_BASE_URL", || {
                Url::parse("https://api.parallel.ai").expect("it is a URL")
            }),
            public_url: vars.text_if_any("PUBLIC_URL"),
            sealing_key_arn: vars.text("SEALING_KEY_ARN"),
            server_key_arn: vars.text_if_any("PARALLEL_API_KEY_ARN"),
            access_tokens_arn: vars.text_if_any("ACCESS_TOKENS_ARN"),
            operator_signs: vars.text_if_any("WEBHOOK_SECRET_ARN").is_some(),
            upstream_webhook_secret_arn: vars.text_if_any("PARALLEL_WEBHOOK_SECRET_ARN"),
            allow_hosts: vars.list("MULTITASK_ALLOW_HOST"),
            runtime_api: vars.text_if_any("AWS_LAMBDA_RUNTIME_API"),
            labels: vars.text_if_any("STACK").map(|stack| Labels { stack, function: "api" }),
        };
        vars.done(config)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_missing_is_told_all_at_once() {
        let told = Config::from_vars(|_| None).expect_err("nothing is set").to_string();
        for name in ["UNITS_TABLE", "RUNS_QUEUE_URL", "SCHEDULE_ROLE_ARN", "SEALING_KEY_ARN"] {
            assert!(told.contains(name), "{told}");
        }
    }

    #[test]
    fn what_the_operator_need_not_set_has_its_default() {
        let optional = ["PARALLEL", "PUBLIC", "ACCESS", "ALLOW", "RUNTIME", "WEBHOOK"];
        let required =
            |name: &str| (!optional.iter().any(|part| name.contains(part))).then(|| "x".to_owned());
        let config = Config::from_vars(required).expect("everything needed is set");
        assert_eq!(config.upstream.as_str(), "https://api.parallel.ai/");
        assert_eq!((config.public_url, config.server_key_arn, config.access_tokens_arn), (None, None, None));
        let unclear =
            |name: &str| Some(if name == "PARALLEL_BASE_URL" { "upstream" } else { "x" }.to_owned());
        let told = Config::from_vars(unclear).expect_err("no URL").to_string();
        assert!(told.contains("PARALLEL_BASE_URL"), "{told}");
    }

    #[test]
    fn the_template_sets_exactly_what_is_read() {
        let asked = RefCell::new(BTreeSet::new());
        let var = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            Some("https://x.example".to_owned())
        };
        Config::from_vars(var).expect("complete");
        let template = include_str!("../../../template.yaml");
        let (_, function) =
            template.split_once("\n  Api:\n    Type: AWS::Serverless::Function").expect("the function");
        let (_, variables) = function.split_once("Variables:\n").expect("variables");
        let lines = variables.lines().take_while(|line| line.starts_with("          "));
        let mut set: BTreeSet<String> =
            lines.filter_map(|line| Some(line.trim().split_once(':')?.0.to_owned())).collect();
        // Read by the Lambda crates, and set by Lambda itself.
        assert!(set.remove("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH"));
        assert!(set.insert("AWS_LAMBDA_RUNTIME_API".to_owned()));
        assert_eq!(set, asked.into_inner());
    }
}
