//! The steps of the model of claims: what a trace says of each, and which of them nobody may count on.

use std::fmt;

use super::Queue;

/// What happens. Runners are told by their numbers, messages by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The message of a change from outside is sent.
    OutsideSends(u8, u8),
    /// It never is.
    OutsideDies,
    /// A runner receives a message.
    Receives(usize, u8),
    /// The same, though another holds it: the queue delivers at least once.
    IsReceivedTwice(usize, u8),
    /// A running runner receives a message that stepped aside.
    IsAdopted(usize, u8),
    /// A runner decides that its message steps aside.
    StepsAside(usize, u8),
    /// A message is sent to another queue, as a new one.
    IsMoved(Queue, u8, u8),
    /// A runner claims the unit by a message, with the message's hop.
    Claims(usize, u8, u8),
    /// A runner's claim is refused; it is done with its message.
    IsRefused(usize, u8),
    /// A driver writes.
    Works(usize),
    /// A driver finds out what was asked for.
    Notices(usize),
    /// A driver finds out that it is fenced, and deletes its message.
    IsFencedAndDrops(usize, u8),
    /// The same, and it leaves its message alone.
    IsFencedAndLeaves(usize, u8),
    /// A driver ends the unit.
    Ends(usize),
    /// A driver writes everything down in order to hand over.
    HandsOver(usize),
    /// The next message is sent to a queue.
    SendsNext(usize, u8, u8, Queue),
    /// A runner deletes its message.
    Deletes(usize, u8),
    /// The same, by a receipt that was too old: the message is still there.
    DeletesInVain(usize, u8),
    /// Nobody keeps a message, and it can be received again.
    Lapses(u8),
    /// A message is there twice.
    IsDuplicated(u8, u8),
    /// A runner stands still.
    Freezes(usize),
    /// It goes on.
    Thaws(usize),
    /// A runner is gone, with what it knew.
    Dies(usize),
    /// A message in `adopt` is taken up to be moved back.
    MoverTakes(u8),
    /// What moved it back deletes it.
    MoverDeletes(u8),
    /// What moves it back is gone.
    MoverDies,
    /// More is asked for.
    Asks,
    /// The unit is cancelled.
    Cancels,
    /// More is asked for of a unit that is over.
    Revives,
    /// A sweep moves the due time.
    Sweeps(u8),
    /// It sends the unit's message.
    SweepSends(u8, u8),
    /// It is gone before that.
    SweepDies,
}

impl Step {
    /// Whether it comes sooner or later if it stays possible.
    #[must_use]
    pub const fn is_sure(&self) -> bool {
        !matches!(
            self,
            Self::IsReceivedTwice(..)
                | Self::IsAdopted(..)
                | Self::IsDuplicated(..)
                | Self::Freezes(_)
                | Self::Dies(_)
                | Self::MoverDies
                | Self::SweepDies
                | Self::OutsideDies
                | Self::Asks
                | Self::Cancels
                | Self::Revives
        )
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Runs => "runs",
            Self::Adopt => "adopt",
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutsideSends(id, hop) => write!(out, "m{id} of hop {hop} is sent from outside"),
            Self::OutsideDies => write!(out, "who wrote from outside dies before its message is sent"),
            Self::Receives(runner, id) => write!(out, "runner {runner} receives m{id}"),
            Self::IsReceivedTwice(runner, id) => {
                write!(out, "runner {runner} receives m{id} though it is held")
            }
            Self::IsAdopted(runner, id) => write!(out, "runner {runner} receives m{id} from adopt"),
            Self::StepsAside(runner, id) => write!(out, "runner {runner} lets m{id} step aside"),
            Self::IsMoved(to, id, new) => write!(out, "m{id} is sent to {to} as m{new}"),
            Self::Claims(runner, id, hop) => write!(out, "runner {runner} claims by m{id} of hop {hop}"),
            Self::IsRefused(runner, id) => write!(out, "runner {runner} finds m{id} stale"),
            Self::Works(runner) => write!(out, "runner {runner} writes progress"),
            Self::Notices(runner) => write!(out, "runner {runner} sees what was asked for"),
            Self::IsFencedAndDrops(runner, id) => write!(out, "runner {runner} is fenced and gives up m{id}"),
            Self::IsFencedAndLeaves(runner, id) => {
                write!(out, "runner {runner} is fenced and leaves m{id} alone")
            }
            Self::Ends(runner) => write!(out, "runner {runner} writes the end"),
            Self::HandsOver(runner) => write!(out, "runner {runner} writes everything down to hand over"),
            Self::SendsNext(runner, id, hop, to) => {
                write!(out, "runner {runner} sends m{id} of hop {hop} to {to}")
            }
            Self::Deletes(runner, id) => write!(out, "runner {runner} deletes m{id}"),
            Self::DeletesInVain(runner, id) => {
                write!(out, "runner {runner} deletes m{id} by an old receipt, in vain")
            }
            Self::Lapses(id) => write!(out, "m{id} becomes visible again"),
            Self::IsDuplicated(id, new) => write!(out, "m{id} was sent twice, as m{new} too"),
            Self::Freezes(runner) => write!(out, "runner {runner} stands still"),
            Self::Thaws(runner) => write!(out, "runner {runner} goes on"),
            Self::Dies(runner) => write!(out, "runner {runner} dies"),
            Self::MoverTakes(id) => write!(out, "m{id} is taken from adopt to be moved back"),
            Self::MoverDeletes(id) => write!(out, "m{id} is deleted from adopt"),
            Self::MoverDies => write!(out, "what moves messages back dies"),
            Self::Asks => write!(out, "more is asked for"),
            Self::Cancels => write!(out, "the unit is cancelled"),
            Self::Revives => write!(out, "more is asked for of the unit that is over"),
            Self::Sweeps(hop) => write!(out, "a sweep sees the unit at hop {hop} and moves its due time"),
            Self::SweepSends(id, hop) => write!(out, "the sweep sends m{id} of hop {hop}"),
            Self::SweepDies => write!(out, "the sweep dies before it sends"),
        }
    }
}
