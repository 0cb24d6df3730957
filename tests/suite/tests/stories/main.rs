//! The stories: each is told from outside, by what crosses the wire.

mod first_curl;
mod one_process;
mod restart;
