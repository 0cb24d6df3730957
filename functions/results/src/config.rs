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
}

impl Config {
    /// Reads the variables that `var` gives; `Err` names every one that is missing or makes no sense.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, Unset> {
        let mut vars = Reader::new(var);
        let config = Self {
            tables: Tables { units: vars.text("UNITS_TABLE"), outbox: vars.text("OUTBOX_TABLE") },
            sealing_key_arn: vars.text("SEALING_KEY_ARN"),
        };
        vars.done(config)
    }
}
