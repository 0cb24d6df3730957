//! NDJSON: a row to a line; blank lines are skipped.

use super::row::{Rows, WRITTEN_BYTES, row, too_long};

/// The line under way.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    too_long: bool,
}

impl Lines {
    pub(super) fn feed(&mut self, mut chunk: &[u8], rows: &mut Rows) {
        while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
            self.keep(&chunk[..end]);
            self.finish(rows);
            chunk = &chunk[end + 1..];
        }
        self.keep(chunk);
    }

    pub(super) fn finish(&mut self, rows: &mut Rows) {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.too_long) {
            rows.take(Err(too_long()));
        } else if !line.trim_ascii().is_empty() {
            rows.take(row(line.trim_ascii()));
        }
    }

    fn keep(&mut self, part: &[u8]) {
        self.too_long |= self.line.len() + part.len() > WRITTEN_BYTES;
        if !self.too_long {
            self.line.extend_from_slice(part);
        }
    }
}
