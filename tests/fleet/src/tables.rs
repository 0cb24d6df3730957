//! The tables of `docs/cost.md`, as they are printed.
//!
//! Invariant: nothing is decided here, and every number comes from a simulation or from a line of the bill.

use std::time::Duration;

use domain::processor::PROCESSORS;

use crate::load::Lengths;
use crate::operate::SIZES;
use crate::outcome::Outcome;
use crate::rest;
use crate::scenario::{Policy, Scenario};
use crate::simulate;

const POLICIES: [(Policy, &str); 3] =
    [(Policy::OneStream, "one stream"), (Policy::Batches, "batches"), (Policy::Adoption, "adoption")];

/// Prints all of them.
pub fn print() {
    println!("## Who drives: dollars a million runs\n");
    policies();
    println!("\n## By processor, ten a minute, adoption\n");
    processors();
    println!("\n## Everything else: dollars a million\n");
    everything_else();
    println!("\n## Recommended settings under their load\n");
    sizes();
}

fn policies() {
    println!(
        "| runs a minute | mean length | who drives | Lambda | SQS | DynamoDB | all | fill | units a runner | runners at most | hand-overs a run | invocations a run | wait, median and 99 % |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let lengths = [("2 min", Lengths::two_minutes()), ("15 min", Lengths::fifteen_minutes())];
    for (length, lengths) in lengths {
        for per_minute in [1.0, 10.0, 100.0, 1_000.0] {
            for (policy, name) in POLICIES {
                let outcome = simulate(&Scenario::new(policy, per_minute, lengths.clone()));
                println!("| {per_minute} | {length} | {name} {}", row(&outcome));
            }
        }
    }
}

fn processors() {
    println!(
        "| processor | Lambda | SQS | DynamoDB | all | fill | units a runner | runners at most | hand-overs a run | invocations a run | wait, median and 99 % |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for processor in &PROCESSORS {
        let lengths = Lengths::Processors(vec![processor]);
        let outcome = simulate(&Scenario::new(Policy::Adoption, 10.0, lengths));
        println!("| {} {}", processor.name, row(&outcome));
    }
}

fn everything_else() {
    println!("| what | of a task | a row of a group of 1,000 | how |");
    println!("|---|---|---|---|");
    for line in &rest::LINES {
        let dollars = |count: f64| cents(count * line.price * 1e6);
        println!("| {} | {} | {} | {} |", line.what, dollars(line.task), dollars(line.row), line.why);
    }
    let (task, row) = rest::total();
    println!("| all | {} | {} | |", cents(task), cents(row));
}

fn sizes() {
    for size in SIZES {
        println!("{} runs a day: {}", size.runs_a_day, size.overrides());
    }
    println!();
    println!(
        "| runs a day | arriving | Lambda | SQS | DynamoDB | all | fill | units a runner | runners at most | hand-overs a run | invocations a run | wait, median and 99 % | runners, dollars a month |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for size in SIZES {
        for (times, arriving) in [(1.0, "evenly"), (10.0, "ten times as fast")] {
            let outcome = simulate(&size.scenario(times));
            let month = outcome.dollars().total() * f64::from(size.runs_a_day) * 30.0 / 1e6;
            let month = if times > 1.0 { String::new() } else { cents(month) };
            println!("| {} | {arriving} {} {} |", size.runs_a_day, row(&outcome), month);
        }
    }
}

fn row(outcome: &Outcome) -> String {
    let dollars = outcome.dollars();
    let watch = &outcome.watch;
    format!(
        "| {} | {} | {} | {} | {:.0} % | {:.0} | {} | {:.2} | {:.2} | {}, {} |",
        cents(dollars.lambda),
        cents(dollars.sqs),
        cents(dollars.dynamo()),
        cents(dollars.total()),
        watch.fill() * 100.0,
        watch.units_a_runner(),
        watch.most_runners,
        outcome.hops(),
        outcome.invocations(),
        seconds(outcome.wait(0.5)),
        seconds(outcome.wait(0.99)),
    )
}

fn seconds(wait: Duration) -> String {
    format!("{:.1} s", wait.as_secs_f64())
}

/// Three digits or so.
fn cents(dollars: f64) -> String {
    match dollars {
        large if large >= 100.0 => format!("{large:.0}"),
        middle if middle >= 10.0 => format!("{middle:.1}"),
        small => format!("{small:.2}"),
    }
}
