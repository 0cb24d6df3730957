//! What there is to know of the service itself: its health, its limits, and a page that says what it is.

pub(crate) mod health;
pub(crate) mod limits;
pub(crate) mod page;
