//! A unit as one JSON document: the head, `results`, `runs`.
//!
//! Two passes, because `results` stands before `runs` and neither is held in memory. Contents go through byte for byte.

use std::sync::Arc;

use domain::Unit;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::columns::{Columns, INPUT, OUTPUT};
use crate::options::{Options, Shape};
use crate::out::{Out, written};
use crate::row::Row;
use crate::run::RunDetail;
use crate::{Head, Pass, View, object};

/// The JSON of a unit.
#[derive(Debug)]
pub struct Json {
    unit: Arc<Unit>,
    columns: Option<Columns>,
    stage: Stage,
    first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Columns,
    Results,
    Runs,
}

impl Json {
    /// A writer of this unit's JSON.
    #[must_use]
    pub fn new(unit: Arc<Unit>, options: &Options) -> Self {
        let columns = (options.shape == Shape::Rows).then(|| Columns::of(&unit, options));
        Self { unit, columns, stage: Stage::Begin, first: true }
    }

    fn results(&mut self, out: &mut Out) -> Pass {
        let head = written(|out| out.json(&Head::new(&self.unit)));
        out.text(head.strip_suffix('}').unwrap_or(&head));
        out.text(",\"results\":[");
        (self.stage, self.first) = (Stage::Results, true);
        Pass { inputs: self.columns.is_some(), runs: true }
    }
}

impl View for Json {
    fn turn(&mut self, out: &mut Out) -> Option<Pass> {
        match self.stage {
            Stage::Begin => {
                if let Some(pass) = self.columns.as_ref().and_then(|columns| columns.wanted(true)) {
                    self.stage = Stage::Columns;
                    return Some(pass);
                }
                Some(self.results(out))
            }
            Stage::Columns => {
                self.columns.iter_mut().for_each(Columns::settle);
                Some(self.results(out))
            }
            Stage::Results => {
                out.text("],\"runs\":[");
                (self.stage, self.first) = (Stage::Runs, true);
                Some(Pass { inputs: true, runs: true })
            }
            Stage::Runs => {
                out.text("]}\n");
                None
            }
        }
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Out) {
        if self.stage == Stage::Columns {
            self.columns.iter_mut().for_each(|columns| columns.add(row));
            return;
        }
        if !std::mem::take(&mut self.first) {
            out.text(",");
        }
        match (self.stage, &self.columns) {
            (Stage::Results, None) => out.json(&row.output().content),
            (Stage::Results, Some(columns)) => out.json(&Flat { row, columns }),
            _ => out.json(&RunDetail::new(row, &self.unit)),
        }
    }
}

/// A row with the fields of its input and output side by side; colliding names are prefixed.
struct Flat<'a> {
    row: &'a Row<'a>,
    columns: &'a Columns,
}

const OWN: [&str; 2] = ["$id", "$status"];

impl Serialize for Flat<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(OWN[0], &self.row.run_id)?;
        map.serialize_entry(OWN[1], self.row.status.word())?;
        if let Some(input) = self.row.input {
            match object::entries(input) {
                Some(entries) => {
                    for (name, value) in entries {
                        map.serialize_entry(self.columns.input_name(&name, &OWN).as_ref(), value)?;
                    }
                }
                None => map.serialize_entry(self.columns.input_name(INPUT, &OWN).as_ref(), input)?,
            }
        }
        let outputs = &self.columns.outputs;
        let cells = outputs.cells(self.row.output().content);
        for (name, value) in outputs.fields.iter().zip(&cells) {
            if let Some(value) = value {
                map.serialize_entry(self.columns.output_name(name, &OWN).as_ref(), value)?;
            }
        }
        if outputs.whole
            && let Some(Some(value)) = cells.last()
        {
            map.serialize_entry(OUTPUT, value)?;
        }
        map.end()
    }
}
