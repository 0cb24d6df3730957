//! A unit as a page: readable without JavaScript, live with it, streamed row by row.
//!
//! All data is escaped or laid out by [`value`]; the page carries its JSON as data up to [`EMBEDDED_BYTES`], else the address of it.
//! Invariant: nothing on the page comes from elsewhere, and only its own script runs (see [`content_security_policy`]).

mod assets;
mod page;
pub(crate) mod shell;
mod sources;
pub(crate) mod tools;
mod value;

#[cfg(test)]
pub(crate) use assets::SCRIPT;
pub use assets::{ICON, ROWS_MODULE, STYLE, content_security_policy};
pub(crate) use assets::{TASK_SCRIPT, TASK_STYLE, UNIT_STYLE};
pub(crate) use sources::cell;
pub(crate) use value::value;

use std::sync::Arc;

use domain::run::RunStatus;
use domain::unit::Unit;
use jiff::Timestamp;
use maud::html;

use crate::basis::{self, Confidences};
use crate::columns::Columns;
use crate::faults::Faults;
use crate::options::Options;
use crate::out::{Out, written};
use crate::row::Row;
use crate::run::RunDetail;
use crate::{Head, Pass, View, text, words};

/// The JSON that a page carries at most.
const EMBEDDED_BYTES: usize = 1_000_000;
/// From so many rows on they are laid out only where they are looked at, and their sources are fetched when they are asked for.
const MANY: u32 = 500;
/// Rows that are laid out together then.
const TOGETHER: u32 = 100;

#[derive(Debug)]
pub(crate) struct Html {
    unit: Arc<Unit>,
    columns: Columns,
    stage: Stage,
    faults: Faults,
    embedded: Option<Embedded>,
    now: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Columns,
    Rows,
}

/// The two lists of the JSON in the making, already safe in a `script`.
#[derive(Debug, Default)]
struct Embedded {
    results: String,
    runs: String,
}

impl Html {
    pub(crate) fn new(unit: Arc<Unit>, options: &Options) -> Self {
        let columns = Columns::of(&unit, options);
        let embedded = Some(Embedded::default());
        Self { unit, columns, stage: Stage::Begin, faults: Faults::default(), embedded, now: options.now }
    }

    fn begin(&mut self, out: &mut Out) -> Pass {
        self.columns.settle();
        out.text(&page::begin(&self.unit, &self.columns, self.now, self.are_many()));
        self.stage = Stage::Rows;
        Pass { from: 0, inputs: true, runs: true }
    }

    fn are_many(&self) -> bool {
        self.unit.rows() >= MANY
    }

    fn embed(&mut self, row: &Row<'_>) {
        let Some(embedded) = &mut self.embedded else { return };
        let add = |list: &mut String, json: String| {
            if !list.is_empty() {
                list.push(',');
            }
            list.push_str(&text::script(&json));
        };
        add(&mut embedded.results, written(|out| out.json(&row.output.content)));
        add(&mut embedded.runs, written(|out| out.json(&RunDetail::new(row, &self.unit))));
        if embedded.results.len() + embedded.runs.len() > EMBEDDED_BYTES {
            self.embedded = None;
        }
    }

    fn end(&mut self, out: &mut Out) {
        out.text(&page::foot(&self.columns, &self.faults));
        out.text("<script type=\"application/json\" id=\"resultData\">");
        if let Some(Embedded { results, runs }) = self.embedded.take() {
            let head = written(|out| out.json(&Head::new(&self.unit)));
            let head = text::script(&head);
            out.text(head.strip_suffix('}').unwrap_or(&head));
            out.text(&format!(",\"results\":[{results}],\"runs\":[{runs}]}}"));
        } else {
            let address =
                written(|out| out.json(&serde_json::json!({ "url": format!("{}.json", self.unit.url()) })));
            out.text(&text::script(&address));
        }
        out.text("</script>");
        out.text(&page::script());
        out.text(page::END);
    }
}

impl View for Html {
    fn turn(&mut self, out: &mut Out) -> Option<Pass> {
        match (self.stage, self.columns.wanted(true)) {
            (Stage::Begin, Some(pass)) => {
                self.stage = Stage::Columns;
                Some(pass)
            }
            (Stage::Begin | Stage::Columns, _) => Some(self.begin(out)),
            (Stage::Rows, _) => {
                self.end(out);
                None
            }
        }
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Out) {
        if self.stage == Stage::Columns {
            self.columns.add(row);
            return;
        }
        let error = row.error(&self.unit);
        if let Some(error) = &error {
            self.faults.add(row.index, error);
        }
        let output = row.output;
        let basis = basis::read(output.basis);
        let confidences = Confidences::of(&basis);
        let of_field = |at: usize| confidences.fields.get(self.columns.outputs.fields.get(at)?).copied();
        // what is no table any more to a browser's layout stays one to who hears it
        let many = self.are_many();
        let role = |role: &'static str| many.then_some(role);
        let markup = html! {
            tr id={ "r" (row.index) } role=[role("row")] {
                th.n scope="row" role=[role("rowheader")] { (row.index + 1) }
                td role=[role("cell")] {
                    span.pill data-status=(row.status.word()) { (words::of_run(row.status)) }
                    @if let Some(error) = &error { div.reason { (text::visible(&error.message)) } }
                    @if row.status == RunStatus::Completed && row.run.is_some_and(|run| run.cached) { div.null { "from the cache" } }
                }
                @for cell in self.columns.inputs.cells(row.input) {
                    td.in role=[role("cell")] { @if let Some(cell) = cell { (value::value(cell, None)) } }
                }
                @for (at, cell) in self.columns.outputs.cells(output.content).into_iter().enumerate() {
                    td role=[role("cell")] { @if let Some(cell) = cell { (value::value(cell, of_field(at).map(sources::dot))) } }
                }
                td.c role=[role("cell")] {
                    @if many { (sources::link(&confidences, &basis, &self.unit.id, row.index)) } @else { (sources::cell(&confidences, &basis)) }
                }
            }
        };
        if many && row.index > 0 && row.index.is_multiple_of(TOGETHER) {
            out.text("</tbody><tbody role=\"rowgroup\">");
        }
        out.text(&markup.0);
        self.embed(row);
    }
}
