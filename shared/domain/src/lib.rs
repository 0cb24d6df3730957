//! What Multitask is about: units of work, their runs, their events, what is told about them, and every decision.
//!
//! Pure: no I/O, no AWS, no clock. A decision is a function `(state, input, now) -> (state, effects)`;
//! the other crates carry it out. Invariant: nothing here awaits, reads the time, or draws a random number.

pub mod adoption;
pub mod announce;
pub mod choice;
pub mod delivery;
pub mod estimate;
pub mod event;
pub mod fault;
pub mod group;
pub mod id;
pub mod input;
pub mod limits;
pub mod message;
pub mod poison;
pub mod processor;
pub mod progress;
pub mod rows;
pub mod run;
pub mod schema;
pub mod sweep;
pub mod unit;
pub mod wake;

pub use id::{OwnerId, UnitId};
pub use unit::{Status, Unit};
