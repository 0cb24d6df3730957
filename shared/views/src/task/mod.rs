//! A unit as one task: its JSON, and the Markdown and the page of a task, with what the upstream told of its run.
//!
//! Any unit has the JSON of a task; the `result` of a group is the list of its outputs' contents.

mod frames;
mod json;
mod markdown;
mod page;
mod pretty;
mod prose;
mod result;

pub use frames::{event, status};
pub use json::TaskJson;

use std::sync::Arc;

use domain::event::Told;
use domain::unit::Unit;

use crate::{Format, Options, PlainStream, View};

/// The view of a task in this format, with everything that was told of its run.
///
/// Formats that are tables are those of a group of one; for [`Format::Sse`] it is the end of a plain stream.
#[must_use]
pub fn view(format: Format, unit: Arc<Unit>, told: Vec<Told>, options: &Options) -> Box<dyn View> {
    match format {
        Format::Json => Box::new(TaskJson::whole(unit, told)),
        Format::Markdown => Box::new(markdown::Markdown::new(unit, told)),
        Format::Html => Box::new(page::Page::new(unit, told, options.now)),
        Format::Sse => Box::new(PlainStream::of_task(unit)),
        Format::Csv | Format::Ndjson => crate::view(format, unit, options),
    }
}
