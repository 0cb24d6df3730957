//! The steps of the model of deliveries, as a trace tells them.

use std::fmt;

/// What happens. Workers are told by their index, attempts by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The stream's record becomes a message.
    RecordComes,
    /// The same, and the record is still there.
    RecordComesTwice,
    /// The stream's record never comes.
    RecordIsLost,
    /// A message is there twice.
    IsDuplicated(u8),
    /// The time of the next attempt comes.
    TimeComes,
    /// The sweep sends a message.
    Sweeps(u8),
    /// Somebody asks for a redelivery, and its message is sent.
    Redelivers(u8),
    /// What a worker took counts as lost, though it is only slow.
    IsSlow,
    /// What a dead worker took counts as lost.
    IsLost,
    /// A worker receives a message.
    Receives(usize, u8),
    /// It takes the attempt.
    Takes(usize, u8),
    /// It finds that the attempt is not to be made, and drops the message.
    Drops(usize, u8),
    /// It makes the attempt; with whether the receiver took it.
    Posts(usize, u8, bool),
    /// It records the outcome.
    Records(usize, u8),
    /// It finds that the delivery goes on without it.
    IsTooLate(usize, u8),
    /// It sends the message of the next attempt.
    SendsNext(usize, u8),
    /// It deletes its message.
    Deletes(usize, u8),
    /// A worker dies, and its message comes back.
    Dies(usize),
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordComes => write!(out, "the record of the delivery becomes a message"),
            Self::RecordComesTwice => write!(out, "the record of the delivery becomes a message, and stays"),
            Self::RecordIsLost => write!(out, "the record of the delivery is lost"),
            Self::IsDuplicated(attempt) => write!(out, "the message of attempt {attempt} is there twice"),
            Self::TimeComes => write!(out, "the time of the next attempt comes"),
            Self::Sweeps(attempt) => write!(out, "the sweep sends attempt {attempt}"),
            Self::Redelivers(attempt) => write!(out, "a redelivery is asked for, as attempt {attempt}"),
            Self::IsSlow => write!(out, "the attempt counts as lost, though its worker is only slow"),
            Self::IsLost => write!(out, "the attempt of a dead worker counts as lost"),
            Self::Receives(worker, attempt) => write!(out, "worker {worker} receives attempt {attempt}"),
            Self::Takes(worker, attempt) => write!(out, "worker {worker} takes attempt {attempt}"),
            Self::Drops(worker, attempt) => write!(out, "worker {worker} drops attempt {attempt}"),
            Self::Posts(worker, attempt, true) => {
                write!(out, "worker {worker} delivers by attempt {attempt}")
            }
            Self::Posts(worker, attempt, false) => {
                write!(out, "worker {worker} makes attempt {attempt} in vain")
            }
            Self::Records(worker, attempt) => write!(out, "worker {worker} records attempt {attempt}"),
            Self::IsTooLate(worker, attempt) => {
                write!(out, "worker {worker} finds that the delivery has gone on from attempt {attempt}")
            }
            Self::SendsNext(worker, attempt) => write!(out, "worker {worker} sends attempt {attempt}"),
            Self::Deletes(worker, attempt) => write!(out, "worker {worker} deletes attempt {attempt}"),
            Self::Dies(worker) => write!(out, "worker {worker} dies"),
        }
    }
}
