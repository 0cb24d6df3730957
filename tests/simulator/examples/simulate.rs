//! The simulator as a process of its own: `cargo run -p simulator --example simulate -- ADDRESS [SPEED] [FOLDER]`.
//!
//! Prints its URL once it listens, and runs until it is stopped.

use std::path::PathBuf;

use simulator::{Config, Simulator};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut config = Config::default();
    if let Some(listen) = arguments.next() {
        config.listen = listen.parse()?;
    }
    if let Some(speed) = arguments.next() {
        config.speed = speed.parse()?;
    }
    config.data_dir = arguments.next().map(PathBuf::from);
    let simulator = Simulator::start(config).await?;
    println!("{}", simulator.url());
    tokio::signal::ctrl_c().await?;
    simulator.shutdown().await;
    Ok(())
}
