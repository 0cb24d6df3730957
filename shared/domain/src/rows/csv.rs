//! CSV: the first row names the columns, every other becomes an object of strings.
//!
//! Strict where leniency would buy nonsense: a row with other columns than the header, a column named twice, and a quote that
//! never closes are faults. Rows in which every cell is empty are skipped.

use csv_core::{ReadRecordResult, Reader};

use super::Fault;
use super::row::{Rows, WRITTEN_BYTES, row, too_long};
use crate::limits::COLUMNS;

/// The record under way, and the header once it was read.
#[derive(Debug)]
pub(super) struct Csv {
    reader: Reader,
    record: Vec<u8>,
    length: usize,
    ends: Vec<usize>,
    cells: usize,
    header: Option<Vec<String>>,
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            reader: Reader::new(),
            record: vec![0; 1_024],
            length: 0,
            ends: vec![0; COLUMNS + 1],
            cells: 0,
            header: None,
        }
    }
}

impl Csv {
    pub(super) fn feed(&mut self, mut chunk: &[u8], rows: &mut Rows) -> Result<(), Fault> {
        // an empty chunk would mean the end to the reader
        while !chunk.is_empty() {
            let (result, read, written, ended) =
                self.reader.read_record(chunk, &mut self.record[self.length..], &mut self.ends[self.cells..]);
            chunk = &chunk[read..];
            self.length += written;
            self.cells += ended;
            match result {
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
                ReadRecordResult::OutputFull if self.record.len() >= WRITTEN_BYTES => {
                    return Err(self.broken(rows, &format!("{} (is a quote not closed?)", too_long())));
                }
                ReadRecordResult::OutputFull => self.record.resize(self.record.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => {
                    return Err(self.broken(rows, &format!("has more than {COLUMNS} columns")));
                }
                ReadRecordResult::Record => self.complete(rows)?,
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, rows: &mut Rows) -> Result<(), Fault> {
        // a last line needs no end of its own; within quotes a line end is text, and ends nothing
        self.feed(b"\n", rows)?;
        if self.length > 0 || self.cells > 0 {
            return Err(self.broken(rows, "has a quote that is not closed"));
        }
        if self.header.is_none() {
            return Err(Fault::of_list("the list is empty"));
        }
        Ok(())
    }

    fn complete(&mut self, rows: &mut Rows) -> Result<(), Fault> {
        let cells = cells(&self.record[..self.length], &self.ends[..self.cells]);
        (self.length, self.cells) = (0, 0);
        let Some(header) = &self.header else {
            self.header = Some(header(&cells)?);
            return Ok(());
        };
        if cells.iter().any(|cell| !cell.trim_ascii().is_empty()) {
            rows.take(object(header, &cells));
        }
        Ok(())
    }

    fn broken(&self, rows: &Rows, message: &str) -> Fault {
        if self.header.is_some() {
            Fault { row: Some(rows.next()), message: message.to_owned() }
        } else {
            Fault::of_list(format!("the header {message}"))
        }
    }
}

fn cells<'a>(record: &'a [u8], ends: &[usize]) -> Vec<&'a [u8]> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends).map(|(start, end)| &record[start..*end]).collect()
}

/// The names of the columns, each as a JSON string.
fn header(cells: &[&[u8]]) -> Result<Vec<String>, Fault> {
    // The reader's room ends one past the limit, so a header of just that width arrives here.
    if cells.len() > COLUMNS {
        return Err(Fault::of_list(format!("the header has more than {COLUMNS} columns")));
    }
    let mut names: Vec<String> = Vec::with_capacity(cells.len());
    for (at, cell) in cells.iter().enumerate() {
        let name = std::str::from_utf8(cell).map_err(|_| Fault::of_list("the header is not UTF-8"))?.trim();
        if name.is_empty() {
            return Err(Fault::of_list(format!("column {} of the header has no name", at + 1)));
        }
        if cells.len() == 1 && name.contains([';', '\t']) {
            return Err(Fault::of_list("the columns must be separated by commas"));
        }
        let name = serde_json::Value::from(name).to_string();
        if names.contains(&name) {
            return Err(Fault::of_list(format!("the header names the column {name} twice")));
        }
        names.push(name);
    }
    Ok(names)
}

fn object(header: &[String], cells: &[&[u8]]) -> Result<crate::input::Input, String> {
    if cells.len() != header.len() {
        return Err(format!("has {} columns, but the header has {}", cells.len(), header.len()));
    }
    let mut json = String::from("{");
    for (name, cell) in header.iter().zip(cells) {
        let cell = std::str::from_utf8(cell).map_err(|_| "is not UTF-8".to_owned())?;
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(name);
        json.push(':');
        json.push_str(&serde_json::Value::from(cell).to_string());
    }
    json.push('}');
    row(json.as_bytes())
}
