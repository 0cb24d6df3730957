//! What AWS asks for, in dollars: us-east-1, list prices without free tiers, as read on 20 and 21 November 2026.
//!
//! AWS's price pages render by script, so these are third parties' copies of them: Lambda from cloudchipr, API Gateway and egress from
//! apigatewaycost, DynamoDB from airbyte, Scheduler from cloudburn. SQS, logs, traces and recovery are as generally known. Who pays other
//! prices changes a line here.

/// A gigabyte-second of an arm64 function, up to 7.5 thousand million of them a month.
pub const LAMBDA_GB_SECOND: f64 = 0.000_013_333_4;
/// An invocation.
pub const LAMBDA_REQUEST: f64 = 0.20e-6;
/// An SQS request of up to 64 KB, whatever it carries.
pub const SQS_REQUEST: f64 = 0.40e-6;
/// A DynamoDB write unit on demand: 1 KB; twice that in a transaction.
pub const DYNAMO_WRITE: f64 = 0.625e-6;
/// A DynamoDB read unit on demand: 4 KB consistently, 8 KB eventually.
pub const DYNAMO_READ: f64 = 0.125e-6;
/// A gigabyte kept in DynamoDB for a month.
pub const DYNAMO_GB_MONTH: f64 = 0.25;
/// The same for point-in-time recovery.
pub const DYNAMO_RECOVERY_GB_MONTH: f64 = 0.20;
/// A request to a REST API.
pub const GATEWAY_REQUEST: f64 = 3.50e-6;
/// A schedule that fires.
pub const SCHEDULER_INVOCATION: f64 = 1.00e-6;
/// A gigabyte of logs taken in.
pub const LOGS_GB: f64 = 0.50;
/// A trace recorded by X-Ray.
pub const TRACE: f64 = 5.00e-6;
/// A gigabyte to the internet.
pub const EGRESS_GB: f64 = 0.09;
