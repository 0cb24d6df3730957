//! Attempts of deliveries: at once or within 15 minutes by SQS, later by a one-time schedule that deletes itself.

use std::time::Duration;

use aws_sdk_scheduler::operation::create_schedule::CreateScheduleError;
use aws_sdk_scheduler::types::{ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, Target};
use data_encoding::HEXLOWER;
use domain::message::{self, Attempt};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};

use crate::work::seconds;
use crate::{Error, LONGEST_DELAY, Queue, Result};

/// Characters of a schedule's name at most.
const NAME_CHARS: usize = 64;

impl Queue {
    /// Sends an attempt so that it arrives at `at` or soon after.
    ///
    /// A schedule is named by a hash of the attempt, so scheduling it again changes nothing.
    pub async fn send_attempt(&self, attempt: &Attempt, at: Timestamp, now: Timestamp) -> Result<()> {
        let wait = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
        if wait > LONGEST_DELAY {
            return self.schedule_attempt(attempt, at).await;
        }
        self.sqs
            .send_message()
            .queue_url(&self.places.deliveries)
            .message_body(message::write(attempt))
            .delay_seconds(seconds(wait))
            .send()
            .await?;
        Ok(())
    }

    async fn schedule_attempt(&self, attempt: &Attempt, at: Timestamp) -> Result<()> {
        let body = message::write(attempt);
        let make = |error: aws_sdk_scheduler::error::BuildError| Error::new(error.to_string());
        let target = Target::builder()
            .arn(&self.places.deliveries_arn)
            .role_arn(&self.places.schedule_role)
            .input(&body)
            .build()
            .map_err(make)?;
        let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().map_err(make)?;
        let name = schedule_name(&body);
        let created = self
            .scheduler
            .create_schedule()
            .name(&name)
            .client_token(&name)
            .group_name(&self.places.schedule_group)
            .schedule_expression(at_expression(at))
            .action_after_completion(ActionAfterCompletion::Delete)
            .flexible_time_window(window)
            .target(target)
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(CreateScheduleError::is_conflict_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The name of the schedule for this message: the same for the same message.
fn schedule_name(body: &str) -> String {
    let mut name = HEXLOWER.encode(digest(&SHA256, body.as_bytes()).as_ref());
    name.truncate(NAME_CHARS);
    name
}

/// A time as a schedule wants it: UTC, whole seconds, rounded up.
fn at_expression(at: Timestamp) -> String {
    let whole = at.as_millisecond().div_euclid(1_000) + i64::from(at.as_millisecond().rem_euclid(1_000) > 0);
    let at = Timestamp::from_second(whole).unwrap_or(at);
    format!("at({})", at.strftime("%Y-%m-%dT%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_never_early() {
        let at: Timestamp = "2026-11-24T10:00:00.001Z".parse().expect("a time");
        assert_eq!(at_expression(at), "at(2026-11-24T10:00:01)");
        let whole: Timestamp = "2026-11-24T10:00:00Z".parse().expect("a time");
        assert_eq!(at_expression(whole), "at(2026-11-24T10:00:00)");
    }

    #[test]
    fn the_name_fits_and_differs_by_attempt() {
        let name = schedule_name("a");
        assert_eq!(name.len(), NAME_CHARS);
        assert_ne!(name, schedule_name("b"));
    }

    #[test]
    fn delays_are_whole_seconds_within_the_queues_limit() {
        assert_eq!(seconds(Duration::ZERO), 0);
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_hours(1)), 900);
    }
}
