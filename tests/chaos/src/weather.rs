//! What happens to requests of workers on their way to the tables and the queues, and how often.
//!
//! A pure draw for each request. Invariant: in calm weather nothing happens to anything.

use crate::dice::Dice;

/// How probable everything is, from 0 to 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// At the tables.
    pub store: Store,
    /// At the queues.
    pub queue: Queue,
    /// Nothing reaches the tables at all.
    pub outage: bool,
}

/// At the tables.
#[derive(Debug, Clone, Copy, Default)]
pub struct Store {
    /// Refused before anything is done.
    pub refused: f64,
    /// Executed, and answered by a failure.
    pub lost: f64,
    /// Executed, and the connection breaks.
    pub cut: f64,
    /// Executed late.
    pub slow: f64,
}

/// At the queues.
#[derive(Debug, Clone, Copy, Default)]
pub struct Queue {
    /// Refused before anything is done.
    pub refused: f64,
    /// Executed, and answered by a failure.
    pub lost: f64,
    /// What is sent is sent twice.
    pub twice: f64,
    /// What is sent arrives seconds later.
    pub late: f64,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// Nothing.
    Passes,
    /// A failure, without any effect.
    Refused,
    /// A failure, after its effect.
    Lost,
    /// A broken connection, after its effect.
    Cut,
    /// It passes after so many seconds.
    Slow(f64),
    /// It is executed twice.
    Twice,
    /// The message that it sends is delayed by so many seconds.
    Late(u32),
}

impl Weather {
    /// What happens to a request to the tables.
    #[must_use]
    pub fn at_the_tables(&self, dice: &Dice) -> Fate {
        let Store { refused, lost, cut, slow } = self.store;
        if self.outage || dice.chance(refused) {
            Fate::Refused
        } else if dice.chance(lost) {
            Fate::Lost
        } else if dice.chance(cut) {
            Fate::Cut
        } else if dice.chance(slow) {
            Fate::Slow(dice.between(0.05, 0.8))
        } else {
            Fate::Passes
        }
    }

    /// What happens to a request to the queues; `sends` if it is one message that is sent.
    #[must_use]
    pub fn at_the_queues(&self, sends: bool, dice: &Dice) -> Fate {
        let Queue { refused, lost, twice, late } = self.queue;
        if dice.chance(refused) {
            Fate::Refused
        } else if dice.chance(lost) {
            Fate::Lost
        } else if sends && dice.chance(twice) {
            Fate::Twice
        } else if sends && dice.chance(late) {
            Fate::Late(dice.whole(1, 3))
        } else {
            Fate::Passes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_calm_weather_everything_passes_and_in_an_outage_nothing() {
        let dice = Dice::new(1, "test");
        let calm = Weather::default();
        let outage = Weather { outage: true, ..calm };
        for _ in 0..100 {
            assert_eq!(calm.at_the_tables(&dice), Fate::Passes);
            assert_eq!(calm.at_the_queues(true, &dice), Fate::Passes);
            assert_eq!(outage.at_the_tables(&dice), Fate::Refused);
        }
    }

    #[test]
    fn only_what_sends_is_sent_twice_or_late() {
        let dice = Dice::new(1, "test");
        let weather = Weather { queue: Queue { twice: 1.0, ..Queue::default() }, ..Weather::default() };
        assert_eq!(weather.at_the_queues(true, &dice), Fate::Twice);
        assert_eq!(weather.at_the_queues(false, &dice), Fate::Passes);
    }
}
