//! The program: plays rounds, side by side if wanted, and tells what came of each.
//!
//! `cargo run -p chaos -- --seeds 1..20 --side-by-side 4`. It ends with 1 if anything was lost, doubled or stuck.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use chaos::plan::Plan;
use chaos::round::{self, Outcome};
use chaos::worker;
use clap::{Parser, Subcommand};
use futures::{StreamExt, stream};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The log of this process, of all rounds.
const HUB_LOG: &str = "hub.log";
/// Faults of a round that are printed.
const SHOWN: usize = 8;

#[derive(Debug, Parser)]
#[command(about = "Kills, freezes and starves runners, and checks that nothing is lost, doubled or stuck.")]
struct Arguments {
    /// The seeds to play: one, or the first and the last, as in 1..20.
    #[arg(long, default_value = "1..5", value_parser = seeds)]
    seeds: (u64, u64),
    /// Rounds that are played at the same time.
    #[arg(long, default_value_t = 1)]
    side_by_side: usize,
    /// How long things go wrong in a round.
    #[arg(long, default_value_t = 15.0)]
    seconds: f64,
    /// Prints the plans instead of playing them.
    #[arg(long)]
    plan: bool,
    /// Where the workers' logs are kept, in a folder for each seed; of rounds without faults they are removed.
    #[arg(long, default_value = "target/chaos")]
    logs: PathBuf,
    /// Keeps the logs of all rounds.
    #[arg(long)]
    keep: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// A worker of a round; started by this program only.
    #[command(hide = true)]
    Worker,
    /// Nothing goes wrong: tasks arrive at ten a second, and how well the runners are filled is told.
    Fill {
        /// Seconds for which they arrive.
        #[arg(default_value_t = 60)]
        seconds: u32,
    },
}

fn seeds(text: &str) -> Result<(u64, u64), String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let number =
        |text: &str| text.parse::<u64>().map_err(|_| "write a number, or two as in 1..20".to_owned());
    let (first, last) = (number(first)?, number(last.trim_start_matches('='))?);
    if first <= last { Ok((first, last)) } else { Err("the first seed is not above the last".to_owned()) }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.role {
        Some(Role::Worker) => {
            log_to(std::io::stderr);
            let _ = rustls::crypto::ring::default_provider().install_default();
            worker::work().await.map(|()| true)
        }
        Some(Role::Fill { seconds }) => fill(&arguments, seconds).await,
        None => play(&arguments).await,
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn log_to(writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    // The embedded DynamoDB warns of every condition that fails, which is how races are decided.
    let filter = EnvFilter::new("warn,runner=info,webhook=info,dynoxide=error");
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(writer).init();
}

/// Fills runners; says whether four of five units were driven by the fullest of them.
async fn fill(arguments: &Arguments, seconds: u32) -> anyhow::Result<bool> {
    let logs = arguments.logs.join("fill");
    if logs.exists() {
        fs::remove_dir_all(&logs)?;
    }
    fs::create_dir_all(&logs)?;
    log_to(File::create(arguments.logs.join(HUB_LOG))?);
    let filled = Box::pin(chaos::fill::play(seconds, &logs)).await?;
    println!(
        "{} tasks: {:.0} % of all units' time with the fullest runner, {:.1} runners at once of {} that were started, {:.2} claims a task",
        filled.tasks,
        filled.fill * 100.0,
        filled.runners,
        filled.started,
        filled.claims
    );
    Ok(filled.fill >= 0.8)
}

/// Plays all rounds; says whether nothing was wrong.
async fn play(arguments: &Arguments) -> anyhow::Result<bool> {
    let (first, last) = arguments.seeds;
    if arguments.plan {
        (first..=last).for_each(|seed| println!("{:#?}", Plan::new(seed, arguments.seconds)));
        return Ok(true);
    }
    fs::create_dir_all(&arguments.logs)?;
    log_to(File::create(arguments.logs.join(HUB_LOG))?);
    println!("        seed seconds units  runs claims kills freezes fences struck");
    let rounds = stream::iter(first..=last).map(|seed| async move { (seed, one(arguments, seed).await) });
    let mut rounds = rounds.buffer_unordered(arguments.side_by_side.max(1));
    let (mut count, mut wrong, mut took) = (0_u32, 0_u32, Duration::ZERO);
    while let Some((seed, outcome)) = rounds.next().await {
        count += 1;
        match outcome {
            Ok(outcome) => {
                took += outcome.took;
                wrong += u32::from(outcome.is_wrong());
            }
            Err(error) => {
                println!("WRONG {seed:>6} was not played to its end: {error:#}");
                wrong += 1;
            }
        }
    }
    println!(
        "{count} rounds, {:.0} seconds of chaos in total, {wrong} of them with faults",
        took.as_secs_f64()
    );
    Ok(wrong == 0)
}

async fn one(arguments: &Arguments, seed: u64) -> anyhow::Result<Outcome> {
    let plan = Plan::new(seed, arguments.seconds);
    let logs = arguments.logs.join(format!("seed-{seed}"));
    if logs.exists() {
        fs::remove_dir_all(&logs)?;
    }
    fs::create_dir_all(&logs)?;
    let outcome = Box::pin(round::play(&plan, &logs, &arguments.logs.join(HUB_LOG))).await?;
    println!(
        "{} {:>6} {:>7.1} {:>5} {:>5} {:>6} {:>5} {:>7} {:>6} {:>6}",
        if outcome.is_wrong() { "WRONG" } else { "ok   " },
        outcome.seed,
        outcome.took.as_secs_f64(),
        outcome.units,
        outcome.runs,
        outcome.claims,
        outcome.blows.0,
        outcome.blows.1,
        outcome.fences,
        outcome.struck
    );
    if outcome.is_wrong() || arguments.keep {
        tell(&outcome, &plan, &logs)?;
    } else {
        fs::remove_dir_all(&logs)?;
    }
    Ok(outcome)
}

/// Tells every fault, and keeps beside the workers' logs all that is needed to understand it.
fn tell(outcome: &Outcome, plan: &Plan, logs: &Path) -> anyhow::Result<()> {
    fs::write(logs.join("plan.txt"), format!("{plan:#?}\n"))?;
    fs::write(logs.join("record.txt"), format!("{:#?}\n", outcome.record))?;
    for panic in &outcome.panics {
        println!("       a worker panicked: {panic}");
    }
    for fault in outcome.faults.iter().take(SHOWN) {
        let fault = fault.to_string();
        let short: String = fault.chars().take(400).collect();
        println!("       {short}");
    }
    if outcome.faults.len() > SHOWN {
        println!("       and {} more, in faults.txt", outcome.faults.len() - SHOWN);
    }
    let all: Vec<String> = outcome.faults.iter().map(ToString::to_string).collect();
    fs::write(logs.join("faults.txt"), all.join("\n"))?;
    println!("       the plan, the record and the logs are in {}", logs.display());
    Ok(())
}
