//! The keys of every item: DESIGN's table of items, as functions.

use domain::UnitId;

/// Partition key.
pub(crate) const PK: &str = "pk";
/// Sort key.
pub(crate) const SK: &str = "sk";
/// Sort key of a unit's own item.
pub(crate) const META: &str = "META";
/// Runs to a partition: so that one partition does not carry a big group.
pub(crate) const RUNS_PER_PARTITION: u32 = 500;
/// Partition of the announcements of running runners.
pub(crate) const SLOTS: &str = "SLOTS";
/// How many ways the `due` index is spread.
pub(crate) const DUE_SHARDS: u8 = 16;

/// Partition of a unit: its own item, inputs, purchases, events; in the outbox its deliveries.
pub(crate) fn unit(id: &UnitId) -> String {
    format!("U#{id}")
}

/// Partition of a page of runs.
pub(crate) fn runs(id: &UnitId, page: u32) -> String {
    format!("U#{id}#P{page}")
}

pub(crate) fn run(index: u32) -> String {
    format!("R#{index:07}")
}

pub(crate) fn input_page(source: &str, page: u32) -> String {
    format!("IN#{source}#{page:06}")
}

pub(crate) fn event(seq: u64) -> String {
    format!("E#{seq:012}")
}

pub(crate) fn purchase(epoch: u64, number: u32) -> String {
    format!("B#{epoch:012}#{number:06}")
}

/// A part of a value that does not fit its item; sorts right behind it.
pub(crate) fn part(item: &str, tag: &str, part: usize) -> String {
    format!("{item}#{tag}#{part:04}")
}

pub(crate) fn due_shard(id: &UnitId) -> String {
    let sum = id.as_str().bytes().fold(0_u8, u8::wrapping_add);
    format!("{:02}", sum % DUE_SHARDS)
}

pub(crate) fn owner(owner: &str) -> String {
    format!("O#{owner}")
}

pub(crate) fn idempotency(owner: &str, key: &str) -> String {
    format!("K#{owner}#{key}")
}

/// A webhook of the upstream that had its effect.
pub(crate) fn heard(webhook_id: &str) -> String {
    format!("W#{webhook_id}")
}

pub(crate) fn cached(hash: &str) -> String {
    format!("C#{hash}")
}
