//! What a run shows of its progress: messages and statistics, each at its time.
//!
//! A pure function of the run. Leaves it to the stream which of them to send. Invariant: the times ascend strictly and
//! lie between the run's start and its end; no two messages of a run are equal in kind, time and text.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::behaviour::Content;
use crate::chance::Dice;
use crate::output::{hostile, words};
use crate::run::{Run, after};
use crate::wire::{Frame, time};

/// One thing that is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    /// When.
    pub(crate) at: Timestamp,
    /// Whether it is a statistic, of which a late reader gets the latest only.
    pub(crate) statistic: bool,
    /// What goes over the wire.
    pub(crate) frame: Frame,
}

/// Everything `run` shows in its life, in order.
pub(crate) fn of(run: &Run) -> Vec<Shown> {
    let count = run.life.events;
    let start = run.started_at();
    let span = i64::try_from(run.running_time().as_micros()).unwrap_or(i64::MAX);
    let share = span / i64::from(count.max(1) + 1);
    let topic = words::subject(run.request.input());
    let site = words::slug(&topic);
    let is_hostile = run.life.content == Content::Hostile;
    let mut dice = Dice::of(&["progress", &run.id]);
    let mut shown: Vec<Shown> = Vec::new();
    let (mut messages, mut considered) = (0, 0);
    let mut read = 0;
    for n in 0..count {
        let jitter = if share > 4 { dice.between(0, share / 4) } else { 0 };
        let regular = after(start, share.saturating_mul(i64::from(n) + 1).saturating_sub(jitter));
        let earliest = shown.last().map_or(start, |last| after(last.at, 65));
        let step = step(run, n, count);
        // the queries of a search follow their objective within microseconds
        let at = if step == Step::Query { earliest } else { regular.max(earliest) };
        let frame = match step {
            Step::Statistics => {
                considered += dice.between(3, 20);
                read = (read + dice.between(1, 4)).min(considered);
                let pages =
                    [format!("https://{site}.example/page-{n}"), format!("https://www.example.org/{site}")];
                let attacks = hostile::urls().iter().map(|url| (*url).to_owned());
                let sample: Vec<String> = if is_hostile { attacks.collect() } else { pages.into() };
                let meter = f64::from(n + 1) * 100.0 / f64::from(count + 1);
                statistics(considered, read, &sample, (meter * 10.0).round() / 10.0)
            }
            step => {
                let (word, text) = message(step, n, &topic, &site, run);
                let kind = format!("progress_msg.{word}");
                let (kind, text) = if is_hostile { hostile::told(messages, kind) } else { (kind, text) };
                messages += 1;
                let kind = format!("task_run.{kind}");
                Frame::of(json!({"type": kind, "message": text, "timestamp": time(at)}))
            }
        };
        shown.push(Shown { at, statistic: step == Step::Statistics, frame });
    }
    shown
}

fn statistics(considered: i64, read: i64, sample: &[String], meter: f64) -> Frame {
    Frame::of(json!({
        "type": "task_run.progress_stats",
        "source_stats": {
            "num_sources_considered": considered,
            "num_sources_read": read,
            "sources_read_sample": sample,
        },
        "progress_meter": meter,
    }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Begin,
    Plan,
    Objective,
    Query,
    Extract,
    Tool,
    Statistics,
    Sum,
}

fn step(run: &Run, n: u32, count: u32) -> Step {
    let tools = !run.request.mcp_servers().is_empty();
    match n {
        0 => Step::Begin,
        n if n + 1 == count => Step::Sum,
        n => match (n - 1) % 6 {
            1 if run.request.choice.shows_searches() => Step::Objective,
            2 if run.request.choice.shows_searches() => Step::Query,
            3 => Step::Extract,
            4 if tools => Step::Tool,
            5 => Step::Statistics,
            _ => Step::Plan,
        },
    }
}

fn message(step: Step, n: u32, topic: &str, site: &str, run: &Run) -> (&'static str, String) {
    match step {
        Step::Begin => ("exec_status", "Starting research".to_owned()),
        Step::Plan => {
            ("plan", format!("Step {n}: I will compare what independent sources say about {topic}."))
        }
        Step::Objective => ("search", format!("Objective: Settle open point {n} about {topic}")),
        Step::Query => ("search", format!("Query: {topic} facts {n}")),
        Step::Extract => ("extract", format!("Extract: https://{site}.example/page-{n}")),
        Step::Tool => {
            let name = run.request.mcp_servers().first().and_then(|server| server.get("name"));
            let name = name.and_then(Value::as_str).unwrap_or("server");
            ("tool_call", format!("Executing MCP tool call on server {name} with tool lookup."))
        }
        Step::Statistics | Step::Sum => ("result", format!("The sources on {topic} agree.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::run::tests::run;

    fn shown(processor: &str, speed: f64) -> (Run, Vec<Shown>) {
        let body = json!({"processor": processor, "input": "Acme", "enable_events": true,
            "mcp_servers": [{"name": "kb", "url": "https://kb.example"}]});
        let run = run(&body, &Config { speed, ..Config::default() });
        let shown = of(&run);
        (run, shown)
    }

    #[test]
    fn everything_shown_ascends_within_the_run() {
        for processor in ["lite", "core", "ultra8x"] {
            let (run, shown) = shown(processor, 1.0);
            assert_eq!(shown.len(), run.life.events as usize);
            assert!(shown.windows(2).all(|pair| pair[0].at < pair[1].at));
            assert!(shown.iter().all(|each| each.at > run.started_at() && Some(each.at) < run.ended_at()));
        }
    }

    #[test]
    fn it_begins_with_starting_research_and_has_every_kind() {
        let (_, shown) = shown("ultra", 1.0);
        assert_eq!(shown[0].frame.data["message"], "Starting research");
        for kind in ["plan", "search", "extract", "tool_call", "result", "exec_status"] {
            let kind = format!("task_run.progress_msg.{kind}");
            assert!(shown.iter().any(|each| each.frame.kind() == kind), "{kind}");
        }
        assert!(shown.iter().any(|each| each.statistic));
    }

    #[test]
    fn lite_shows_no_searches() {
        let (_, shown) = shown("lite", 1.0);
        assert!(shown.iter().all(|each| each.frame.kind() != "task_run.progress_msg.search"));
    }

    #[test]
    fn a_hostile_run_tells_hostile_things_of_known_and_unknown_kinds() {
        let body = json!({"processor": "ultra", "input": "simulate:hostile", "enable_events": true});
        let shown = of(&run(&body, &Config::default()));
        let told = |part: &str| shown.iter().any(|each| each.frame.data.to_string().contains(part));
        for attack in ["alert('output')", "javascript:alert(3)", "alert(document.domain)", "/x.css"] {
            assert!(told(attack), "{attack}");
        }
        let kinds: Vec<&str> = shown.iter().map(|each| each.frame.kind()).collect();
        assert!(kinds.contains(&"task_run.progress_msg.plan"));
        assert!(
            kinds.iter().any(|kind| kind.contains("<img")) && kinds.iter().all(|kind| !kind.contains('\n'))
        );
    }

    #[test]
    fn even_at_a_mad_speed_no_two_share_their_time() {
        let (_, shown) = shown("ultra8x", 1e9);
        assert!(shown.windows(2).all(|pair| pair[0].at < pair[1].at));
    }
}
