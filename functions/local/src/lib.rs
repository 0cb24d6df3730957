//! The embedded default: everything of Multitask in one process.
//!
//! Owns what stands in for AWS on one machine: an embedded DynamoDB, doubles of SQS and of EventBridge Scheduler, the
//! event source mappings, and the directory that keeps their state. Production code talks to them through the
//! real AWS SDK clients and cannot tell the difference: only the endpoints are ours.

pub mod data_dir;
pub mod doubles;
pub mod dynamo;
pub mod mappings;
pub mod sdk;
