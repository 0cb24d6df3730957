//! The web app: pages that are readable as they come, and a few small modules that bring them to life.
//!
//! Three views of `/` (one task, a group, the list of both) and what they load below `/assets/`; a unit's own page is `views`'. No view holds
//! data of an owner: the browser asks for it with the key that it was given. Invariant: what the pages run and load comes from this binary.

mod asset;
mod example;
mod field;
mod group;
mod list;
mod output;
mod page;
mod policy;
mod processor;
mod settings;
mod shell;
mod task;

pub(crate) use asset::asset;
pub(crate) use page::page;
