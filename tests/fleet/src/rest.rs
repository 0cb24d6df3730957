//! What a run costs whoever drives it: the table, the gateway, logs, traces, bytes. Counted from the code, not simulated.
//!
//! A write unit is 1 KB. META of a task is taken as 2 KB, an output as 4 KB compressed; a transaction counts twice. Invariant: a line
//! says where its count comes from.

use crate::prices;

/// One item of the bill.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// What is paid for.
    pub what: &'static str,
    /// Where the counts come from.
    pub why: &'static str,
    /// How many of a task.
    pub task: f64,
    /// How many of a row of a group of a thousand.
    pub row: f64,
    /// Dollars for one.
    pub price: f64,
}

const fn line(what: &'static str, why: &'static str, task: f64, row: f64, price: f64) -> Line {
    Line { what, why, task, row, price }
}

/// A gigabyte is so many kilobytes.
const KB: f64 = 1.0 / (1_024.0 * 1_024.0);
/// Lambda's price for a second of 512 MB.
const SECOND: f64 = 0.5 * prices::LAMBDA_GB_SECOND;

/// Everything but the runners, their queues and announcements.
#[rustfmt::skip]
pub const LINES: [Line; 14] = [
    line("API Gateway", "the POST", 1.0, 0.001, prices::GATEWAY_REQUEST),
    line("function `api`", "30 ms of 512 MB", 0.03, 0.000_1, SECOND),
    line("writes: accepting", "a page of inputs 1; META in a transaction 4, its two indexes 2", 7.0, 0.04, prices::DYNAMO_WRITE),
    line("writes: the first claim", "META 2, list index 1, due index 2", 5.0, 0.01, prices::DYNAMO_WRITE),
    line("writes: preparing, buying", "three checkpoints of META 6, list index 1, quota 1, purchase 1", 9.0, 0.04, prices::DYNAMO_WRITE),
    line("writes: live history", "a task: 20 flushes, each an item 1 and META 2; a row: a share of one a second", 60.0, 1.0, prices::DYNAMO_WRITE),
    line("writes: the result", "output, basis, attempts: 4 KB", 4.0, 4.0, prices::DYNAMO_WRITE),
    line("writes: the end", "META and its flush in a transaction 6, its two indexes 2", 8.0, 0.01, prices::DYNAMO_WRITE),
    line("reads", "holder, history, one reader of the result", 12.0, 3.0, prices::DYNAMO_READ),
    line("a month of storage", "12 KB, with point-in-time recovery", 12.0 * KB, 6.0 * KB, prices::DYNAMO_GB_MONTH + prices::DYNAMO_RECOVERY_GB_MONTH),
    line("logs", "ten lines of 300 bytes; a row: a tenth", 3.0 * KB, 0.3 * KB, prices::LOGS_GB),
    line("traces", "X-Ray's sampling: one of twenty requests", 0.05, 0.000_1, prices::TRACE),
    line("one reader of the result", "gateway, 50 ms of `results`, 20 KB; a row: its share of one reader", 1.0, 0.2, prices::GATEWAY_REQUEST + 0.05 * SECOND + 20.0 * KB * prices::EGRESS_GB),
    line("a webhook", "12 writes of the delivery and its attempt, 4 requests, 0.3 s of 512 MB shared by ten", 1.0, 0.001, 12.0 * prices::DYNAMO_WRITE + 4.0 * prices::SQS_REQUEST + 0.03 * SECOND + prices::LAMBDA_REQUEST),
];

/// Dollars for a million tasks, and for a million rows of groups.
#[must_use]
pub fn total() -> (f64, f64) {
    let sum = |count: fn(&Line) -> f64| LINES.iter().map(|line| count(line) * line.price * 1e6).sum();
    (sum(|line| line.task), sum(|line| line.row))
}
