//! The upstream Task API, simulated: runs, results, event streams, groups, suggestions and webhooks over HTTP/1.1 and
//! HTTP/2 cleartext on one port, with faults on request and a ledger of what it was made to do.
//!
//! A run's whole life is fixed when it is created: status, progress and output at any time are pure functions of its
//! record and that time. So ten thousand runs cost no tasks, no outputs are stored, and a restarted simulator tells
//! the same story from its journal.
//!
//! # Keys
//! Any `x-api-key` is welcome, and each sees its own runs only. One that contains `refused` gets 401 everywhere; one
//! that contains `nocredit` gets 402 whenever it creates runs.
//!
//! # Markers
//! An input asks for a bad day by a key `simulate` whose value is a marker, or by the text `simulate:<marker>` anywhere
//! in it. Several may stand side by side, separated by blanks.
//!
//! | marker | the run |
//! |---|---|
//! | `fail` | fails with a readable error |
//! | `huge` | completes with an output of 12 MB |
//! | `hostile` | tells and finds markup, scripts, formulas and control characters: messages, kinds, sources, output, reasons |
//! | `slow` | takes ten times as long |
//! | `seconds=N` | runs N seconds, whatever the speed; fractions are allowed |
//! | `never` | stays `running` for ever |
//! | `action_required` | stops in that status |
//! | `cancelled` | ends so, by way of `cancelling` |
//! | `null_output` | completes without output |
//! | `unknown_status` | shows the unknown status `verifying` in its middle, then completes |
//!
//! An MCP server whose URL contains `unreachable` gives the documented warning instead of tool calls.
//!
//! # Faults and the control surface
//! [`Simulator::faults`] sets and clears [`Fault`]s, [`Simulator::ledger`] counts. Other processes use
//! `GET|PUT|POST|DELETE /_sim/faults`, `GET /_sim/ledger?key=&group=&metadata=name:value` and
//! `GET|PUT /_sim/clock` (`{"advance_seconds": 5}`).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use simulator::{Config, Effect, Endpoint, Fault, Simulator};
//!
//! let simulator = Simulator::start(Config { speed: 100.0, ..Config::default() }).await.unwrap();
//! simulator.faults().add(Fault::on(Endpoint::AddRuns, Effect::LostReply).times(1));
//! assert!(simulator.url().starts_with("http://127.0.0.1:"));
//! assert!(simulator.ledger().runs_of_key("me").is_empty());
//! simulator.shutdown().await;
//! # }
//! ```

mod behaviour;
mod book;
mod call;
mod chance;
mod config;
mod control;
mod endpoint;
mod fault;
mod group;
mod handlers;
mod journal;
mod ledger;
mod output;
mod owner;
mod processor;
mod progress;
mod quota;
mod refusal;
mod request;
mod run;
mod serve;
mod simulator;
mod stream;
mod webhook;
mod wire;
mod world;

pub use config::{Config, WEBHOOK_SECRET};
pub use endpoint::Endpoint;
pub use fault::{Effect, Fault, Faults, Tally};
pub use ledger::{Answer, CreateCall, Delivery, Followed, Ledger, RunEntry};
pub use owner::Owner;
pub use simulator::{Simulator, StartError};
pub use webhook::{Scheme, sign};
