//! What following tasks live costs, and whether anything of what the upstream told is lost, repeated or out of order.
//!
//! `multitask serve` and `multitask simulate` run as processes of their own, so that only the service is counted. Run it with
//! `cargo build --release -p multitask && cargo run --release -p bench --example tasks`; it takes three minutes and prints a table. It fails
//! if a message was lost, repeated or moved, a result is missing, or a run was bought twice.

use anyhow::bail;
use bench::live::{self, Trial};

const TRIALS: [Trial; 3] = [
    Trial {
        name: "1,000 tasks of 10 s, one runner",
        tasks: 1_000,
        seconds: (10, 10),
        options: &["--runners", "1", "--units-per-runner", "1000"],
        cuts: &[],
    },
    Trial {
        name: "200 tasks, a hand-over every 2 s",
        tasks: 200,
        seconds: (20, 40),
        options: &["--slice-seconds", "2"],
        cuts: &[],
    },
    Trial {
        name: "200 tasks, a hand-over every 2 s, cuts",
        tasks: 200,
        seconds: (20, 40),
        options: &["--slice-seconds", "2"],
        cuts: &[1, 3, 7, 12, 18],
    },
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    println!(
        "Tasks of processor pro, 24 events each; the service and the simulator in processes of their own.\n"
    );
    println!("{:<40} messages   lost   wrong   end to end ms   CPU s   peak MB", "");
    let mut failed = false;
    for trial in TRIALS {
        let told = live::play(&trial).await?;
        println!(
            "{:<40} {:>8} {:>6} {:>7} {:>15.0} {:>7.1} {:>9.0}",
            trial.name,
            told.shown,
            told.lost,
            told.wrong.len(),
            bench::ms(told.lag),
            told.usage.cpu_seconds,
            told.usage.peak_megabytes
        );
        for wrong in told.wrong.iter().take(5) {
            println!("  {wrong}");
        }
        failed |= !told.is_right();
    }
    if failed {
        bail!("not everything was told once and in order");
    }
    Ok(())
}
