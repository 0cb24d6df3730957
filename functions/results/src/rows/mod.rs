//! The rows of a unit in order: inputs, runs, and what purchases and flushes say, read page by page and put together.
//!
//! Everything is read strongly consistent, since the unit and its runs lie in different partitions: what a unit announces is found.
//! Invariant: at any time a page of inputs and a page of runs are in memory, whatever the size of the unit.

mod standing;

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use domain::input::{Input, PAGE_ROWS};
use domain::run::{Run, RunStatus};
use domain::unit::{Status, Unit};
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use store::{Error, Store};
use tokio::sync::OnceCell;
use views::{Pass, Row};

use standing::{Standing, says_all};

/// Pages of inputs read ahead.
const AHEAD: usize = 2;

/// The rows of a unit as they stood when it was read.
#[derive(Debug)]
pub(crate) struct Rows {
    store: Store,
    unit: Arc<Unit>,
    /// Read when the first row needs it: a completed unit never does.
    standing: OnceCell<Standing>,
}

/// One row, with what the pass asked for.
#[derive(Debug)]
pub(crate) struct Found {
    index: u32,
    input: Option<Input>,
    run: Option<Run>,
    run_id: Option<String>,
    status: RunStatus,
}

impl Found {
    pub(crate) const fn status(&self) -> RunStatus {
        self.status
    }

    pub(crate) const fn index(&self) -> u32 {
        self.index
    }

    /// The row as views take it.
    pub(crate) fn row(&self) -> Row<'_> {
        let (input, run) = (self.input.as_deref(), self.run.as_ref());
        Row::new(self.index, input, run, self.run_id.as_deref(), self.status)
    }
}

type Pages<'a> = Pin<Box<dyn Stream<Item = store::Result<(u32, Vec<Input>)>> + Send + 'a>>;
type Runs<'a> = Pin<Box<dyn Stream<Item = store::Result<Run>> + Send + 'a>>;

/// A walk over rows; see [`Rows::walk`].
pub(crate) struct Walk<'a> {
    rows: &'a Rows,
    left: Range<u32>,
    inputs: Option<Pages<'a>>,
    page: (u32, Vec<Input>),
    runs: Option<Runs<'a>>,
    /// The next run, read but belonging to a later row.
    ahead: Option<Run>,
}

impl Rows {
    pub(crate) fn new(store: &Store, unit: &Arc<Unit>) -> Self {
        Self { store: store.clone(), unit: unit.clone(), standing: OnceCell::new() }
    }

    /// All rows.
    pub(crate) fn all(&self) -> Range<u32> {
        0..self.unit.rows()
    }

    /// A walk over those of these rows that the pass wants, in order. Reads as it goes.
    pub(crate) fn walk(&self, indexes: Range<u32>, pass: Pass) -> Walk<'_> {
        let indexes = indexes.start.max(pass.from)..indexes.end;
        Walk {
            rows: self,
            inputs: pass.inputs.then(|| self.pages(&indexes)),
            page: (0, Vec::new()),
            runs: pass.runs.then(|| Box::pin(self.store.runs(&self.unit.id, indexes.clone())) as Runs<'_>),
            ahead: None,
            left: indexes,
        }
    }

    /// The pages of inputs that hold these rows, each with the index of its first row.
    fn pages(&self, indexes: &Range<u32>) -> Pages<'_> {
        let mut wanted = Vec::new();
        let mut first = 0;
        for (source, rows) in self.unit.sources() {
            let pages = (0..rows.div_ceil(PAGE_ROWS)).map(|page| (first + page * PAGE_ROWS, source, page));
            let end = first + rows;
            wanted.extend(
                pages.filter(|(at, ..)| *at < indexes.end && (at + PAGE_ROWS).min(end) > indexes.start),
            );
            first = end;
        }
        let unit = &self.unit;
        let read = move |(first, source, page): (u32, &str, u32)| {
            let source = source.to_owned();
            async move {
                let rows = self.store.input_page(&unit.id, &source, page).await?;
                rows.map(|rows| (first, rows)).ok_or_else(|| Error::Corrupt {
                    item: format!("{} {source} {page}", unit.id),
                    reason: "a page of inputs is missing".to_owned(),
                })
            }
        };
        Box::pin(stream::iter(wanted).map(read).buffered(AHEAD))
    }

    async fn standing(&self) -> store::Result<&Standing> {
        self.standing.get_or_try_init(|| Standing::read(&self.store, &self.unit)).await
    }
}

impl Walk<'_> {
    /// The next row; none behind the last.
    pub(crate) async fn next(&mut self) -> store::Result<Option<Found>> {
        let Some(index) = self.left.next() else { return Ok(None) };
        let input = self.input(index).await?;
        if self.runs.is_none() {
            return Ok(Some(Found { index, input, run: None, run_id: None, status: RunStatus::Pending }));
        }
        let run = self.run_told(index).await?;
        let (status, run_id) = if says_all(run.as_ref()) {
            (
                run.as_ref().map_or(RunStatus::Pending, |run| run.status),
                run.as_ref().and_then(|run| run.run_id.clone()),
            )
        } else {
            let standing = self.rows.standing().await?;
            let run = run.as_ref();
            (standing.status(&self.rows.unit, index, run), standing.run_id(index, run).map(str::to_owned))
        };
        Ok(Some(Found { index, input, run, run_id, status }))
    }

    /// The run of the row, if what it says was told. A cancel comes between a result and the flush that would have told of it: such a
    /// result came too late, and the counts do not know it.
    async fn run_told(&mut self, index: u32) -> store::Result<Option<Run>> {
        let run = self.run(index).await?;
        if run.is_none() || self.rows.unit.status != Status::Cancelled {
            return Ok(run);
        }
        let standing = self.rows.standing().await?;
        Ok(run.filter(|run| !run.status.is_terminal() || standing.has_told_the_end(index)))
    }

    async fn input(&mut self, index: u32) -> store::Result<Option<Input>> {
        let Some(pages) = &mut self.inputs else { return Ok(None) };
        loop {
            let (first, rows) = &self.page;
            if let Some(input) = index.checked_sub(*first).and_then(|slot| rows.get(slot as usize)) {
                return Ok(Some(input.clone()));
            }
            match pages.try_next().await? {
                Some(page) => self.page = page,
                None => return Ok(None),
            }
        }
    }

    async fn run(&mut self, index: u32) -> store::Result<Option<Run>> {
        let Some(runs) = &mut self.runs else { return Ok(None) };
        if self.ahead.is_none() {
            self.ahead = runs.try_next().await?;
        }
        Ok(self.ahead.take_if(|run| run.index == index))
    }
}
