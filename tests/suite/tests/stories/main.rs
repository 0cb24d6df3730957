//! The stories: each is told from outside, by what crosses the wire.

mod addresses;
mod first_curl;
mod handing_over;
mod keys;
mod limits;
mod one_process;
mod operating;
mod outputs;
mod pollers;
mod readme;
mod refusals;
mod restart;
mod sizes;
mod task_owners;
mod task_reading;
mod tasks;
mod upstream_webhooks;
mod webhooks;
