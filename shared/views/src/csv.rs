//! A unit's rows as CSV after RFC 4180: `#`, the input's fields, the output's fields, `status`, `error`, `confidence`.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers.

use std::sync::Arc;

use domain::Unit;

use crate::basis::{Confidence, Confidences};
use crate::columns::{Columns, INPUT, OUTPUT};
use crate::options::Options;
use crate::out::Out;
use crate::row::Row;
use crate::{Pass, View, cell, text};

const OWN: [&str; 4] = ["#", "status", "error", "confidence"];

#[derive(Debug)]
pub(crate) struct Csv {
    unit: Arc<Unit>,
    columns: Columns,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Columns,
    Rows,
}

impl Csv {
    pub(crate) fn new(unit: Arc<Unit>, options: &Options) -> Self {
        let columns = Columns::of(&unit, options);
        Self { unit, columns, stage: Stage::Begin }
    }

    fn header(&mut self, out: &mut Out) -> Pass {
        self.columns.settle();
        let Columns { inputs, outputs } = &self.columns;
        let mut line = Line::default();
        line.push(OWN[0]);
        for name in inputs.fields.iter().map(String::as_str).chain(inputs.whole.then_some(INPUT)) {
            line.push(&self.columns.input_name(name, &OWN));
        }
        for name in outputs.fields.iter().map(String::as_str).chain(outputs.whole.then_some(OUTPUT)) {
            line.push(&self.columns.output_name(name, &OWN));
        }
        OWN[1..].iter().for_each(|name| line.push(name));
        out.text(&line.end());
        self.stage = Stage::Rows;
        Pass { from: 0, inputs: true, runs: true }
    }
}

impl View for Csv {
    fn turn(&mut self, out: &mut Out) -> Option<Pass> {
        match (self.stage, self.columns.wanted(true)) {
            (Stage::Begin, Some(pass)) => {
                self.stage = Stage::Columns;
                Some(pass)
            }
            (Stage::Begin | Stage::Columns, _) => Some(self.header(out)),
            (Stage::Rows, _) => None,
        }
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Out) {
        if self.stage == Stage::Columns {
            self.columns.add(row);
            return;
        }
        let output = row.output;
        let mut line = Line::default();
        line.push(&(row.index + 1).to_string());
        let cells = self
            .columns
            .inputs
            .cells(row.input)
            .into_iter()
            .chain(self.columns.outputs.cells(output.content));
        for value in cells {
            line.push(&value.map(cell::text).unwrap_or_default());
        }
        line.push(row.status.word());
        line.push(row.error(&self.unit).as_ref().map_or("", |error| &error.message));
        line.push(Confidences::read(output.basis).overall.map_or("", Confidence::word));
        out.text(&line.end());
    }
}

/// One record in the making.
#[derive(Default)]
struct Line(String);

impl Line {
    fn push(&mut self, value: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        let value = text::visible(value);
        let quoted = value.is_empty() && self.0.is_empty() || value.contains([',', '"', '\n', '\t']);
        if quoted {
            self.0.push('"');
        }
        if is_formula(&value) {
            self.0.push('\'');
        }
        for c in value.chars() {
            if c == '"' {
                self.0.push('"');
            }
            self.0.push(c);
        }
        if quoted {
            self.0.push('"');
        }
    }

    fn end(mut self) -> String {
        self.0.push_str("\r\n");
        self.0
    }
}

/// Whether a spreadsheet would compute the cell instead of showing it. A plain number is none, whatever its sign.
fn is_formula(value: &str) -> bool {
    value.starts_with(['=', '+', '-', '@', '\t', '\n']) && !is_number(value)
}

fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    digits.starts_with(|c: char| c.is_ascii_digit()) && digits.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_disarmed_and_numbers_are_not() {
        for formula in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\n=1", "-inf", "+infinity"]
        {
            assert!(is_formula(formula), "{formula:?}");
        }
        for harmless in ["-1", "+1.5", "-1e9", "1", "a=b", "", "2024-01-01"] {
            assert!(!is_formula(harmless), "{harmless:?}");
        }
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let mut line = Line::default();
        for cell in ["1", "a,b", "say \"hi\"", "two\r\nlines", "=x"] {
            line.push(cell);
        }
        assert_eq!(line.end(), "1,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",'=x\r\n");
    }
}
