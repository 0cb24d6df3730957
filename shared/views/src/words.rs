//! The words and signs by which statuses are shown to people.

use domain::run::RunStatus;
use domain::unit::Status;

/// What a unit's status is called, in `status_message` and on pages.
pub(crate) const fn of_unit(status: Status) -> &'static str {
    match status {
        Status::Pending => "Pending",
        Status::Running => "Processing",
        Status::Completed => "Completed",
        Status::Partial => "Completed in part",
        Status::Failed => "Failed",
        Status::Cancelled => "Cancelled",
        Status::TimedOut => "Timed out",
        Status::Deleted => "Deleted",
    }
}

/// A unit's status as a sign.
pub(crate) const fn sign_of_unit(status: Status) -> &'static str {
    match status {
        Status::Pending => "🕓",
        Status::Running => "⏳",
        Status::Completed => "✅",
        Status::Partial => "⚠️",
        Status::Failed => "❌",
        Status::Cancelled | Status::Deleted => "🚫",
        Status::TimedOut => "⏰",
    }
}

/// What a run's status is called.
pub(crate) const fn of_run(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Pending => "Pending",
        RunStatus::Queued => "Queued",
        RunStatus::Running => "Running",
        RunStatus::Completed => "Completed",
        RunStatus::Failed => "Failed",
        RunStatus::Cancelled => "Cancelled",
        RunStatus::TimedOut => "Timed out",
    }
}

/// A run's status as a sign.
pub(crate) const fn sign_of_run(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Pending => "🕓",
        RunStatus::Queued | RunStatus::Running => "⏳",
        RunStatus::Completed => "✅",
        RunStatus::Failed => "❌",
        RunStatus::Cancelled => "🚫",
        RunStatus::TimedOut => "⏰",
    }
}

/// A time as people read it.
pub(crate) fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A span of time, of whole seconds, as people read it.
pub(crate) fn span(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// A size in bytes, as people read it.
pub(crate) fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// Dollars as people read them: whole cents, or as many digits as a small sum needs.
pub(crate) fn dollars(micros: u64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    let digits = format!("{rest:06}");
    let trimmed = digits.trim_end_matches('0');
    format!("${whole}.{trimmed:0<2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_sums_keep_their_digits() {
        assert_eq!(dollars(5_000), "$0.005");
        assert_eq!(dollars(25_000_000), "$25.00");
        assert_eq!(dollars(1_230_000), "$1.23");
        assert_eq!(dollars(0), "$0.00");
    }

    #[test]
    fn a_size_is_read_by_people() {
        for (bytes, words) in [(0, "0 bytes"), (999, "999 bytes"), (1_999, "1 kB"), (12_582_912, "12.5 MB")] {
            assert_eq!(size(bytes), words);
        }
    }

    #[test]
    fn a_span_has_the_units_that_matter() {
        for (seconds, words) in
            [(0, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3_599, "59 min 59 s"), (7_265, "2 h 1 min")]
        {
            assert_eq!(span(seconds), words);
        }
    }

    #[test]
    fn a_time_is_read_by_people() {
        assert_eq!(time(jiff::Timestamp::UNIX_EPOCH), "1970-01-01 00:00:00 UTC");
    }
}
