//! What a request asks for, read and judged: pure, and every fault is found before the first is told.
//!
//! Fields come from a JSON body, or from the query where the body is the list itself; both are judged by the same rules. Rows that are
//! behind a URL are judged once they are there ([`rows`]). Invariant: whatever is sent gives a draft and a list of faults, never a panic;
//! a draft is only used when the list is empty.

mod append;
mod budget;
mod fields;
mod group;
mod inputs;
mod listing;
mod metadata;
mod nearest;
mod options;
mod output;
mod processor;
mod sent;
mod sources;
mod task;
mod task_spec;
mod through;

pub(crate) use append::{addition, servers_only};
pub(crate) use budget::over as over_budget;
pub(crate) use fields::Fields;
pub(crate) use group::{Draft, Purpose, Read, group};
pub(crate) use inputs::{List, Taken, read, rows};
pub(crate) use listing::{Listed, Listing, listing};
pub(crate) use output::spec_chars;
pub(crate) use sent::{Sent, json};
pub(crate) use task::{Task, of_one, task};
