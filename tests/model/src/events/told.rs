//! The steps of the model of events, as a trace tells them.

use std::fmt;

/// What happens. Holders are told by the numbers of their claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A runner claims the unit.
    Claims {
        /// The number of the claim.
        claim: u8,
        /// While somebody holds it.
        over: bool,
    },
    /// A driver reads what its predecessors wrote.
    Loads(u8),
    /// The upstream tells a driver an event.
    Hears(u8, u8),
    /// A driver writes an item.
    Puts {
        /// The driver.
        claim: u8,
        /// Under which sequence.
        seq: usize,
        /// What it tells.
        events: Vec<u8>,
    },
    /// Its put is refused, because another's item stands there.
    IsRefused(u8, usize),
    /// It moves the unit over its item.
    Announces(u8, usize),
    /// It ends the unit, with a last item.
    Ends(u8, usize),
    /// It finds that it is fenced, and leaves.
    IsFenced(u8),
    /// A driver is gone.
    Dies(u8),
    /// The upstream forgets what it told.
    Forgets,
    /// The unit is cancelled.
    Cancels,
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claims { claim, over: false } => write!(out, "driver {claim} claims"),
            Self::Claims { claim, over: true } => write!(out, "driver {claim} claims what another holds"),
            Self::Loads(claim) => write!(out, "driver {claim} reads what is there"),
            Self::Hears(claim, event) => write!(out, "driver {claim} hears event {event}"),
            Self::Puts { claim, seq, events } => write!(out, "driver {claim} puts {events:?} under {seq}"),
            Self::IsRefused(claim, seq) => write!(out, "driver {claim} finds another's item under {seq}"),
            Self::Announces(claim, seq) => write!(out, "driver {claim} announces {seq}"),
            Self::Ends(claim, seq) => write!(out, "driver {claim} ends the unit with {seq}"),
            Self::IsFenced(claim) => write!(out, "driver {claim} finds that it is fenced"),
            Self::Dies(claim) => write!(out, "driver {claim} dies"),
            Self::Forgets => write!(out, "upstream forgets what it told"),
            Self::Cancels => write!(out, "the unit is cancelled"),
        }
    }
}
