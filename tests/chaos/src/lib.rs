//! Chaos: several runner processes at one store and one queue, everything that can go wrong, and a checker that holds what came of it against
//! what the upstream and the receivers saw.
//!
//! A *round* is made from a seed ([`plan`]). Its *hub* ([`hub`]) is this process: the tables, the queues, the upstream, the receivers, and
//! Multitask without runners. Its *workers* ([`worker`], [`pool`]) are processes that are a runner each, as sandboxes on Lambda are. They are
//! killed, frozen and thawed, their clocks are skewed; between them and the tables and queues is a proxy ([`proxy`]) with weather
//! ([`weather`]). When the sky has cleared and all is over, [`check`] judges the [`record`].
//!
//! A seed reproduces the plan, not the interleaving: processes and time are real. So a seed that has failed is played again and again.

pub mod asked;
pub mod caller;
pub mod check;
pub mod dice;
pub mod fill;
pub mod hub;
pub mod plan;
pub mod pool;
pub mod proxy;
pub mod reader;
pub mod receiver;
pub mod record;
pub mod round;
pub mod settings;
pub mod weather;
pub mod worker;
