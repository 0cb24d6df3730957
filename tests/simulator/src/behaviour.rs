//! Markers: how an input asks the simulator for a bad day.
//!
//! A marker is the value of a key `simulate` of an input object, or the text `simulate:<marker>` anywhere in the
//! input; several may stand side by side. The crate's documentation lists them. An unknown marker means nothing.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a run ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// With an output.
    #[default]
    Complete,
    /// Completed, without output.
    NoOutput,
    /// With an error.
    Fail,
    /// Cancelled, by way of `cancelling`.
    Cancel,
    /// Stopped in `action_required`.
    Stop,
    /// Not at all.
    Never,
}

/// What kind of output a completed run has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    /// Something sensible.
    #[default]
    Plain,
    /// Something of 12 MB.
    Huge,
    /// Something that attacks whoever shows it.
    Hostile,
}

/// Everything an input asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Behaviour {
    pub(crate) outcome: Outcome,
    pub(crate) content: Content,
    /// Ten times slower.
    pub(crate) slow: bool,
    /// Runs exactly this many seconds, whatever the speed.
    pub(crate) seconds: Option<f64>,
    /// Shows a status in its middle that no client knows.
    pub(crate) odd_status: bool,
}

impl Behaviour {
    /// Reads the markers of `input`.
    pub(crate) fn of(input: &Value) -> Self {
        let mut behaviour = Self::default();
        behaviour.read(input);
        behaviour
    }

    fn read(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                for marker in text.split("simulate:").skip(1) {
                    let end = marker.find(|c: char| !(c.is_ascii_alphanumeric() || "_=.".contains(c)));
                    self.mark(&marker[..end.unwrap_or(marker.len())]);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.read(value)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(markers) if name == "simulate" => {
                            markers.split([' ', ',']).for_each(|marker| self.mark(marker));
                        }
                        other => self.read(other),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn mark(&mut self, marker: &str) {
        match marker.trim_end_matches('.') {
            "fail" => self.outcome = Outcome::Fail,
            "null_output" => self.outcome = Outcome::NoOutput,
            "cancelled" => self.outcome = Outcome::Cancel,
            "action_required" => self.outcome = Outcome::Stop,
            "never" => self.outcome = Outcome::Never,
            "huge" => self.content = Content::Huge,
            "hostile" => self.content = Content::Hostile,
            "slow" => self.slow = true,
            "unknown_status" => self.odd_status = true,
            other => {
                let seconds = other.strip_prefix("seconds=").and_then(|text| text.parse::<f64>().ok());
                self.seconds =
                    seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0).or(self.seconds);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn markers_are_found_as_a_key_and_anywhere_in_a_text() {
        assert_eq!(Behaviour::of(&json!({"simulate": "fail"})).outcome, Outcome::Fail);
        assert_eq!(Behaviour::of(&json!("Acme simulate:never, please")).outcome, Outcome::Never);
        assert_eq!(Behaviour::of(&json!({"a": ["x", {"b": "simulate:huge"}]})).content, Content::Huge);
    }

    #[test]
    fn several_markers_stand_side_by_side() {
        let both = Behaviour::of(&json!({"simulate": "slow hostile"}));
        assert!(both.slow && both.content == Content::Hostile);
        let timed = Behaviour::of(&json!("simulate:seconds=2.5 simulate:fail."));
        assert_eq!((timed.seconds, timed.outcome), (Some(2.5), Outcome::Fail));
    }

    #[test]
    fn everything_else_means_nothing() {
        for input in
            [json!("simulate"), json!({"simulate": 1}), json!("simulate:"), json!("simulate:seconds=x")]
        {
            assert_eq!(Behaviour::of(&input), Behaviour::default(), "{input}");
        }
    }
}
