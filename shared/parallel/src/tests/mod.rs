//! The client against bytes cut anywhere, the documented samples, and sockets that misbehave.

mod connections;
mod endpoints;
mod framing;
mod house;
mod samples;
mod server;
