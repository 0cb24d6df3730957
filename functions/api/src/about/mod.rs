//! What there is to know of the service itself: its health and its limits.

pub(crate) mod health;
pub(crate) mod limits;
