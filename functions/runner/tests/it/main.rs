//! The runner against an embedded DynamoDB, a double of SQS, and the upstream simulator, on good days and bad ones.
//!
//! Nothing here waits for time: an invocation returns when all is over, and what is later comes when the clock is moved. Writes pass a
//! gate, at which a holder can be made to die.

mod adoption;
mod asks;
mod cache;
mod connections;
mod costs;
mod deaths;
mod ended;
mod ends;
mod events;
mod gate;
mod group;
mod lists;
mod messages;
mod metrics;
mod order;
mod outside;
mod poison;
mod purchases;
mod refusals;
mod results;
mod secrets;
mod slices;
mod streams;
mod suggestions;
mod sweep;
mod tasks;
mod together;
mod upstream;
mod wake;
mod world;
