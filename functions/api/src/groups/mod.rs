//! Groups as a whole: creating one, reckoning one, listing one's own.

pub(crate) mod create;
pub(crate) mod estimate;
pub(crate) mod list;
