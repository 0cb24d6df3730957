//! The doubles and the mappings held against an AWS emulator that nobody here wrote.
//!
//! Every case makes the same SDK calls against the embedded default and against ministack, and both must answer what
//! the case says AWS documents. Where ministack is known to differ from AWS, the case says what it answers, and why that is wrong.
//! Without ministack that side is skipped loudly; in CI the cases fail. `.ci/ministack` installs it.

#![expect(clippy::unwrap_used, reason = "what the cases share fails them as their own lines would")]

mod mappings;
mod messages;
mod ministack;
mod schedules;
mod side;
mod validation;
