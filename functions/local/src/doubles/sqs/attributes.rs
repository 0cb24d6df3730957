//! The attributes of a queue: what may be set, within which bounds, and how they read.
//!
//! Owns the attributes that this project uses; others are refused by name rather than kept without effect.
//! Invariant: values of a [`Settings`] are within the documented bounds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Error;
use crate::sdk;

/// What was set of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) visibility_seconds: u32,
    pub(crate) delay_seconds: u32,
    pub(crate) retention_seconds: u32,
    pub(crate) wait_seconds: u32,
    pub(crate) message_bytes: u32,
    pub(crate) redrive: Option<Redrive>,
}

/// Where messages go that were received too often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Redrive {
    /// As it was given, since it is given back so.
    pub(crate) policy: String,
    /// The name of the queue they go to.
    pub(crate) target: String,
    pub(crate) max_receives: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            visibility_seconds: 30,
            delay_seconds: 0,
            retention_seconds: 345_600,
            wait_seconds: 0,
            message_bytes: 1_048_576,
            redrive: None,
        }
    }
}

impl Settings {
    /// These settings with `given` on top. `exists` says whether a queue has that name.
    pub(crate) fn with(
        mut self,
        given: &BTreeMap<String, String>,
        exists: impl Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        for (name, value) in given {
            match name.as_str() {
                "VisibilityTimeout" => self.visibility_seconds = within(name, value, 0, 43_200)?,
                "DelaySeconds" => self.delay_seconds = within(name, value, 0, 900)?,
                "MessageRetentionPeriod" => self.retention_seconds = within(name, value, 60, 1_209_600)?,
                "ReceiveMessageWaitTimeSeconds" => self.wait_seconds = within(name, value, 0, 20)?,
                "MaximumMessageSize" => self.message_bytes = within(name, value, 1024, 1_048_576)?,
                "RedrivePolicy" if value.is_empty() => self.redrive = None,
                "RedrivePolicy" => self.redrive = Some(redrive(value, &exists)?),
                _ => return Err(Error::UnknownAttribute(name.clone())),
            }
        }
        Ok(self)
    }

    /// The settings as SQS names and writes them.
    pub(crate) fn render(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("VisibilityTimeout", self.visibility_seconds.to_string()),
            ("DelaySeconds", self.delay_seconds.to_string()),
            ("MessageRetentionPeriod", self.retention_seconds.to_string()),
            ("ReceiveMessageWaitTimeSeconds", self.wait_seconds.to_string()),
            ("MaximumMessageSize", self.message_bytes.to_string()),
        ];
        all.extend(self.redrive.as_ref().map(|redrive| ("RedrivePolicy", redrive.policy.clone())));
        all
    }

    /// How long a message stays before it is dropped.
    pub(crate) fn retention(&self) -> Duration {
        Duration::from_secs(self.retention_seconds.into())
    }
}

fn within(name: &str, value: &str, least: u32, most: u32) -> Result<u32, Error> {
    let number = value.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| Error::AttributeValue(name.to_owned()))
}

fn redrive(policy: &str, exists: impl Fn(&str) -> bool) -> Result<Redrive, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Policy {
        dead_letter_target_arn: String,
        max_receive_count: Count,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Count {
        Number(u32),
        Text(String),
    }
    let parse = || {
        let parsed: Policy = serde_json::from_str(policy).ok()?;
        let max_receives = match parsed.max_receive_count {
            Count::Number(number) => number,
            Count::Text(text) => text.parse().ok()?,
        };
        let target = name_in_arn(&parsed.dead_letter_target_arn)?.to_owned();
        let sound = (1..=1000).contains(&max_receives) && exists(&target);
        sound.then(|| Redrive { policy: policy.to_owned(), target, max_receives })
    };
    parse().ok_or_else(|| Error::AttributeValue("RedrivePolicy".into()))
}

/// The ARN of the queue `name`.
pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:sqs:{}:{}:{name}", sdk::REGION, sdk::ACCOUNT)
}

/// The name of the queue that an ARN names; none when it is not the ARN of a local queue.
pub(crate) fn name_in_arn(text: &str) -> Option<&str> {
    let name = text.rsplit(':').next()?;
    (arn(name) == text).then_some(name)
}

/// Refuses a name that no standard queue can have.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::Missing("QueueName"));
    }
    let sound =
        name.len() <= 80 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if sound {
        return Ok(());
    }
    let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
    Err(Error::Parameter(reason.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> Result<Settings, Error> {
        let given = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        Settings::default().with(&given, |queue| queue == "dead")
    }

    #[test]
    fn bounds_are_inclusive_and_hold() {
        for (name, least, most) in [
            ("VisibilityTimeout", 0, 43_200),
            ("DelaySeconds", 0, 900),
            ("MessageRetentionPeriod", 60, 1_209_600),
            ("ReceiveMessageWaitTimeSeconds", 0, 20),
            ("MaximumMessageSize", 1024, 1_048_576),
        ] {
            let rendered = |n: i64| set(name, &n.to_string()).unwrap().render();
            for inside in [least, most] {
                assert!(rendered(inside).contains(&(name, inside.to_string())), "{name} {inside}");
            }
            for outside in [(least - 1).to_string(), (most + 1).to_string(), "x".into(), String::new()] {
                assert_eq!(set(name, &outside), Err(Error::AttributeValue(name.into())), "{outside}");
            }
        }
        assert_eq!(set("Colour", "red"), Err(Error::UnknownAttribute("Colour".into())));
    }

    #[test]
    fn a_redrive_policy_names_an_existing_queue_and_a_count() {
        let policy = |name: &str, count: &str| {
            format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":{count}}}"#, arn(name))
        };
        for count in ["2", "\"2\""] {
            let redrive = set("RedrivePolicy", &policy("dead", count)).unwrap().redrive.unwrap();
            assert_eq!((redrive.target.as_str(), redrive.max_receives), ("dead", 2));
        }
        for wrong in
            [policy("gone", "2"), policy("dead", "0"), policy("dead", "1001"), "\"{}\"".into(), "{".into()]
        {
            assert!(set("RedrivePolicy", &wrong).is_err(), "{wrong}");
        }
        assert_eq!(set("RedrivePolicy", "").unwrap().redrive, None);
    }

    #[test]
    fn only_arns_of_local_queues_name_one() {
        assert_eq!(name_in_arn(&arn("runs")), Some("runs"));
        assert_eq!(name_in_arn("arn:aws:sqs:eu-west-1:000000000000:runs"), None);
        assert_eq!(name_in_arn("runs"), None);
    }
}
