//! The steps of the model of purchases, as a trace tells them.

use std::fmt;

use super::Attempt;

/// What happens. Holders are told by the numbers of their claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A runner claims the unit.
    Claims {
        /// While somebody holds it.
        over: bool,
    },
    /// A driver is gone.
    Dies(u8),
    /// A fenced driver finds out, and leaves.
    IsFenced(u8),
    /// A holder writes the attempt's number into the row's item.
    StoresAttempt(u8),
    /// A holder announces what it is going to buy.
    Announces(u8, Vec<Attempt>),
    /// It sends the request.
    Sends(u8, Vec<Attempt>),
    /// Its answer comes, and it writes down what was bought.
    TakesIn(u8),
    /// It takes the announcement back.
    TakesBack(u8),
    /// It gives its request up: nobody knows whether it bought.
    GivesUp(u8),
    /// It begins to list the upstream group.
    Lists(u8),
    /// The list is there, and decides what was bought.
    Resolves {
        /// By which claim.
        claim: u8,
        /// What is bought again.
        missing: Vec<Attempt>,
    },
    /// It waits until nobody can be buying.
    Waits(u8),
    /// The upstream executes a request.
    Executes(Vec<Attempt>),
    /// A request is lost.
    IsLost,
    /// An answer is lost.
    AnswerIsLost,
    /// Half the time of a purchase passes.
    Time,
}

fn rows(rows: &[Attempt]) -> String {
    let marks: Vec<_> = rows.iter().map(|(index, attempt)| format!("{index}.{attempt}")).collect();
    if marks.is_empty() { "nothing".to_owned() } else { marks.join(" and ") }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claims { over: false } => write!(out, "the unit is claimed"),
            Self::Claims { over: true } => write!(out, "the unit is claimed though it is held"),
            Self::Dies(claim) => write!(out, "driver {claim} dies"),
            Self::IsFenced(claim) => write!(out, "driver {claim} finds that it is fenced"),
            Self::StoresAttempt(claim) => write!(out, "driver {claim} stores the number of the attempt"),
            Self::Announces(claim, what) => write!(out, "driver {claim} announces {}", rows(what)),
            Self::Sends(claim, what) => write!(out, "driver {claim} asks for {}", rows(what)),
            Self::TakesIn(claim) => write!(out, "driver {claim} hears that it has bought"),
            Self::TakesBack(claim) => write!(out, "driver {claim} takes the announcement back"),
            Self::GivesUp(claim) => write!(out, "driver {claim} gives its request up"),
            Self::Lists(claim) => write!(out, "driver {claim} begins to list"),
            Self::Resolves { claim, missing } => {
                write!(out, "driver {claim} resolves the doubt: {} is missing", rows(missing))
            }
            Self::Waits(claim) => write!(out, "driver {claim} waits for the announcement's end"),
            Self::Executes(what) => write!(out, "upstream executes the request for {}", rows(what)),
            Self::IsLost => write!(out, "a request is lost"),
            Self::AnswerIsLost => write!(out, "an answer is lost"),
            Self::Time => write!(out, "half the time of a purchase passes"),
        }
    }
}
