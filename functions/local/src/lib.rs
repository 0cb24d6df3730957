//! The embedded default: everything of Multitask in one process.
//!
//! Owns the composition of the functions, and what stands in for AWS on one machine: an embedded DynamoDB, doubles of SQS and of
//! EventBridge Scheduler, the event source mappings, and the directory that keeps their state. Production code talks to them
//! through the real AWS SDK clients and cannot tell the difference: only the endpoints are ours.

mod aws;
pub mod data_dir;
pub mod doubles;
pub mod dynamo;
mod http;
pub mod mappings;
pub mod options;
mod queues;
mod running;
pub mod sdk;
mod sealing;
mod server;
mod upstream;
mod work;

pub use options::Options;
pub use running::{Running, start};
