//! Who does the work: the processors with what they cost and how long they take, deep research, and what it may cost in all.

use std::time::Duration;

use domain::estimate::Cost;
use domain::processor::{PROCESSORS, Processor};
use maud::{Markup, html};

use super::example::PROCESSOR;

/// The choice of a processor.
pub(super) fn processor(automatic: bool) -> Markup {
    html! {
        div.part data-place="/processor /mode" {
            label.field for="processor" { "Processor" }
            select #processor {
                @if automatic { option value="" { "Chosen for you, by what is asked for" } }
                optgroup label="Standard" {
                    @for known in &PROCESSORS {
                        option value=(known.name) selected[known.name == PROCESSOR] { (line(known, "", (known.shortest, known.longest))) }
                    }
                }
                optgroup label="Fast: sooner, at the same price, where your account has them" {
                    @for known in &PROCESSORS {
                        option value={ (known.name) "-fast" } { (line(known, "-fast", known.fast)) }
                    }
                }
            }
            label.check { input #deep type="checkbox"; " Deep research: a thorough report out of many sources, by pro or better" }
        }
    }
}

/// What it may cost, and what it would.
pub(super) fn cost() -> Markup {
    html! {
        div.part data-place="/max_cost_usd" {
            label.field for="most" { "Cost at most, in dollars" }
            input #most type="text" inputmode="decimal" autocomplete="off" placeholder="no limit";
        }
        p.estimate #estimate role="status" aria-live="polite" {}
    }
}

fn line(known: &Processor, fast: &str, (from, to): (Duration, Duration)) -> String {
    let Processor { name, fields, .. } = known;
    format!("{name}{fast}: {} a run, {}, good for {fields} fields", Cost(known.micro_dollars), span(from, to))
}

fn span(from: Duration, to: Duration) -> String {
    let (from, to) = (one(from), one(to));
    match (from.split_once(' '), to.split_once(' ')) {
        (Some((number, unit)), Some((_, other))) if unit == other => format!("{number} to {to}"),
        _ => format!("{from} to {to}"),
    }
}

fn one(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..=100 => format!("{seconds} s"),
        seconds @ ..=5_400 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3_600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_processor_is_offered_with_its_price_and_times_and_so_is_its_fast_form() {
        let markup = processor(false).0;
        for line in [
            "lite: $0.005 a run, 10 s to 2 min, good for 2 fields",
            "core: $0.025 a run, 60 s to 5 min, good for 10 fields",
            "pro: $0.10 a run, 2 to 10 min, good for 20 fields",
            "ultra8x: $2.40 a run, 5 min to 2 h, good for 25 fields",
            "lite-fast: $0.005 a run, 10 to 20 s, good for 2 fields",
            "ultra8x-fast: $2.40 a run, 60 s to 60 min, good for 25 fields",
        ] {
            assert!(markup.contains(&format!(">{line}<")), "{line}: {markup}");
        }
        assert_eq!(markup.matches("<option").count(), 2 * PROCESSORS.len());
        assert_eq!(markup.matches("selected").count(), 1);
    }
}
