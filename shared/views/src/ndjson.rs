//! A unit's runs as NDJSON: a line each, the same as an element of `runs`.

use std::sync::Arc;

use domain::Unit;

use crate::out::{Out, written};
use crate::row::Row;
use crate::run::RunDetail;
use crate::text::one_line;
use crate::{Pass, View};

#[derive(Debug)]
pub(crate) struct Ndjson {
    unit: Arc<Unit>,
    begun: bool,
}

impl Ndjson {
    pub(crate) const fn new(unit: Arc<Unit>) -> Self {
        Self { unit, begun: false }
    }
}

impl View for Ndjson {
    fn turn(&mut self, _: &mut Out) -> Option<Pass> {
        (!std::mem::replace(&mut self.begun, true)).then_some(Pass { from: 0, inputs: true, runs: true })
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Out) {
        let line = written(|out| out.json(&RunDetail::new(row, &self.unit)));
        out.text(&one_line(&line));
        out.text("\n");
    }
}
