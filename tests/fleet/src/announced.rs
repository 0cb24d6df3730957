//! The announcements as the table holds them: one item a runner, put, withdrawn and decremented by condition.
//!
//! What is read is a copy; by the time somebody acts on it, it may be wrong. Invariant: slots that were taken are not taken again.

use std::collections::BTreeMap;

use domain::adoption::Slots;
use jiff::Timestamp;

/// All announcements.
#[derive(Debug, Default)]
pub(crate) struct Announced {
    items: BTreeMap<String, Slots>,
}

impl Announced {
    pub(crate) fn put(&mut self, slots: Slots) {
        self.items.insert(slots.runner.clone(), slots);
    }

    /// Whether there was anything to withdraw.
    pub(crate) fn withdraw(&mut self, runner: &str) -> bool {
        self.items.remove(runner).is_some()
    }

    /// What a query brings, but for what is over, which time to live removes.
    pub(crate) fn read(&mut self, now: Timestamp) -> Vec<Slots> {
        self.items.retain(|_, slots| slots.until > now);
        self.items.values().cloned().collect()
    }

    /// The conditional decrement: false when the announcement is over or has fewer slots by now.
    pub(crate) fn decrement(&mut self, runner: &str, count: u32, now: Timestamp) -> bool {
        let Some(slots) = self.items.get_mut(runner) else { return false };
        let is_there = slots.until > now && slots.free >= count;
        if is_there {
            slots.free -= count;
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_who_read_the_same_slot_one_gets_it() {
        let until = Timestamp::from_second(20).expect("a time");
        let mut announced = Announced::default();
        announced.put(Slots { runner: "r".to_owned(), free: 1, driving: 9, until });
        assert!(announced.decrement("r", 1, Timestamp::UNIX_EPOCH));
        assert!(!announced.decrement("r", 1, Timestamp::UNIX_EPOCH));
        assert_eq!(announced.read(until), []);
    }
}
