//! The client against bytes cut anywhere, the documented samples, and sockets that misbehave.

mod endpoints;
mod framing;
mod samples;
mod server;
