//! How an endpoint fares: what an attempt says about it, beyond its own delivery.

use domain::delivery::{DISABLE_AFTER, Outcome};
use jiff::{SignedDuration, Timestamp};
use store::Endpoint;

/// What is known of an endpoint after an attempt at it.
///
/// A success forgets every failure. A failure begins a series, or continues one; after five days of it the endpoint is disabled. An address that was
/// refused was not tried, and says nothing.
pub(crate) fn after(before: Endpoint, outcome: &Outcome, now: Timestamp) -> Endpoint {
    match outcome {
        Outcome::Answered { status: 200..=299, .. } => Endpoint::default(),
        Outcome::Refused { .. } => before,
        Outcome::Answered { .. } | Outcome::Failed { .. } => {
            let since = before.failing_since.unwrap_or(now);
            let longest = SignedDuration::try_from(DISABLE_AFTER).unwrap_or(SignedDuration::MAX);
            let disabled = now.duration_since(since) >= longest;
            Endpoint {
                failing_since: Some(since),
                disabled_at: before.disabled_at.or_else(|| disabled.then_some(now)),
            }
        }
    }
}

/// What is recorded for an attempt that was not made because its endpoint is disabled.
pub(crate) fn disabled() -> Outcome {
    let reason = "the endpoint is disabled, because everything sent to it failed for five days; a redelivery enables it again";
    Outcome::Failed { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_five_days_of_nothing_but_failure_disable_an_endpoint() {
        let answered = |status| Outcome::Answered { status, retry_after_seconds: None };
        let failed = || Outcome::Failed { reason: "the host cannot be reached".to_owned() };
        let refused = || Outcome::Refused { reason: "it is not a public address".to_owned() };
        let day = |day| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
        let endpoint = |since: Option<i64>, disabled: Option<i64>| Endpoint {
            failing_since: since.map(day),
            disabled_at: disabled.map(day),
        };
        let cases = [
            (endpoint(None, None), failed(), 3, endpoint(Some(3), None)),
            (endpoint(Some(0), None), answered(500), 4, endpoint(Some(0), None)),
            (endpoint(Some(0), None), answered(302), 5, endpoint(Some(0), Some(5))),
            (endpoint(Some(0), Some(5)), failed(), 6, endpoint(Some(0), Some(5))),
            (endpoint(Some(0), None), answered(204), 9, endpoint(None, None)),
            (endpoint(Some(0), None), refused(), 9, endpoint(Some(0), None)),
        ];
        for (before, outcome, now, expected) in cases {
            assert_eq!(after(before, &outcome, day(now)), expected, "{before:?} {outcome:?} {now}");
        }
    }
}
