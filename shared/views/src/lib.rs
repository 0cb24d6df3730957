//! Renders a unit as JSON, Markdown, HTML, CSV, NDJSON and server-sent events.
//!
//! Pure, and piece by piece: a [`View`] is fed with the rows in input order, as often as it asks for, and leaves what it has
//! written in an [`Out`], which the caller empties as it likes. So memory stays flat whatever the size. Where rows come from and where
//! bytes go is the business of `results`. Invariants: JSON carries an output's content byte for byte; every other
//! view treats all data as hostile.

mod basis;
mod cell;
mod columns;
mod csv;
mod faults;
mod format;
mod head;
mod html;
mod json;
mod markdown;
mod ndjson;
mod object;
mod options;
mod out;
mod plain_stream;
mod row;
mod run;
pub mod sse;
pub mod task;
mod text;
pub mod timeline;
mod told;
mod words;

pub use format::Format;
pub use head::Head;
pub use html::{ICON, ROWS_MODULE, STYLE, content_security_policy};
pub use json::Json;
pub use options::{Options, Shape};
pub use out::Out;
pub use plain_stream::PlainStream;
pub use row::Row;
pub use run::RunDetail;
pub use told::Stats;

use std::sync::Arc;

use domain::Unit;
use domain::unit::Kind;

/// What the work of a unit is called where declarative tasks are named by their types.
#[must_use]
pub const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Task => "parallel.task",
        Kind::Group => "parallel.group",
    }
}

/// What a view wants to know of each row in one pass over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// The first row that is wanted; all after it are.
    pub from: u32,
    /// The rows' inputs.
    pub inputs: bool,
    /// The rows' runs.
    pub runs: bool,
}

/// A writer of one format.
///
/// The caller alternates: [`View::turn`], then each row of the pass in order, until `turn` answers that it is done.
pub trait View: Send {
    /// Begins the next pass, or ends the document: then nothing more is to come.
    fn turn(&mut self, out: &mut Out) -> Option<Pass>;
    /// Takes in one row of the present pass.
    fn row(&mut self, row: &Row<'_>, out: &mut Out);
}

/// The view of a unit in this format. For [`Format::Sse`] it is the end of a plain stream: the results, then `[DONE]`.
#[must_use]
pub fn view(format: Format, unit: Arc<Unit>, options: &Options) -> Box<dyn View> {
    match format {
        Format::Json => Box::new(Json::new(unit, options)),
        Format::Markdown => Box::new(markdown::Markdown::new(unit, options)),
        Format::Html => Box::new(html::Html::new(unit, options)),
        Format::Csv => Box::new(csv::Csv::new(unit, options)),
        Format::Ndjson => Box::new(ndjson::Ndjson::new(unit)),
        Format::Sse => Box::new(PlainStream::new(unit, options)),
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
