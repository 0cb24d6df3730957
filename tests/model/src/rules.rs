//! The rules of the protocol that the models follow, each by itself, so that each can be taken out.
//!
//! A rule is named after what it makes happen. The numbers in the docs are those of the design paper of the protocol; `[M]` marks what a first
//! draft got wrong. Invariant: with all rules no property of any model breaks; without one of them, one does.

use std::fmt;

/// A rule of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// 1: a claim raises the epoch, so whoever held the unit before is fenced.
    ClaimRaisesEpoch,
    /// 1: a claim is refused where the hop has moved past the message's.
    ClaimTestsHop,
    /// 1, 6: a holder's write is refused where the epoch has moved on.
    WriteTestsEpoch,
    /// 2: a message that is stale, or whose unit is over, is deleted.
    StaleIsDropped,
    /// 2 `[M]`: a fenced runner deletes its message if the fencer came by another one.
    FencedDropsOther,
    /// 2: a fenced runner leaves its message alone if it is the fencer's lease.
    FencedLeavesOwn,
    /// 3: cancel and revival raise the hop, so that older messages die out.
    OutsideRaisesHop,
    /// 3: a holder's write is refused where something was asked for that it has not seen.
    WriteTestsChanges,
    /// 3: creation and every change from outside make the unit due in the same write.
    OutsideMakesDue,
    /// 4 `[M]`: the sweep sends a message with the unit's present hop and raises nothing.
    SweepRaisesNothing,
    /// 4: the sweep moves the due time on the condition that it is what was seen, so two sweeps send one message.
    SweepTestsDue,
    /// 4: the sweep waits twice as long each time.
    SweepBacksOff,
    /// 4: the terminal write removes the due time.
    EndRemovesDue,
    /// 5: the next message is sent before the old one is deleted.
    HandOverSendsFirst,
    /// 5: the old message is deleted at once, not with the rest of the batch.
    GivesUpAtOnce,
    /// 6: an item beside the unit's carries the epoch that wrote it, and a put is refused where the item's is higher.
    PutTestsItemsEpoch,
    /// 7: what is bought is announced in the table before it is asked for.
    AnnouncesFirst,
    /// 7: the request is abandoned before the announcement's end: it is neither sent nor waited for after that.
    AbandonsInTime,
    /// 7: who finds another's announcement does not buy before its end.
    WaitsForTheEnd,
    /// 7: who finds an announcement lists the upstream group, and buys only what is missing.
    ListsAfterDoubt,
    /// 7: only a listing that began after the announcement's end shows that something was not bought.
    ListsAfterTheEnd,
    /// 8: the mark of a run upstream names the attempt of its row.
    MarkNamesAttempt,
    /// 8: the number of the attempt stands in the row's item before it is bought.
    AttemptIsStoredFirst,
    /// 10 `[M]`: event items are written only if absent.
    EventsOnlyIfAbsent,
    /// 10 `[M]`: who finds an event item beyond `seq`, by reading or by a refused put, adopts it.
    AdoptsBeyondSeq,
    /// 10: readers never read beyond `seq`.
    ReadersStopAtSeq,
    /// 10: an event item is written before the unit announces it.
    EventBeforeSeq,
    /// 10: a refused put's own events are held against what stands there, and told once.
    Deduplicates,
    /// 10: the cursor passes what is stored, and nothing else.
    CursorWaitsForStored,
    /// 11: a result is written before the status that announces it.
    ResultBeforeStatus,
    /// 16: a message names its attempt, and an older number is dropped.
    AttemptsAreNumbered,
    /// 16: an attempt is taken by a conditional write, and belongs to its taker for as long as it may take.
    AttemptsAreTaken,
    /// 16: a pending delivery is due, and swept.
    DeliveriesAreDue,
    /// 16: the outcome of an attempt is recorded only if the delivery still stands at that attempt.
    OutcomeTestsAttempt,
    /// 18: a message is sent to its new queue before it is deleted from the old one.
    MoveSendsFirst,
    /// 18: a message that was moved back never steps aside again.
    MovedStays,
    /// 18: what is left in `adopt` is moved back, whoever runs.
    AdoptIsSwept,
    /// 19: claims without progress count, not receives of a message.
    ClaimsAreCounted,
    /// 19: progress and orderly hand-over set the count to nothing.
    ProgressClearsCount,
    /// 19: a unit that came to nothing twice is driven alone.
    SuspectsAreAlone,
    /// 19: a claim of one that is set aside, because another is driven alone, does not count: that other may be the killer.
    SetAsideIsNotCounted,
    /// 19: a unit that came to nothing five times fails.
    PoisonFails,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 42] = [
        Self::ClaimRaisesEpoch,
        Self::ClaimTestsHop,
        Self::WriteTestsEpoch,
        Self::StaleIsDropped,
        Self::FencedDropsOther,
        Self::FencedLeavesOwn,
        Self::OutsideRaisesHop,
        Self::WriteTestsChanges,
        Self::OutsideMakesDue,
        Self::SweepRaisesNothing,
        Self::SweepTestsDue,
        Self::SweepBacksOff,
        Self::EndRemovesDue,
        Self::HandOverSendsFirst,
        Self::GivesUpAtOnce,
        Self::PutTestsItemsEpoch,
        Self::AnnouncesFirst,
        Self::AbandonsInTime,
        Self::WaitsForTheEnd,
        Self::ListsAfterDoubt,
        Self::ListsAfterTheEnd,
        Self::MarkNamesAttempt,
        Self::AttemptIsStoredFirst,
        Self::EventsOnlyIfAbsent,
        Self::AdoptsBeyondSeq,
        Self::ReadersStopAtSeq,
        Self::EventBeforeSeq,
        Self::Deduplicates,
        Self::CursorWaitsForStored,
        Self::ResultBeforeStatus,
        Self::AttemptsAreNumbered,
        Self::AttemptsAreTaken,
        Self::DeliveriesAreDue,
        Self::OutcomeTestsAttempt,
        Self::MoveSendsFirst,
        Self::MovedStays,
        Self::AdoptIsSwept,
        Self::ClaimsAreCounted,
        Self::ProgressClearsCount,
        Self::SuspectsAreAlone,
        Self::SetAsideIsNotCounted,
        Self::PoisonFails,
    ];
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self:?}")
    }
}

/// The rules that a model follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rules(u64);

impl Rules {
    /// All of them.
    #[must_use]
    pub const fn all() -> Self {
        Self(u64::MAX)
    }

    /// These, but for one.
    #[must_use]
    pub const fn without(self, rule: Rule) -> Self {
        Self(self.0 & !(1 << rule as u64))
    }

    /// Whether this one is followed.
    #[must_use]
    pub const fn has(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u64) != 0
    }
}
