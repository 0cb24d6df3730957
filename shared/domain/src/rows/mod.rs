//! Rows out of bytes: JSON arrays, NDJSON and CSV, parsed as they come, in chunks cut anywhere.
//!
//! [`Parser`] stops at the first fault, as a runner does with a list that streams in; [`read_all`] finds every fault, as an
//! answer to a request wants it. Both keep one row in memory at most besides those they give. Invariants: how the
//! bytes are cut changes nothing; every row given is a JSON object or string that parses, on one line, of at most
//! [`crate::limits::ROW_BYTES`].

mod csv;
mod form;
mod json;
mod lines;
mod row;

pub use form::Form;

use crate::fault;
use crate::input::Input;
use row::Rows;

/// What is wrong with a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The row, counted from 0; none where the list as a whole is wrong.
    pub row: Option<u32>,
    /// For people: what is wrong with it.
    pub message: String,
}

impl Fault {
    fn of_list(message: impl Into<String>) -> Self {
        Self { row: None, message: message.into() }
    }

    /// The same as a fault of a request whose list stands at `pointer`.
    #[must_use]
    pub fn under(&self, pointer: &str) -> fault::Fault {
        let pointer = self.row.map_or_else(|| pointer.to_owned(), |row| format!("{pointer}/{row}"));
        fault::Fault::new(pointer, &*self.message)
    }
}

impl std::fmt::Display for Fault {
    /// Rows are counted from 1 here, for people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.row {
            Some(row) => write!(f, "row {}: {}", row + 1, self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Fault {}

/// Takes a list in chunks and gives its rows in order.
#[derive(Debug)]
pub struct Parser {
    state: State,
    rows: Rows,
}

#[derive(Debug)]
enum State {
    /// Nothing but white space, or part of a byte order mark, so far.
    Begin {
        form: Form,
        seen: Vec<u8>,
    },
    Json(json::Json),
    Lines(lines::Lines),
    Csv(Box<csv::Csv>),
}

impl Parser {
    /// A parser for a list of this form.
    #[must_use]
    pub fn new(form: Form) -> Self {
        Self { state: State::Begin { form, seen: Vec::new() }, rows: Rows::default() }
    }

    /// The rows that end within this chunk, or the first thing that is wrong. After a fault the list is of no use.
    pub fn push(&mut self, chunk: &[u8]) -> Result<Vec<Input>, Fault> {
        let fed = self.feed(chunk);
        self.first_fault_or_rows(fed)
    }

    /// The rows that the list's end completes, or what is wrong with it, such as being cut off.
    pub fn finish(mut self) -> Result<Vec<Input>, Fault> {
        let ended = self.end();
        self.first_fault_or_rows(ended)
    }

    /// A bad row stands before whatever stopped the parser behind it, also where both came in one chunk.
    fn first_fault_or_rows(&mut self, read: Result<(), Fault>) -> Result<Vec<Input>, Fault> {
        let rows = self.rows.taken()?;
        read.map(|()| rows)
    }

    fn feed(&mut self, chunk: &[u8]) -> Result<(), Fault> {
        if let State::Begin { form, seen } = &mut self.state {
            seen.extend_from_slice(chunk);
            let Some((form, skip)) = form.settled(seen, false)? else { return Ok(()) };
            let seen = std::mem::take(seen);
            self.state = State::of(form);
            return self.state.feed(&seen[skip..], &mut self.rows);
        }
        self.state.feed(chunk, &mut self.rows)
    }

    fn end(&mut self) -> Result<(), Fault> {
        if let State::Begin { form, seen } = &mut self.state {
            let Some((form, skip)) = form.settled(seen, true)? else {
                return Err(Fault::of_list("the list is empty"));
            };
            let seen = std::mem::take(seen);
            self.state = State::of(form);
            self.state.feed(&seen[skip..], &mut self.rows)?;
        }
        match &mut self.state {
            State::Begin { .. } => Ok(()),
            State::Json(json) => json.finish(&self.rows),
            State::Lines(lines) => {
                lines.finish(&mut self.rows);
                Ok(())
            }
            State::Csv(csv) => csv.finish(&mut self.rows),
        }
    }
}

impl State {
    fn of(form: Form) -> Self {
        match form {
            Form::Json => Self::Json(json::Json::default()),
            Form::Ndjson => Self::Lines(lines::Lines::default()),
            Form::Csv | Form::Unknown => Self::Csv(Box::default()),
        }
    }

    fn feed(&mut self, chunk: &[u8], rows: &mut Rows) -> Result<(), Fault> {
        match self {
            Self::Begin { .. } => Ok(()),
            Self::Json(json) => json.feed(chunk, rows),
            Self::Lines(lines) => {
                lines.feed(chunk, rows);
                Ok(())
            }
            Self::Csv(csv) => csv.feed(chunk, rows),
        }
    }
}

/// All rows of a whole list, or everything that is wrong with it: a fault for each bad row, [`fault::TOLD`] at most.
pub fn read_all(form: Form, list: &[u8]) -> Result<Vec<Input>, Vec<Fault>> {
    let mut parser = Parser::new(form);
    let read = parser.feed(list).and_then(|()| parser.end());
    let (rows, mut faults) = parser.rows.into_parts();
    faults.extend(read.err());
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

#[cfg(test)]
mod tests;
