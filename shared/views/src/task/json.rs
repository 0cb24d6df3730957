//! The JSON of a task: the bare resource, or the task with its events.

use std::sync::Arc;

use domain::event::Told;
use domain::group::task_spec;
use domain::unit::{Kind, Unit};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::out::Out;
use crate::row::Row;
use crate::told::Stats;
use crate::{Pass, View, head, type_of};

/// A writer of a task's JSON. Outputs and what was told go through byte for byte.
#[derive(Debug)]
pub struct TaskJson {
    unit: Arc<Unit>,
    form: Form,
    percent: u32,
    seen: Seen,
    begun: bool,
}

#[derive(Debug)]
enum Form {
    /// The resource.
    Bare,
    /// The task, without its events.
    Task,
    /// The task and everything that was told of it.
    Whole(Vec<Told>),
}

/// What of the first row stands behind the result.
#[derive(Debug, Default)]
struct Seen {
    input: Option<Box<RawValue>>,
    run_id: Option<String>,
    error: Option<String>,
    attempts: u32,
}

/// What stands before the result.
#[derive(Serialize)]
struct Before<'a> {
    id: &'a str,
    #[serde(rename = "taskId")]
    task_id: &'a str,
    kind: &'static str,
    r#type: &'static str,
    status: &'static str,
    queue: &'static str,
    progress: u32,
}

/// What became of its row.
#[derive(Serialize)]
struct Outcome<'a> {
    error: Option<&'a str>,
    attempts: u32,
}

/// What stands behind it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Behind {
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    url: String,
}

/// What only the task has, and not the resource.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct More<'a> {
    processor: Option<&'a str>,
    input: Option<&'a RawValue>,
    task_spec: Value,
    run_id: Option<&'a str>,
    metadata: &'a serde_json::Map<String, Value>,
    waiting_for: Option<&'a str>,
    warnings: Vec<&'a str>,
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct Event<'a> {
    r#type: &'a str,
    data: &'a RawValue,
    timestamp: Option<Timestamp>,
}

impl TaskJson {
    fn new(unit: Arc<Unit>, form: Form, percent: u32) -> Self {
        Self { unit, form, percent, seen: Seen::default(), begun: false }
    }

    /// The resource, of a unit of which this was told last.
    #[must_use]
    pub fn bare(unit: Arc<Unit>, stats: &Stats) -> Self {
        let percent = stats.percent(&unit);
        Self::new(unit, Form::Bare, percent)
    }

    /// The task with everything that was told of it.
    #[must_use]
    pub fn whole(unit: Arc<Unit>, told: Vec<Told>) -> Self {
        let percent = Stats::of(&told).percent(&unit);
        Self::new(unit, Form::Whole(told), percent)
    }

    /// The task at its end, for those who were told everything as it came.
    #[must_use]
    pub fn task(unit: Arc<Unit>) -> Self {
        let percent = head::percent(&unit);
        Self::new(unit, Form::Task, percent)
    }

    fn before(&self, out: &mut Out) {
        if !matches!(self.form, Form::Bare) {
            out.text("{\"task\":");
        }
        open(out, &before(&self.unit, self.percent));
        out.text(",\"result\":");
        if self.unit.kind == Kind::Group {
            out.text("[");
        }
    }

    fn behind(&self, out: &mut Out) {
        let (unit, seen) = (&*self.unit, &self.seen);
        let failure = unit.progress.failure.as_ref().map(|failure| failure.message.as_str());
        out.text(if unit.kind == Kind::Group { "]" } else { "" });
        out.text(",");
        inner(out, &Outcome { error: seen.error.as_deref().or(failure), attempts: seen.attempts });
        out.text(",");
        inner(out, &behind(unit));
        if !matches!(self.form, Form::Bare) {
            out.text(",");
            inner(out, &more(unit, seen));
        }
        out.text("}");
        if let Form::Whole(told) = &self.form {
            out.text(",\"events\":[");
            for (at, told) in told.iter().enumerate() {
                out.text(if at > 0 { "," } else { "" });
                out.json(&Event { r#type: &told.kind, data: &told.data, timestamp: told.at });
            }
            out.text("]");
        }
        out.text(if matches!(self.form, Form::Bare) { "\n" } else { "}\n" });
    }
}

/// Where the task stands. Of its row it says nothing, not even that there is no result: a status is never told with less than is known.
pub(super) fn standing(unit: &Unit, percent: u32, out: &mut Out) {
    open(out, &before(unit, percent));
    out.text(",");
    inner(out, &behind(unit));
    out.text(",");
    inner(
        out,
        &serde_json::json!({ "waitingFor": waiting_for(unit), "processor": head::processor_name(unit) }),
    );
    out.text("}");
}

fn before(unit: &Unit, percent: u32) -> Before<'_> {
    Before {
        id: unit.id.as_str(),
        task_id: unit.id.as_str(),
        kind: unit.kind.word(),
        r#type: type_of(unit.kind),
        status: unit.status.word(),
        queue: "default",
        progress: percent,
    }
}

fn behind(unit: &Unit) -> Behind {
    Behind {
        created_at: unit.created_at,
        started_at: unit.started_at,
        completed_at: unit.completed_at,
        url: unit.url(),
    }
}

fn more<'a>(unit: &'a Unit, seen: &'a Seen) -> More<'a> {
    let group = &unit.spec.group;
    let schema = group.input_schema.as_deref().and_then(|schema| serde_json::from_str(schema.get()).ok());
    More {
        processor: head::processor_name(unit),
        input: seen.input.as_deref(),
        task_spec: task_spec(&group.output, None, schema.as_ref()),
        run_id: seen.run_id.as_deref(),
        metadata: &group.metadata,
        waiting_for: waiting_for(unit),
        warnings: head::warnings(unit).collect(),
        expires_at: unit.expires_at,
    }
}

fn waiting_for(unit: &Unit) -> Option<&str> {
    unit.progress.waiting_for.as_deref().filter(|_| !unit.status.is_terminal())
}

/// An object without its end.
fn open<T: Serialize>(out: &mut Out, object: &T) {
    out.text("{");
    inner(out, object);
}

/// The entries of an object.
fn inner<T: Serialize>(out: &mut Out, object: &T) {
    let json = crate::out::written(|out| out.json(object));
    out.text(json.strip_prefix('{').and_then(|json| json.strip_suffix('}')).unwrap_or_default());
}

impl View for TaskJson {
    fn turn(&mut self, out: &mut Out) -> Option<Pass> {
        if self.begun {
            if self.unit.kind == Kind::Task && self.unit.rows() == 0 {
                out.text("null");
            }
            self.behind(out);
            return None;
        }
        self.begun = true;
        self.before(out);
        let inputs = self.unit.kind == Kind::Task && !matches!(self.form, Form::Bare);
        Some(Pass { from: 0, inputs, runs: true })
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Out) {
        match self.unit.kind {
            Kind::Group => {
                out.text(if row.index > 0 { "," } else { "" });
                out.json(&row.output.content);
            }
            Kind::Task if row.index == 0 => {
                // The result is stored before the status that announces it, and is told with it.
                let output = self.unit.status.is_terminal().then(|| row.whole_output());
                out.json(&output.flatten());
                let bought = u32::from(row.run_id.is_some());
                self.seen = Seen {
                    input: row.input.map(ToOwned::to_owned),
                    run_id: row.run_id.map(str::to_owned),
                    error: row.error(&self.unit).map(|error| error.message.clone()),
                    attempts: row.run.map_or(bought, |run| run.attempt),
                };
            }
            // A row that was appended to a task is found among its runs.
            Kind::Task => {}
        }
    }
}
