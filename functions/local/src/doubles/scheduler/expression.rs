//! Schedule expressions: when a schedule fires first, and when again.
//!
//! Owns `at(…)` and `rate(…)`. `cron(…)` is refused by name: its place is another case of [`Expression`], with its own answer
//! to [`Expression::next`]. Invariant: the same expression, zone and times always give the same answer.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::error::Error;

/// When a schedule fires.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// Once, at this moment.
    At(Timestamp),
    /// First at the start, then again and again.
    Rate(Duration),
}

/// From when and until when a recurring schedule fires.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) start: Timestamp,
    pub(super) end: Option<Timestamp>,
}

impl Expression {
    /// Reads an expression; times without a zone of their own are in `zone`.
    pub(super) fn parse(text: &str, zone: Option<&str>) -> Result<Self, Error> {
        let zone = match zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name)
                .map_err(|_| Error::Validation(format!("The time zone {name} is not valid.")))?,
        };
        let invalid = || Error::Validation(format!("Invalid Schedule Expression {text}."));
        let inner = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix(')');
        if let Some(at) = inner("at(") {
            return parse_at(at, &zone).map(Self::At).ok_or_else(invalid);
        }
        if let Some(rate) = inner("rate(") {
            return parse_rate(rate).map(Self::Rate).ok_or_else(invalid);
        }
        if inner("cron(").is_some() {
            let reason =
                format!("Invalid Schedule Expression {text}: cron expressions are not offered here.");
            return Err(Error::Validation(reason));
        }
        Err(invalid())
    }

    /// When it fires for the first time.
    pub(super) fn first(&self, bounds: Bounds) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(*at),
            Self::Rate(_) => before(bounds.start, bounds.end),
        }
    }

    /// When it fires again after it fired at `now`; none when it is done. Occurrences that were missed are skipped.
    pub(super) fn next(&self, bounds: Bounds, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::At(_) => None,
            Self::Rate(span) => {
                let gone = Duration::try_from(now.duration_since(bounds.start)).unwrap_or_default();
                let rounds = gone.as_secs() / span.as_secs() + 1;
                let next = span.as_secs().checked_mul(rounds).map(Duration::from_secs)?;
                before(bounds.start.checked_add(next).ok()?, bounds.end)
            }
        }
    }
}

fn before(at: Timestamp, end: Option<Timestamp>) -> Option<Timestamp> {
    end.is_none_or(|end| at < end).then_some(at)
}

fn parse_at(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    const FORM: &str = "%Y-%m-%dT%H:%M:%S";
    let civil = DateTime::strptime(FORM, text).ok().filter(|_| text.len() == "2026-01-02T03:04:05".len())?;
    zone.to_ambiguous_timestamp(civil).compatible().ok()
}

fn parse_rate(text: &str) -> Option<Duration> {
    let (value, unit) = text.split_once(' ')?;
    let seconds = match unit {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3_600,
        "day" | "days" => 86_400,
        _ => return None,
    };
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let value: u32 = value.parse().ok().filter(|value| digits && *value > 0)?;
    Some(Duration::from_secs(u64::from(value) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn at(text: &str, zone: Option<&str>) -> Timestamp {
        match Expression::parse(text, zone).unwrap() {
            Expression::At(at) => at,
            other @ Expression::Rate(_) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_moment_is_read_in_its_zone() {
        assert_eq!(at("at(2026-11-24T10:00:00)", None), time("2026-11-24T10:00:00Z"));
        assert_eq!(at("at(2026-11-24T10:00:00)", Some("UTC")), time("2026-11-24T10:00:00Z"));
        if TimeZone::get("Europe/Berlin").is_ok() {
            assert_eq!(at("at(2026-11-24T10:00:00)", Some("Europe/Berlin")), time("2026-11-24T09:00:00Z"));
            assert_eq!(at("at(2026-07-24T10:00:00)", Some("Europe/Berlin")), time("2026-07-24T08:00:00Z"));
        }
        assert!(Expression::parse("at(2026-11-24T10:00:00)", Some("Mars/Olympus")).is_err());
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in [
            "",
            "at(nope)",
            "at()",
            "at(2026-11-24T10:00:00",
            "at(2026-11-24T10:00:00Z)",
            "at(2026-13-24T10:00:00)",
            "at(2026-11-24 10:00:00)",
            "at(26-1-2T3:4:5)",
            "rate(0 minutes)",
            "rate(-1 minutes)",
            "rate(+1 minutes)",
            "rate(1 second)",
            "rate(1minute)",
            "rate(99999999999 days)",
            "tomorrow",
        ] {
            assert!(Expression::parse(text, None).is_err(), "{text}");
        }
        let Err(Error::Validation(reason)) = Expression::parse("cron(0 * * * ? *)", None) else { panic!() };
        assert!(reason.contains("cron"), "{reason}");
    }

    #[test]
    fn a_rate_goes_on_from_its_start_and_skips_what_was_missed() {
        let start = time("2026-11-24T10:00:00Z");
        let bounds = Bounds { start, end: Some(time("2026-11-24T10:10:00Z")) };
        let rate = Expression::parse("rate(2 minutes)", None).unwrap();
        assert_eq!(rate.first(bounds), Some(start));
        assert_eq!(rate.next(bounds, start), Some(time("2026-11-24T10:02:00Z")));
        assert_eq!(rate.next(bounds, time("2026-11-24T10:07:59Z")), Some(time("2026-11-24T10:08:00Z")));
        assert_eq!(rate.next(bounds, time("2026-11-24T10:08:00Z")), None);
        assert_eq!(rate.first(Bounds { start, end: Some(start) }), None);
    }

    #[test]
    fn a_moment_comes_once() {
        let once = Expression::parse("at(2026-11-24T10:00:00)", None).unwrap();
        let bounds = Bounds { start: Timestamp::UNIX_EPOCH, end: Some(Timestamp::UNIX_EPOCH) };
        assert_eq!(once.first(bounds), Some(time("2026-11-24T10:00:00Z")));
        assert_eq!(once.next(bounds, time("2026-11-24T10:00:00Z")), None);
    }
}
