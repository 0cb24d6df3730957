//! What the model of claims knows at one moment.
//!
//! Epochs are not numbers here: what matters of one is whether it still is the unit's, so each driver knows that of its own.

use super::Claims;
use crate::rules::Rule;

/// How often something may happen, or may still happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Messages that are sent twice: a lost reply.
    pub duplicates: u8,
    /// Messages that the queue gives to two runners.
    pub twice: u8,
    /// Runners that die, and what moves messages back.
    pub crashes: u8,
    /// Messages that are never sent, because who wrote to the table, or swept, dies before that.
    pub unsent: u8,
    /// Runners that stand still.
    pub freezes: u8,
    /// Sweeps.
    pub sweeps: u8,
    /// Hand-overs.
    pub hand_overs: u8,
    /// Asks for more while the unit lives.
    pub asks: u8,
    /// Cancels.
    pub cancels: u8,
    /// Asks for more once the unit is over.
    pub revivals: u8,
}

/// Where the unit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not claimed in this round.
    Pending,
    /// Claimed.
    Running,
    /// Over, with all done.
    Done,
    /// Over, by its owner.
    Cancelled,
}

impl Status {
    /// The domain's word for it.
    #[must_use]
    pub const fn of_domain(self) -> domain::unit::Status {
        match self {
            Self::Pending => domain::unit::Status::Pending,
            Self::Running => domain::unit::Status::Running,
            Self::Done => domain::unit::Status::Completed,
            Self::Cancelled => domain::unit::Status::Cancelled,
        }
    }

    /// Whether no runner may claim it.
    #[must_use]
    pub const fn is_over(self) -> bool {
        self.of_domain().is_terminal()
    }
}

/// A queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// Where units wait for a runner.
    Runs,
    /// Where they wait for one that is running.
    Adopt,
}

/// A message of the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Message {
    /// Its id; given again once nobody knows it any more.
    pub id: u8,
    /// The hop that it carries.
    pub hop: u8,
    /// Whether it was moved back from `adopt`.
    pub moved: bool,
    /// Where it is.
    pub queue: Queue,
    /// Whether it can be received.
    pub visible: bool,
}

/// What a runner does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Nothing.
    Idle,
    /// It has received a message.
    Has {
        /// The message's hop.
        hop: u8,
        /// Whether it may step aside.
        may_step_aside: bool,
    },
    /// It has claimed the unit.
    Drives {
        /// By a message of this hop.
        hop: u8,
        /// Whether the epoch of its claim is the unit's still.
        current: bool,
        /// What it knows to be done.
        known: u8,
        /// What it knows to be asked for.
        seen: u8,
    },
    /// It has written the hand-over, and sends the next message.
    HandsOver {
        /// The hop of its own message.
        hop: u8,
    },
    /// It sends the message to another queue.
    Moves {
        /// The hop of the message.
        hop: u8,
    },
    /// Nothing depends on its message any more: it deletes it.
    Gives,
    /// Its message is gone, and what follows it is not sent yet. Only where rules are broken.
    SendsLate {
        /// The hop of what it sends.
        hop: u8,
        /// Where it sends it.
        to: Queue,
    },
}

/// A runner, or what moves messages back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Runner {
    /// What it does.
    pub phase: Phase,
    /// The message that it holds; of no meaning when it is idle.
    pub message: u8,
    /// Whether the message was received again since: its receipt may be of no use.
    pub stale: bool,
    /// Whether it stands still.
    pub frozen: bool,
}

impl Runner {
    /// One that does nothing.
    pub const IDLE: Self = Self { phase: Phase::Idle, message: 0, stale: false, frozen: false };
}

/// The state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// Where the unit stands.
    pub status: Status,
    /// The hop in its item.
    pub hop: u8,
    /// The message by which it is held.
    pub holder: Option<u8>,
    /// Whether the sweep looks at it.
    pub due: bool,
    /// What is done, as its item says.
    pub written: u8,
    /// What was asked for after creation.
    pub asked: u8,
    /// Its messages, by id.
    pub messages: Vec<Message>,
    /// The runners.
    pub runners: Vec<Runner>,
    /// What moves messages back: one at a time.
    pub mover: Runner,
    /// What was written from outside, and its message not sent.
    pub to_send: Option<u8>,
    /// Sweeps that have moved the due time and not sent their message.
    pub sweeping: Vec<u8>,
    /// What may still happen.
    pub left: Budget,
    /// The most that was ever written.
    pub best: u8,
    /// The highest hop that the item ever had.
    pub top_hop: u8,
    /// Claims that fenced a living holder.
    pub fenced: u8,
    /// As many of those as messages too many, and receipts too old, may cause.
    pub crossings: u8,
    /// Messages sent anew.
    pub sent: u8,
    /// Messages sent from queue to queue.
    pub moves: u8,
}

impl State {
    pub(super) fn created(model: &Claims) -> Self {
        Self {
            status: Status::Pending,
            hop: 0,
            holder: None,
            due: model.rules.has(Rule::OutsideMakesDue),
            written: 0,
            asked: 0,
            messages: Vec::new(),
            runners: vec![Runner::IDLE; model.runners],
            mover: Runner::IDLE,
            to_send: Some(0),
            sweeping: Vec::new(),
            left: model.budget,
            best: 0,
            top_hop: 0,
            fenced: 0,
            crossings: 0,
            sent: 0,
            moves: 0,
        }
    }

    /// What a unit needs that was asked for so much.
    #[must_use]
    pub const fn needed(asked: u8) -> u8 {
        1 + asked
    }

    /// Whether a driver's write would be taken, as far as its epoch goes.
    #[must_use]
    pub fn one_can_write(&self) -> bool {
        let can = |runner: &&Runner| matches!(runner.phase, Phase::Drives { current: true, .. });
        self.status != Status::Running || self.runners.iter().filter(can).count() <= 1
    }

    /// Whether a unit that says that it is done has done all.
    #[must_use]
    pub fn did_all(&self) -> bool {
        self.status != Status::Done || self.written == Self::needed(self.asked)
    }

    /// Whether the unit is over and costs nothing any more.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.status.is_over()
            && !self.due
            && self.messages.is_empty()
            && self.to_send.is_none()
            && self.runners.iter().chain([&self.mover]).all(|runner| runner.phase == Phase::Idle)
    }

    pub(super) fn message(&self, id: u8) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id)
    }

    /// Puts a message into a queue under an id that nobody knows.
    pub(super) fn put(&mut self, hop: u8, queue: Queue, moved: bool) -> u8 {
        let known = |id: u8| {
            let held = |runner: &Runner| runner.phase != Phase::Idle && runner.message == id;
            self.message(id).is_some()
                || self.holder == Some(id)
                || self.runners.iter().chain([&self.mover]).any(held)
        };
        let id = (1..u8::MAX).find(|&id| !known(id)).unwrap_or(u8::MAX);
        self.messages.push(Message { id, hop, moved, queue, visible: true });
        self.messages.sort_unstable();
        id
    }

    /// Whether a living runner keeps the message from becoming visible again.
    pub(super) fn is_kept(&self, id: u8, at_once: bool) -> bool {
        self.runners.iter().chain([&self.mover]).any(|runner| {
            let keeps = match runner.phase {
                Phase::Idle | Phase::SendsLate { .. } => false,
                Phase::Gives => at_once,
                Phase::Has { .. } | Phase::Drives { .. } | Phase::HandsOver { .. } | Phase::Moves { .. } => {
                    true
                }
            };
            keeps && runner.message == id && !runner.stale && !runner.frozen
        })
    }
}
