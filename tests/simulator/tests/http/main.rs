//! The simulator over real HTTP. `checklist` and `choices` follow section 15 of the upstream's reference, a test or more
//! for each of its lines; the other modules hold what the simulator adds: faults, markers, restarts, control.

mod checklist;
mod choices;
mod client;
mod control;
mod faults;
mod markers;
mod restart;
mod webhooks;
