//! A unit as one JSON document: the head, `runs`, `results`.
//!
//! `results` stands last, because it is written on the side while `runs` goes out, and so needs no pass of its own: only what does not fit into
//! [`KEPT_BYTES`] is read a second time. Contents go through byte for byte.

use std::sync::Arc;

use domain::Unit;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::columns::{Columns, INPUT, OUTPUT};
use crate::options::{Options, Shape};
use crate::out::{Out, written};
use crate::row::Row;
use crate::run::RunDetail;
use crate::{Head, Pass, View, object};

/// Bytes of `results` that are kept while `runs` is written.
const KEPT_BYTES: usize = 4 * 1_024 * 1_024;

/// The JSON of a unit.
#[derive(Debug)]
pub struct Json {
    unit: Arc<Unit>,
    columns: Option<Columns>,
    basis: Option<Basis>,
    stage: Stage,
    /// The first elements of `results`.
    kept: Out,
    /// How many they are.
    count: u32,
    /// Whether a result was left out for want of room.
    full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Columns,
    Runs,
    Results,
}

impl Json {
    /// A writer of this unit's JSON.
    #[must_use]
    pub fn new(unit: Arc<Unit>, options: &Options) -> Self {
        let columns = (options.shape == Shape::Rows).then(|| Columns::of(&unit, options));
        let basis = options.basis.then(|| Basis { fields: options.fields.clone() });
        Self { unit, columns, basis, stage: Stage::Begin, kept: Out::default(), count: 0, full: false }
    }

    fn runs(&mut self, out: &mut Out) -> Pass {
        let head = written(|out| out.json(&Head::new(&self.unit)));
        out.text(head.strip_suffix('}').unwrap_or(&head));
        out.text(",\"runs\":[");
        self.stage = Stage::Runs;
        Pass { from: 0, inputs: true, runs: true }
    }

    fn results(&mut self, out: &mut Out) -> Option<Pass> {
        out.text("],\"results\":[");
        out.append(&mut self.kept);
        self.stage = Stage::Results;
        if self.full {
            return Some(Pass { from: self.count, inputs: self.columns.is_some(), runs: true });
        }
        self.turn(out)
    }

    fn result(&self, row: &Row<'_>, out: &mut Out) {
        if row.index > 0 {
            out.text(",");
        }
        match &self.columns {
            None => out.json(&row.output.content),
            Some(columns) => out.json(&Flat { row, columns, basis: self.basis.as_ref() }),
        }
    }

    /// Keeps a row's result for later, as long as there is room and none was left out.
    fn keep(&mut self, row: &Row<'_>) {
        let size = row.output.content.map_or(0, |content| content.get().len());
        self.full |= self.kept.len() + size > KEPT_BYTES;
        if !self.full {
            let mut kept = std::mem::take(&mut self.kept);
            self.result(row, &mut kept);
            self.kept = kept;
            self.count += 1;
        }
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
                Some(self.runs(out))
            }
            Stage::Columns => {
                self.columns.iter_mut().for_each(Columns::settle);
                Some(self.runs(out))
            }
            Stage::Runs => self.results(out),
            Stage::Results => {
                out.text("]}\n");
                None
            }
        }
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Out) {
        match self.stage {
            Stage::Columns => self.columns.iter_mut().for_each(|columns| columns.add(row)),
            Stage::Results => self.result(row, out),
            Stage::Begin | Stage::Runs => {
                if row.index > 0 {
                    out.text(",");
                }
                out.json(&RunDetail::new(row, &self.unit));
                self.keep(row);
            }
        }
    }
}

/// A row with the fields of its input and output side by side; colliding names are prefixed.
struct Flat<'a> {
    row: &'a Row<'a>,
    columns: &'a Columns,
    basis: Option<&'a Basis>,
}

const OWN: [&str; 3] = ["$id", "$status", "$basis"];

/// The basis of flat rows: of these fields and what lies below them, else of all.
#[derive(Debug)]
struct Basis {
    fields: Option<Vec<String>>,
}

impl Basis {
    /// The entries of a row's basis that are wanted, byte for byte.
    fn entries<'a>(&self, row: &Row<'a>) -> Vec<&'a RawValue> {
        let mut entries = row.output.basis.and_then(object::elements).unwrap_or_default();
        if let Some(fields) = &self.fields {
            let is_of = |field: &str, of: &String| {
                field
                    .strip_prefix(of.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            entries.retain(|entry| {
                let names = object::entries(entry).unwrap_or_default();
                let field = names.iter().find(|(name, _)| name == "field");
                let field = field.and_then(|(_, value)| serde_json::from_str::<String>(value.get()).ok());
                field.is_some_and(|field| fields.iter().any(|of| is_of(&field, of)))
            });
        }
        entries
    }
}

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
        let cells = outputs.cells(self.row.output.content);
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
        if let Some(basis) = self.basis {
            map.serialize_entry(OWN[2], &basis.entries(self.row))?;
        }
        map.end()
    }
}
