//! What readers get, with the tables embedded: units are written through the store as runners write them, and read over the router.

mod access;
mod big;
mod events;
mod faults;
mod formats;
mod made;
mod plain;
mod runs;
mod tasks;
mod timeline;
mod wait;
mod world;
