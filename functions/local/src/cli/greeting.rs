//! What `multitask serve` says when it is ready: where, with whom, at whose cost, and what to try.
//!
//! Invariant: the command that it shows works as it stands.

use std::fmt;
use std::path::Path;

/// Who does the work.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Work {
    Simulated { speed: f64 },
    Real { base: String },
}

/// With whose key work is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pays {
    /// Whoever asks.
    Caller,
    /// The operator, whoever asks.
    Operator,
    /// The operator, for who has a token.
    OperatorForTokens,
}

#[derive(Debug)]
pub(crate) struct Greeting<'a> {
    pub(crate) url: &'a str,
    pub(crate) work: Work,
    pub(crate) pays: Pays,
    pub(crate) state: &'a Path,
    /// How many access tokens there are.
    pub(crate) tokens: usize,
}

const BODY: &str = r#"{"inputs": [{"company": "Acme"}, {"company": "Globex"}], "output_type": "json", "output_description": "the CEO and the year of foundation"}"#;

impl fmt::Display for Greeting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Multitask listens on {}", self.url)?;
        match &self.work {
            Work::Simulated { speed } => writeln!(
                f,
                "Upstream: the built-in simulator, {speed} times as fast as the real one. Nothing costs money."
            )?,
            Work::Real { base } => {
                let whose = match self.pays {
                    Pays::Caller => "the key that each caller sends",
                    Pays::Operator | Pays::OperatorForTokens => "PARALLEL_API_KEY",
                };
                writeln!(f, "Upstream: {base}. Runs cost money, on {whose}.")?;
            }
        }
        writeln!(f, "State: {}", self.state.display())?;
        writeln!(f, "\nTry:\n  {}", self.command())
    }
}

impl Greeting<'_> {
    fn command(&self) -> String {
        let key = match (self.pays, &self.work) {
            (Pays::OperatorForTokens, _) if self.tokens == 1 => {
                r#" -H "x-api-key: $MULTITASK_ACCESS_TOKENS""#
            }
            (Pays::OperatorForTokens, _) => r#" -H "x-api-key: ${MULTITASK_ACCESS_TOKENS%%,*}""#,
            (Pays::Caller, Work::Real { .. }) => r#" -H "x-api-key: $PARALLEL_API_KEY""#,
            _ => "",
        };
        format!(
            "curl -s {}/v1beta/tasks/groups{key} -H 'content-type: application/json' -d '{BODY}'",
            self.url
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(work: Work, pays: Pays) -> String {
        let url = "http://127.0.0.1:8787";
        Greeting { url, work, pays, state: Path::new(".multitask"), tokens: 1 }.to_string()
    }

    #[test]
    fn the_simulator_costs_nothing_and_needs_no_key() {
        let told = greeting(Work::Simulated { speed: 20.0 }, Pays::Caller);
        assert!(told.contains("Nothing costs money"), "{told}");
        assert!(told.contains("curl -s http://127.0.0.1:8787/v1beta/tasks/groups -H 'content"), "{told}");
        assert!(!told.contains("x-api-key"), "{told}");
    }

    #[test]
    fn a_real_upstream_costs_money_and_the_command_says_with_which_key() {
        let real = || Work::Real { base: "https://api.parallel.ai".to_owned() };
        let caller = greeting(real(), Pays::Caller);
        assert!(caller.contains("cost money") && caller.contains("$PARALLEL_API_KEY"), "{caller}");
        let tokens = greeting(real(), Pays::OperatorForTokens);
        assert!(
            tokens.contains("on PARALLEL_API_KEY") && tokens.contains("$MULTITASK_ACCESS_TOKENS"),
            "{tokens}"
        );
        let operator = greeting(real(), Pays::Operator);
        assert!(!operator.contains("x-api-key"), "{operator}");
    }

    #[test]
    fn the_body_of_the_command_is_json_that_a_shell_leaves_alone() {
        serde_json::from_str::<serde_json::Value>(BODY).unwrap();
        assert!(!BODY.contains('\''));
    }
}
