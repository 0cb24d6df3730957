//! The webhook function against an embedded DynamoDB, a recorded queue, and a receiver.
//!
//! Time passes where a test says so: a message waits in [`queues`] until the clock has reached it.

mod attempts;
mod endpoints;
mod queues;
mod receiver;
mod receivers;
mod signing;
mod stream;
mod world;
