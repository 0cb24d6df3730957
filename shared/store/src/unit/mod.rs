//! A unit's own item, `META`: how it is created, read, claimed, written by its holder, and changed from outside.

pub(crate) mod claim;
pub(crate) mod create;
pub(crate) mod due;
pub(crate) mod item;
pub(crate) mod list;
mod nudge;
pub(crate) mod outside;
mod read;
pub(crate) mod save;
pub(crate) mod together;
