//! Single tasks: creating them, listing all of an owner's work, and changing one by its id or by its owner's own name for it.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod list;
