//! `multitask simulate`: the simulator of the upstream, by itself.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use simulator::{Config, Simulator};

use super::arguments::positive;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8790", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// How many times faster than the real upstream
    #[arg(long, env = "MULTITASK_SPEED", default_value_t = multitask::options::SPEED, value_parser = positive)]
    speed: f64,
    /// The directory that keeps its ledger; without one it forgets everything at its end
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
}

/// Simulates until the process is asked to end.
pub(crate) async fn run(Arguments { listen, speed, data_dir }: Arguments) -> anyhow::Result<()> {
    let simulator = Simulator::start(Config { listen, speed, data_dir, ..Config::default() }).await?;
    println!("The simulator listens on {}, {speed} times as fast as the real upstream.", simulator.url());
    println!("Any key will do: multitask serve --upstream {} --port 8788", simulator.url());
    super::asked_to_end().await?;
    simulator.shutdown().await;
    Ok(())
}
