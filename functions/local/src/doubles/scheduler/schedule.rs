//! A schedule: what was asked for, checked, and when it fires next.
//!
//! Owns the documented rules about names and fields. The definition keeps the form of the wire, since it is given back
//! so. Invariant: a [`Definition`] in a [`Schedule`] has passed [`Definition::check`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::Error;
use super::expression::{Bounds, Expression};
use crate::doubles::sqs;
use crate::sdk;

/// The group of schedules that name none.
pub(super) const DEFAULT_GROUP: &str = "default";

/// What a schedule is to do, as a request states it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Definition {
    pub(super) group_name: String,
    pub(super) schedule_expression: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule_expression_timezone: Option<String>,
    /// In seconds since 1970, with fractions.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    flexible_time_window: FlexibleTimeWindow,
    pub(super) state: State,
    pub(super) action_after_completion: ActionAfterCompletion,
    pub(super) target: Target,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct FlexibleTimeWindow {
    mode: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_window_in_minutes: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum State {
    #[default]
    Enabled,
    Disabled,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ActionAfterCompletion {
    #[default]
    None,
    Delete,
}

/// What a schedule does when it fires: it sends its input to a queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Target {
    pub(super) arn: String,
    role_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_policy: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_letter_config: Option<Value>,
}

/// A schedule as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Schedule {
    pub(super) name: String,
    pub(super) definition: Definition,
    pub(super) created_at: Timestamp,
    pub(super) modified_at: Timestamp,
    /// Of the request that created it: the same request again is no conflict.
    pub(super) client_token: Option<String>,
    /// When it fires next, if it were enabled; none when it has nothing more to do.
    pub(super) next_at: Option<Timestamp>,
}

impl Default for Definition {
    fn default() -> Self {
        Self {
            group_name: DEFAULT_GROUP.to_owned(),
            schedule_expression: String::new(),
            schedule_expression_timezone: None,
            start_date: None,
            end_date: None,
            description: None,
            flexible_time_window: FlexibleTimeWindow::default(),
            state: State::default(),
            action_after_completion: ActionAfterCompletion::default(),
            target: Target::default(),
        }
    }
}

impl Definition {
    /// Refuses what Scheduler would refuse, and targets other than local queues.
    pub(super) fn check(&self) -> Result<Expression, Error> {
        let window = &self.flexible_time_window;
        let in_bounds = match (window.mode.as_str(), window.maximum_window_in_minutes) {
            ("OFF", minutes) => minutes.is_none(),
            ("FLEXIBLE", Some(minutes)) => (1..=1440).contains(&minutes),
            _ => false,
        };
        if !in_bounds {
            return Err(constraint("flexibleTimeWindow", "Mode OFF, or FLEXIBLE with 1 to 1440 minutes"));
        }
        if sqs::name_in_arn(&self.target.arn).is_none() {
            return Err(constraint("target.arn", "the ARN of a queue on this machine"));
        }
        if !(self.target.role_arn.starts_with("arn:aws") && self.target.role_arn.contains(":role/")) {
            return Err(constraint("target.roleArn", "the ARN of a role"));
        }
        if self.target.input.as_deref().is_some_and(str::is_empty) {
            return Err(constraint("target.input", "a length of at least 1"));
        }
        if self.description.as_ref().is_some_and(|text| text.chars().count() > 512) {
            return Err(constraint("description", "a length of at most 512"));
        }
        Expression::parse(&self.schedule_expression, self.schedule_expression_timezone.as_deref())
    }

    /// When it may fire, for a schedule made or changed at `at`.
    pub(super) fn bounds(&self, at: Timestamp) -> Bounds {
        Bounds { start: self.start_date.and_then(moment).unwrap_or(at), end: self.end_date.and_then(moment) }
    }
}

impl Schedule {
    /// Its ARN.
    pub(super) fn arn(&self) -> String {
        let group = &self.definition.group_name;
        format!("arn:aws:scheduler:{}:{}:schedule/{group}/{}", sdk::REGION, sdk::ACCOUNT, self.name)
    }

    /// When it is to fire; none when it is disabled or done.
    pub(super) fn due_at(&self) -> Option<Timestamp> {
        self.next_at.filter(|_| self.definition.state == State::Enabled)
    }

    /// When it fires again after it fired at `now`.
    pub(super) fn after(&self, now: Timestamp) -> Option<Timestamp> {
        let expression = self.definition.check().ok()?;
        expression.next(self.definition.bounds(self.modified_at), now)
    }

    /// The message that it sends. Where the schedule has no input, it is the event that Scheduler makes up.
    pub(super) fn message(&self, now: Timestamp) -> String {
        let event = || {
            json!({
                "version": "0", "id": self.name, "detail-type": "Scheduled Event", "source": "aws.scheduler",
                "account": sdk::ACCOUNT, "time": now.to_string(), "region": sdk::REGION,
                "resources": [self.arn()], "detail": "{}",
            })
        };
        self.definition.target.input.clone().unwrap_or_else(|| event().to_string())
    }

    /// The schedule as `GetSchedule` gives it.
    pub(super) fn render(&self) -> Value {
        let mut rendered = json!(self.definition);
        rendered["Arn"] = json!(self.arn());
        rendered["Name"] = json!(self.name);
        rendered["CreationDate"] = epoch(self.created_at);
        rendered["LastModificationDate"] = epoch(self.modified_at);
        rendered
    }

    /// The schedule as `ListSchedules` gives it.
    pub(super) fn summary(&self) -> Value {
        json!({
            "Arn": self.arn(), "Name": self.name, "GroupName": self.definition.group_name,
            "State": self.definition.state, "Target": { "Arn": self.definition.target.arn },
            "CreationDate": epoch(self.created_at), "LastModificationDate": epoch(self.modified_at),
        })
    }
}

/// Refuses what is no name of a schedule or a group.
pub(super) fn check_name(field: &str, name: &str) -> Result<(), Error> {
    let sound = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if sound { Ok(()) } else { Err(constraint(field, "1 to 64 characters of [0-9a-zA-Z-_.]")) }
}

fn constraint(field: &str, rule: &str) -> Error {
    Error::Validation(format!(
        "1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must be {rule}"
    ))
}

fn epoch(at: Timestamp) -> Value {
    json!(at.as_duration().as_secs_f64())
}

fn moment(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_duration(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
}
