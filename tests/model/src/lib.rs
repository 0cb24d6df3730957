//! The protocol as a model: what a unit's messages, runners, purchases, flushes and deliveries may do, in every order there is.
//!
//! Each module is one small model with its invariants, and [`check()`] goes through all states that it can reach. The rules that the model
//! follows are [`Rules`]: taken out one at a time, each shows what it is for. Decisions that are plain functions of `domain` are called, not copied.
//! What a model leaves out is said at its top; it shows nothing about what it leaves out.

pub mod backlog;
pub mod buying;
pub mod check;
pub mod claims;
pub mod events;
pub mod outbox;
pub mod poison;
pub mod results;
pub mod rules;

pub use check::{CounterExample, Model, Property, check};
pub use rules::{Rule, Rules};
