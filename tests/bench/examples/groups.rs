//! What a group costs: time to accept, time from the last end upstream to the end here, processor and memory, and reading it.
//!
//! `multitask serve` and `multitask simulate` run as processes of their own, so that only the service is counted. Run it with
//! `cargo build --release -p multitask && cargo run --release -p bench --example groups`; it takes two minutes and prints tables.
//! Times are of this machine while it did nothing else: compare ratios, and medians of several runs.

use bench::groups::{self, CLIENTS, GROUPS, TASKS, WATCHERS};
use bench::ms;

/// Rows; the simulator goes so fast that a group of any size is over soon after the last row was bought.
const SIZES: [u32; 3] = [100, 1_000, 10_000];
const SPEED: f64 = 12.0;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    println!(
        "Groups of one to three fields, processor lite; the service and the simulator in processes of their own.\n"
    );
    println!("rows    accepted ms   end to end ms   CPU s   peak MB");
    let mut readings = Vec::new();
    for rows in SIZES {
        let group = groups::one(rows, SPEED).await?;
        println!(
            "{rows:<7} {:>11.0} {:>15.0} {:>7.1} {:>9.0}",
            ms(group.accepted),
            group.lag,
            group.usage.cpu_seconds,
            group.usage.peak_megabytes
        );
        readings.extend(group.reads.into_iter().map(|read| (rows, read)));
    }
    println!("\nrows    format   median ms       bytes   peak MB so far");
    for (rows, (format, time, bytes, peak)) in readings {
        println!("{rows:<7} {format:<7} {:>10.0} {bytes:>11} {peak:>16.0}", ms(time));
    }
    println!();
    for (name, path, body) in
        [("groups of 10 rows", GROUPS, groups::group(10)), ("tasks", TASKS, groups::task())]
    {
        let accepted = groups::accepting(path, &body).await?;
        println!(
            "Accepting {name}, {CLIENTS} clients: {:.0} a second, median {:.0} ms, p99 {:.0} ms",
            accepted.rate, accepted.median, accepted.p99
        );
    }
    let (last, bytes) = groups::watching().await?;
    println!(
        "{WATCHERS} watchers of a group of 1,000: the last was told {last:.0} ms after its end, {bytes} bytes each"
    );
    Ok(())
}
