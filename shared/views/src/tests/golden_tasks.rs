//! Every form of three tasks, against files that were read by a person: a finished one with sources and a timeline, one under way, one that failed.
//!
//! Beside the formats stand the bare resource (`resource.json`) and the named frames of the live stream (`events`).

use std::sync::Arc;

use domain::event::Told;
use domain::group::Output;
use domain::run::Run;
use domain::unit::{Kind, Unit};
use jiff::Timestamp;

use super::golden::hold;
use crate::task::{self, TaskJson};
use crate::testing::{completed, drive, ended, failed, group, raw};
use crate::{Format, Options, Stats, sse};

type Row = (&'static str, Option<Run>);

const PLAN: &str = "task_run.progress_msg.plan";

/// What was told so many seconds after the task was created.
fn told(seconds: i64, kind: &str, data: &str) -> Told {
    let at = Timestamp::from_second(1_736_589_600 + seconds).ok();
    Told { kind: kind.to_owned(), at, data: raw(data) }
}

/// Messages of known kinds, one of a kind that came later, one that is no message, statistics, and states.
fn history() -> Vec<Told> {
    vec![
        told(
            1,
            "task_run.state",
            r#"{"type":"task_run.state","run":{"run_id":"trun_0","status":"running"}}"#,
        ),
        told(2, PLAN, r#"{"type":"task_run.progress_msg.plan","message":"Compare the filings."}"#),
        told(
            3,
            "task_run.progress_msg.exec_status",
            r#"{"type":"task_run.progress_msg.exec_status","message":"Starting research"}"#,
        ),
        told(
            4,
            "task_run.progress_stats",
            r#"{"type":"task_run.progress_stats","source_stats":{"num_sources_considered":41,"num_sources_read":6,"sources_read_sample":["https://stripe.example/about","not a link"]},"progress_meter":35.5}"#,
        ),
        told(
            5,
            "task_run.novelty",
            r#"{"type":"task_run.novelty","payload":{"n":1,"nested":[null,{"deep":true}]}}"#,
        ),
        told(6, PLAN, r#"{"type":"task_run.progress_msg.plan","message":7}"#),
        Told { at: None, ..told(0, "error", r#"{"type":"error","error":{"message":"Stream interrupted"}}"#) },
    ]
}

fn task() -> Unit {
    let mut unit = group(1);
    unit.kind = Kind::Task;
    unit.counts.pending = 0;
    unit.counts.running = 1;
    unit.spec.group.metadata.insert("team".to_owned(), "research".into());
    unit
}

/// A finished task with fields, lists, sources, reasoning, and a basis of a field that the result does not have.
fn finished() -> (Unit, Row, Vec<Told>) {
    let output = r#"{"type":"json","content":{"ceo":"Patrick Collison","founded":2010.0,"products":[{"name":"Payments","since":2011},{"name":"Atlas","since":2016}],"motto":null},"basis":[{"field":"ceo","citations":[{"title":"About us","url":"https://stripe.example/about","excerpts":["Patrick Collison, CEO"]},{"title":null,"url":"javascript:alert(1)","excerpts":[]}],"reasoning":"The company says so.","confidence":"high"},{"field":"products.0","citations":[],"reasoning":"Named on its site.","confidence":"medium"},{"field":"motto","citations":[],"reasoning":"No source states it.","confidence":"low"},{"field":"elsewhere","citations":[],"reasoning":"Of no field.","confidence":"unheard-of"}]}"#;
    let run = completed(0, output);
    let mut unit = task();
    unit.spec.group.output = Output::Json {
        schema: raw(r#"{"type":"object","properties":{"ceo":{},"founded":{},"products":{},"motto":{}}}"#),
    };
    unit.spec.group.warnings = vec!["motto became required".to_owned()];
    (ended(unit, &[Some(run.clone())]), (r#"{"company":"Stripe"}"#, Some(run)), history())
}

/// A task that is under way and waits.
fn running() -> (Unit, Row, Vec<Told>) {
    let mut unit = task();
    unit.progress.waiting_for = Some("quota".to_owned());
    (unit, (r#""Why is the sky blue?""#, None), history())
}

/// A task whose run failed.
fn broken() -> (Unit, Row, Vec<Told>) {
    let run = failed(0, "the run met <b>no</b> source");
    let unit = ended(task(), &[Some(run.clone())]);
    (unit, (r#""Why is the sky blue?""#, Some(run)), history()[..2].to_vec())
}

fn compare(name: &str, (unit, row, told): (Unit, Row, Vec<Told>)) {
    let unit = Arc::new(unit);
    let stats = Stats::of(&told);
    let render = |format| {
        drive(task::view(format, unit.clone(), told.clone(), &Options::default()), std::slice::from_ref(&row))
    };
    let mut got: Vec<_> = Format::ALL.iter().map(|format| (format.suffix(), render(*format))).collect();
    let bare = Box::new(TaskJson::bare(unit.clone(), &stats));
    got.push(("resource.json", drive(bare, std::slice::from_ref(&row))));
    let text = |mut out: crate::Out| String::from_utf8(out.take().to_vec()).expect("text");
    let frames = (1..).zip(&told).map(|(n, told)| text(task::event(told, true, &format!("0.0.1.{n}"))));
    let name_of_last = if unit.status.is_terminal() { "complete" } else { "status" };
    let id = sse::Position::of(&unit).to_string();
    let last = text(task::status(&unit, &stats, Some(name_of_last), Some(&id)));
    got.push(("events", sse::opening() + &frames.collect::<String>() + &last));
    hold(name, &got);
}

#[test]
fn a_finished_task_looks_as_it_did() {
    compare("task", finished());
}

#[test]
fn a_task_under_way_looks_as_it_did() {
    compare("task_running", running());
}

#[test]
fn a_failed_task_looks_as_it_did() {
    compare("task_failed", broken());
}
