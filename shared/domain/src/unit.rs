//! A unit: anything a runner drives, and the lease under which it is driven.
//!
//! A unit is one item of the table. Its parts have different writers: [`Unit::spec`] is written once, at creation;
//! [`Unit::asks`] by changes from outside; [`Unit::progress`] and the counts by the one runner that holds it.
//! Invariant: every write after a claim is conditional on the [`Lease::epoch`] that the claim gave.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::group::GroupSpec;
use crate::id::{OwnerId, UnitId};
use crate::progress::Progress;
use crate::run::Counts;

/// Where a unit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted; no runner has claimed it yet.
    Pending,
    /// Claimed at least once.
    Running,
    /// Over; every run has an output.
    Completed,
    /// Over; some runs have an output, some have none.
    Partial,
    /// Over; no run has an output, or the unit as a whole could not be driven.
    Failed,
    /// Stopped by its owner; or all of its runs were stopped upstream.
    Cancelled,
    /// Its own `timeout_seconds` were up, or it grew too old.
    TimedOut,
    /// Removed by its owner; kept a day as a tombstone.
    Deleted,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Running,
        Self::Completed,
        Self::Partial,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
        Self::Deleted,
    ];

    /// Whether no runner may claim it.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Deleted => "deleted",
        }
    }

    /// How a unit ends whose runs have all ended so.
    #[must_use]
    pub const fn of_ended(counts: &Counts) -> Self {
        if counts.failed + counts.timed_out + counts.cancelled == 0 {
            Self::Completed
        } else if counts.completed > 0 {
            Self::Partial
        } else if counts.failed == 0 && counts.cancelled == 0 {
            Self::TimedOut
        } else if counts.failed == 0 && counts.timed_out == 0 {
            Self::Cancelled
        } else {
            Self::Failed
        }
    }
}

/// What kind of work a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Many runs of one specification.
    Group,
    /// One run, followed live: a group of one whose run's own events are kept.
    Task,
}

impl Kind {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Task => "task",
        }
    }

    /// The public URL of such a unit, without a suffix. Any unit is found at both paths; each kind has the one that shows it best.
    #[must_use]
    pub fn url(self, public_base: &str, id: &UnitId) -> String {
        match self {
            Self::Group => format!("{public_base}/{id}"),
            Self::Task => format!("{public_base}/task/{id}"),
        }
    }
}

/// Who may read a unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Whoever has its URL.
    #[default]
    Link,
    /// Its owner only.
    Key,
}

/// Who drives a unit, and since which claim.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lease {
    /// Raised by every claim, and by cancel and delete: a write with an older one fails.
    pub epoch: u64,
    /// Raised by every hand-over and by cancel and delete: a message with an older one is dropped.
    pub hop: u32,
    /// The SQS message id of the claim that holds the unit.
    pub holder: Option<String>,
    /// When the sweep shall look at the unit; none once it is terminal.
    pub due_at: Option<Timestamp>,
    /// Claims since the last progress or orderly hand-over.
    pub fruitless: u32,
    /// When the claim before the present one was made: creation, if there was none. None before the first claim.
    pub claimed_before: Option<Timestamp>,
    /// When a webhook of the upstream last asked the holder to look; none if none ever did.
    pub nudged_at: Option<Timestamp>,
}

/// A unit as its item in the table tells it.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Its id, the one in its URL.
    pub id: UnitId,
    /// What kind of work it is.
    pub kind: Kind,
    /// Whose it is.
    pub owner: OwnerId,
    /// Where it stands.
    pub status: Status,
    /// Who drives it.
    pub lease: Lease,
    /// 0 at creation, one more whenever a retry or an append revives it after its end.
    pub round: u32,
    /// The sequence of the last flush; events beyond it are not to be read.
    pub seq: u64,
    /// The number of changes from outside; a holder's writes fail when it moved.
    pub changes: u64,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When a runner first claimed it.
    pub started_at: Option<Timestamp>,
    /// When it ended; none while it is not over.
    pub completed_at: Option<Timestamp>,
    /// When its holder or an outside change last wrote it.
    pub modified_at: Timestamp,
    /// After this it is gone, whether or not its item still is there.
    pub expires_at: Timestamp,
    /// How many of its runs stand where.
    pub counts: Counts,
    /// What was asked for, at creation.
    pub spec: Spec,
    /// What was asked for since.
    pub asks: Asks,
    /// How far its holder has come.
    pub progress: Progress,
    /// The upstream key and other secrets of its spec, sealed; none once the unit is over.
    pub sealed: Option<String>,
}

/// What was asked for, at creation; never changed afterwards.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spec {
    /// The public base of its URL, without a slash at the end.
    pub public_base: String,
    /// The base URL of the upstream that it was made for.
    pub upstream: String,
    /// The beginning of its first input, for lists; none where the inputs came by a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
    /// Who may read it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Whether the upstream is asked to tell of the end of each run, by a webhook that is verified here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub woken: bool,
    /// The work.
    pub group: GroupSpec,
}

/// What was asked for after creation. Only changes from outside write it, and each raises [`Unit::changes`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asks {
    /// Rows appended, in order.
    pub appends: Vec<Append>,
    /// How often the failed rows were asked to be bought again.
    pub retries: u32,
}

/// Rows appended by one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Append {
    /// The source under which their inputs are stored.
    pub source: String,
    /// How many.
    pub rows: u32,
    /// When.
    pub at: Timestamp,
}

impl Unit {
    /// Its public URL, without a suffix.
    #[must_use]
    pub fn url(&self) -> String {
        self.kind.url(&self.spec.public_base, &self.id)
    }

    /// Whether readers must treat it as gone.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// The sources of its inputs with their numbers of rows, in the order of its rows; known ones only.
    pub fn sources(&self) -> impl Iterator<Item = (&str, u32)> {
        let first = self.progress.rows.map(|rows| (crate::input::FIRST_SOURCE, rows));
        first.into_iter().chain(self.asks.appends.iter().map(|append| (append.source.as_str(), append.rows)))
    }

    /// The number of its rows, as far as known.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.sources().map(|(_, rows)| rows).sum()
    }
}

/// What a runner shall do with a message whose claim was refused, or whose unit was taken from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fenced {
    /// The unit's holder came by this very message: it is the holder's lease now, and is left alone.
    LeaveMessage,
    /// The message has no unit to drive any more: it is deleted.
    DropMessage,
}

/// Sorts a message after a fence (`PROTOCOL`: rule 2): whose lease is it?
///
/// Two living messages of equal hop exist: a send retried after a lost reply, or a hand-over that crossed an outside
/// change. If the fenced runner deleted a message that is its fencer's lease, nobody would find out when the fencer dies.
#[must_use]
pub fn after_fence(lease: Option<&Lease>, status: Option<Status>, message_id: &str) -> Fenced {
    let living = status.is_some_and(|status| !status.is_terminal());
    let holder = lease.and_then(|lease| lease.holder.as_deref());
    if living && holder == Some(message_id) { Fenced::LeaveMessage } else { Fenced::DropMessage }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fenced_message_is_left_alone_only_if_it_is_the_fencers_lease() {
        let lease = |holder: &str| Lease { holder: Some(holder.to_owned()), ..Lease::default() };
        let cases = [
            (Some(lease("m1")), Some(Status::Running), Fenced::LeaveMessage),
            (Some(lease("m2")), Some(Status::Running), Fenced::DropMessage),
            (Some(lease("m1")), Some(Status::Cancelled), Fenced::DropMessage),
            (None, None, Fenced::DropMessage),
        ];
        for (lease, status, expected) in cases {
            assert_eq!(after_fence(lease.as_ref(), status, "m1"), expected, "{lease:?} {status:?}");
        }
    }

    #[test]
    fn the_end_of_the_runs_decides_the_end_of_the_unit() {
        let counts = |completed, failed, timed_out, cancelled| Counts {
            completed,
            failed,
            cancelled,
            timed_out,
            ..Counts::default()
        };
        assert_eq!(Status::of_ended(&counts(3, 0, 0, 0)), Status::Completed);
        assert_eq!(Status::of_ended(&counts(0, 0, 0, 0)), Status::Completed);
        assert_eq!(Status::of_ended(&counts(2, 1, 0, 0)), Status::Partial);
        assert_eq!(Status::of_ended(&counts(2, 0, 1, 0)), Status::Partial);
        assert_eq!(Status::of_ended(&counts(0, 3, 0, 0)), Status::Failed);
        assert_eq!(Status::of_ended(&counts(0, 0, 3, 0)), Status::TimedOut);
        assert_eq!(Status::of_ended(&counts(0, 1, 2, 0)), Status::Failed);
        assert_eq!(Status::of_ended(&counts(0, 0, 0, 3)), Status::Cancelled);
        assert_eq!(Status::of_ended(&counts(0, 1, 0, 2)), Status::Failed);
        assert_eq!(Status::of_ended(&counts(0, 0, 1, 2)), Status::Failed);
        assert_eq!(Status::of_ended(&counts(1, 0, 0, 2)), Status::Partial);
    }

    fn any_status() -> impl Strategy<Value = Status> {
        prop::sample::select(Status::ALL.to_vec())
    }

    proptest! {
        /// Or two runners would leave each other's message alone, and fence each other for ever.
        #[test]
        fn of_two_fenced_messages_at_most_one_is_left_alone(holder in prop::option::of("[abc]"), status in any_status(), one in "[abc]", other in "[abc]") {
            let lease = Lease { holder, ..Lease::default() };
            let left = |message: &str| after_fence(Some(&lease), Some(status), message) == Fenced::LeaveMessage;
            prop_assert!(one == other || !(left(&one) && left(&other)));
            prop_assert!(!status.is_terminal() || !left(&one), "nobody drives a unit that is over");
        }

        #[test]
        fn a_unit_ends_as_its_runs_did(completed in 0_u32..3, failed in 0_u32..3, timed_out in 0_u32..3, cancelled in 0_u32..3) {
            let counts = Counts { completed, failed, cancelled, timed_out, ..Counts::default() };
            let ended = Status::of_ended(&counts);
            prop_assert!(ended.is_terminal() && ended != Status::Deleted);
            prop_assert_eq!(ended == Status::Completed, counts.finished() == completed);
            prop_assert_eq!(ended == Status::Partial, completed > 0 && counts.finished() > completed);
            prop_assert!(ended != Status::TimedOut || counts.finished() == timed_out);
            prop_assert!(ended != Status::Cancelled || counts.finished() == cancelled);
        }
    }
}
