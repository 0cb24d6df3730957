//! Every run that arrived, and what became of it.
//!
//! Invariant: a run is bought once, at its first driving, and goes on upstream whoever drives it then; its end is seen by a holder only.

use std::time::Duration;

use jiff::Timestamp;

use crate::assumed::BUYING;

/// One run, and the unit around it.
#[derive(Debug)]
pub(crate) struct Unit {
    arrived: Timestamp,
    length: Duration,
    /// When it was first driven, and when its run ends upstream.
    bought: Option<(Timestamp, Timestamp)>,
    /// Raised with each change of hands, so that what a former holder waits for comes to nothing.
    epoch: u32,
    /// Who drives it.
    holder: Option<u32>,
    ends_seen: u32,
}

/// All units, by number.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    units: Vec<Unit>,
    open: usize,
}

impl Ledger {
    pub(crate) fn arrive(&mut self, arrived: Timestamp, length: Duration) -> usize {
        self.units.push(Unit { arrived, length, bought: None, epoch: 0, holder: None, ends_seen: 0 });
        self.open += 1;
        self.units.len() - 1
    }

    /// A runner drives it from now on: its epoch, and when its run is over.
    pub(crate) fn claim(&mut self, unit: usize, holder: u32, now: Timestamp) -> (u32, Timestamp) {
        let unit = &mut self.units[unit];
        unit.epoch += 1;
        unit.holder = Some(holder);
        let length = unit.length;
        let (_, ends) = unit.bought.get_or_insert_with(|| (now, now + BUYING + length));
        (unit.epoch, *ends)
    }

    /// Whether anybody has driven it yet.
    pub(crate) fn was_driven(&self, unit: usize) -> bool {
        self.units[unit].bought.is_some()
    }

    /// Nobody drives it for the moment.
    pub(crate) fn let_go(&mut self, unit: usize) {
        self.units[unit].epoch += 1;
        self.units[unit].holder = None;
    }

    /// The holder sees its end; none when the holder of that epoch lost it meanwhile.
    pub(crate) fn end(&mut self, unit: usize, epoch: u32) -> Option<u32> {
        let unit = &mut self.units[unit];
        if unit.epoch != epoch {
            return None;
        }
        unit.epoch += 1;
        unit.ends_seen += 1;
        self.open -= 1;
        unit.holder.take()
    }

    /// Units that are not over.
    pub(crate) const fn open(&self) -> usize {
        self.open
    }

    pub(crate) fn arrived(&self) -> usize {
        self.units.len()
    }

    /// Units whose end was seen exactly once.
    pub(crate) fn ended_once(&self) -> usize {
        self.units.iter().filter(|unit| unit.ends_seen == 1).count()
    }

    /// From each arrival to the first driving, the shortest first.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        let wait = |unit: &Unit| {
            let (driven, _) = unit.bought?;
            Some(driven.duration_since(unit.arrived).unsigned_abs())
        };
        let mut waits: Vec<Duration> = self.units.iter().filter_map(wait).collect();
        waits.sort_unstable();
        waits
    }

    /// How much later than its run's end the latest end was seen, and how many were seen late, is the caller's to count.
    pub(crate) fn run_ends(&self, unit: usize) -> Option<Timestamp> {
        self.units[unit].bought.map(|(_, ends)| ends)
    }
}
