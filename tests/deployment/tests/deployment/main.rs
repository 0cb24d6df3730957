//! The deployment, held against the code: what the tools see in `template.yaml`, and what they do not.
//!
//! Needs the pinned tools of `.ci/tools`; without them the tests that need them say so and count as passed, in CI as failed.

mod alarms;
mod dependencies;
mod events;
mod functions;
mod lint;
mod operating;
mod roles;
mod routes;
mod sources;
mod tables;
mod variables;
mod world;
