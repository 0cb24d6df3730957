//! What the function's environment must say; all faults are reported together.

use std::time::Duration;

use cloud::vars::{Reader, Unset};
use metrics::emf::Labels;
use queue::Places;
use store::Tables;

/// The function's configuration. Secrets are named by their ARNs, and loaded by the main.
#[derive(Debug, Clone)]
pub struct Config {
    /// `UNITS_TABLE` and `OUTBOX_TABLE`.
    pub tables: Tables,
    /// `RUNS_QUEUE_URL`, `DELIVERIES_QUEUE_URL`, `DELIVERIES_QUEUE_ARN`, `SCHEDULE_GROUP`, `SCHEDULE_ROLE_ARN`.
    pub places: Places,
    /// `SEALING_KEY_ARN`: the secret that opens signing secrets.
    pub sealing_key_arn: String,
    /// `WEBHOOK_SECRET_ARN`: the operator's signing secret, which signs instead of the owners'; optional.
    pub webhook_secret_arn: Option<String>,
    /// `MULTITASK_ALLOW_HOST`: hosts exempt from the address check, separated by commas.
    pub allow_hosts: Vec<String>,
    /// `AWS_LAMBDA_RUNTIME_API`: a host that nothing is ever delivered to.
    pub runtime_api: Option<String>,
    /// `STACK`: the name of the deployment that metrics are told under; none are told if unset.
    pub labels: Option<Labels>,
    /// `DELIVERY_TIMEOUT_SECONDS`: how long a receiver has for its answer, 15 if unset.
    pub timeout: Duration,
}

impl Config {
    /// Reads the variables that `var` gives; `Err` names every one that is missing or makes no sense.
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
            sealing_key_arn: vars.text("SEALING_KEY_ARN"),
            webhook_secret_arn: vars.text_if_any("WEBHOOK_SECRET_ARN"),
            allow_hosts: vars.list("MULTITASK_ALLOW_HOST"),
            runtime_api: vars.text_if_any("AWS_LAMBDA_RUNTIME_API"),
            labels: vars.text_if_any("STACK").map(|stack| Labels { stack, function: "webhook" }),
            timeout: Duration::from_secs(vars.parsed_or("DELIVERY_TIMEOUT_SECONDS", || 15)),
        };
        vars.done(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_all_at_once() {
        let told = Config::from_vars(|_| None).expect_err("nothing is set").to_string();
        for name in
            ["UNITS_TABLE", "OUTBOX_TABLE", "DELIVERIES_QUEUE_URL", "SCHEDULE_GROUP", "SEALING_KEY_ARN"]
        {
            assert!(told.contains(name), "{told}");
        }
    }

    #[test]
    fn what_need_not_be_set_has_its_default() {
        let required =
            |name: &str| (!name.contains("ALLOW") && !name.contains("SECONDS")).then(|| "x".to_owned());
        let config = Config::from_vars(required).expect("everything needed is set");
        assert_eq!((config.timeout, config.allow_hosts), (Duration::from_secs(15), Vec::new()));
        let unclear = |name: &str| Some(if name.contains("SECONDS") { "soon" } else { "x" }.to_owned());
        assert!(Config::from_vars(unclear).is_err());
    }
}
