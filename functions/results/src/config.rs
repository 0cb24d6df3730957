//! What the function's environment must say; all faults are reported together.

use cloud::vars::{Reader, Unset};
use store::Tables;

/// The function's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `UNITS_TABLE` and `OUTBOX_TABLE`.
    pub tables: Tables,
    /// `SEALING_KEY_ARN`: the secret from which owners are told.
    pub sealing_key_arn: String,
    /// `PARALLEL_API_KEY_ARN`: whether the operator has a key of its own. The key itself is not read here.
    pub has_server_key: bool,
    /// `ACCESS_TOKENS_ARN`: the secret with the operator's access tokens.
    pub access_tokens_arn: Option<String>,
}

impl Config {
    /// Reads the variables that `var` gives; `Err` names every one that is missing or makes no sense.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, Unset> {
        let mut vars = Reader::new(var);
        let config = Self {
            tables: Tables { units: vars.text("UNITS_TABLE"), outbox: vars.text("OUTBOX_TABLE") },
            sealing_key_arn: vars.text("SEALING_KEY_ARN"),
            has_server_key: vars.text_if_any("PARALLEL_API_KEY_ARN").is_some(),
            access_tokens_arn: vars.text_if_any("ACCESS_TOKENS_ARN"),
        };
        vars.done(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_told_at_once() {
        let told = Config::from_vars(|_| None).expect_err("nothing is set").to_string();
        for name in ["UNITS_TABLE", "OUTBOX_TABLE", "SEALING_KEY_ARN"] {
            assert!(told.contains(name), "{told}");
        }
    }

    #[test]
    fn keys_and_tokens_of_the_operator_may_be_absent() {
        let only =
            |names: &'static [&str]| move |name: &str| names.contains(&name).then(|| name.to_lowercase());
        let config =
            Config::from_vars(only(&["UNITS_TABLE", "OUTBOX_TABLE", "SEALING_KEY_ARN"])).expect("complete");
        assert_eq!((config.has_server_key, config.access_tokens_arn), (false, None));
    }
}
