//! What callers get and what is written for them, over the router, with the tables embedded and a queue that keeps what it is sent.
//!
//! The function reaches its tables through a gate that can hold a request back, so that races are made and not waited for.

mod about;
mod append;
mod cancel;
mod create;
mod delete;
mod estimate;
mod events;
mod faults;
mod gate;
mod head;
mod idempotency;
mod inputs;
mod keys;
mod list;
mod lists;
mod owners;
mod queues;
mod redeliver;
mod retry;
mod search;
mod secrets;
mod tasks;
mod wake;
mod world;
