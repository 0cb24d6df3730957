//! What the runner's environment must say; all faults are reported together.

use std::time::Duration;

use cloud::vars::{Reader, Unset};
use metrics::emf::Labels;
use queue::Places;
use store::Tables;
use url::Url;

use crate::Settings;

/// The runner's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// `UNITS_TABLE` and `OUTBOX_TABLE`.
    pub tables: Tables,
    /// `RUNS_QUEUE_URL`, `ADOPT_QUEUE_URL`, `DELIVERIES_QUEUE_URL`, `DELIVERIES_QUEUE_ARN`, `SCHEDULE_GROUP`, `SCHEDULE_ROLE_ARN`.
    pub places: Places,
    /// `PARALLEL_BASE_URL`: the upstream, `https://api.parallel.ai` if unset.
    pub upstream: Url,
    /// `SEALING_KEY_ARN`: the secret that opens the keys of units.
    pub sealing_key_arn: String,
    /// `MULTITASK_ALLOW_HOST`: hosts exempt from the address check, separated by commas.
    pub allow_hosts: Vec<String>,
    /// `AWS_LAMBDA_RUNTIME_API`: a host that no list may come from.
    pub runtime_api: Option<String>,
    /// `STACK`: the name of the deployment that metrics are told under; none are told if unset.
    pub labels: Option<Labels>,
    /// `SLICE_SECONDS`, `LEASE_SECONDS`, `UNITS_PER_RUNNER`.
    pub settings: Settings,
}

impl Config {
    /// Reads the variables that `var` gives; `Err` names every one that is missing or makes no sense.
    ///
    /// # Panics
    /// Never: the upstream that stands for an unset one is a URL.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, Unset> {
        let mut vars = Reader::new(var);
        let defaults = Settings::default();
        let config = Self {
            tables: Tables { units: vars.text("UNITS_TABLE"), outbox: vars.text("OUTBOX_TABLE") },
            places: Places {
                runs: vars.text("RUNS_QUEUE_URL"),
                adopt: Some(vars.text("ADOPT_QUEUE_URL")),
                deliveries: vars.text("DELIVERIES_QUEUE_URL"),
                deliveries_arn: vars.text("DELIVERIES_QUEUE_ARN"),
                schedule_group: vars.text("SCHEDULE_GROUP"),
                schedule_role: vars.text("SCHEDULE_ROLE_ARN"),
            },
            upstream: vars.parsed_or("PARALLEL_BASE_URL", || {
                Url::parse("https://api.parallel.ai").expect("it is a URL")
            }),
            sealing_key_arn: vars.text("SEALING_KEY_ARN"),
            allow_hosts: vars.list("MULTITASK_ALLOW_HOST"),
            runtime_api: vars.text_if_any("AWS_LAMBDA_RUNTIME_API"),
            labels: vars.text_if_any("STACK").map(|stack| Labels { stack, function: "runner" }),
            settings: Settings {
                slice: Duration::from_secs_f64(
                    vars.parsed_or("SLICE_SECONDS", || defaults.slice.as_secs_f64()),
                ),
                lease: Duration::from_secs_f64(
                    vars.parsed_or("LEASE_SECONDS", || defaults.lease.as_secs_f64()),
                ),
                units: vars.parsed_or("UNITS_PER_RUNNER", || defaults.units),
                ..defaults
            },
        };
        vars.done(config)
    }
}
