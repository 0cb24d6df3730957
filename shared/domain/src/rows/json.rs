//! A JSON array, element by element: finds where each ends and leaves what is within to a real parser.

use super::Fault;
use super::row::{Rows, WRITTEN_BYTES, row, too_long};

/// Where in the array the next byte stands.
#[derive(Debug, Default)]
pub(super) struct Json {
    at: At,
    element: Vec<u8>,
    too_long: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the opening bracket.
    #[default]
    Start,
    /// Behind the opening bracket: an element or the end.
    First,
    /// Behind a comma: an element.
    Next,
    /// In an object or array, `depth` brackets deep.
    Nested { depth: u32 },
    /// In a string, `depth` brackets deep; 0 is an element that is a string.
    Text { depth: u32, escaped: bool },
    /// In a number or word.
    Word,
    /// Behind an element.
    After,
    /// Behind the closing bracket.
    End,
}

impl Json {
    pub(super) fn feed(&mut self, chunk: &[u8], rows: &mut Rows) -> Result<(), Fault> {
        for &byte in chunk {
            self.step(byte, rows)?;
        }
        Ok(())
    }

    pub(super) fn finish(&self, rows: &Rows) -> Result<(), Fault> {
        match self.at {
            At::End => Ok(()),
            _ => Err(self.broken(rows, "the list ends in the middle: it may have been cut off")),
        }
    }

    fn step(&mut self, byte: u8, rows: &mut Rows) -> Result<(), Fault> {
        match self.at {
            At::Start => match byte {
                b'[' => self.at = At::First,
                _ if byte.is_ascii_whitespace() => {}
                _ => {
                    return Err(Fault::of_list(
                        "a JSON list must be an array (objects line by line are NDJSON)",
                    ));
                }
            },
            At::First | At::Next => match byte {
                b']' if self.at == At::First => self.at = At::End,
                b']' | b',' => return Err(self.broken(rows, "a comma without a row behind it")),
                _ if byte.is_ascii_whitespace() => {}
                _ => self.begin(byte),
            },
            At::Nested { depth } => {
                self.keep(byte);
                match byte {
                    b'"' => self.at = At::Text { depth, escaped: false },
                    b'{' | b'[' => self.at = At::Nested { depth: depth.saturating_add(1) },
                    b'}' | b']' if depth > 1 => self.at = At::Nested { depth: depth - 1 },
                    b'}' | b']' => self.complete(rows),
                    _ => {}
                }
            }
            At::Text { depth, escaped } => {
                self.keep(byte);
                self.at = match byte {
                    b'"' if !escaped && depth == 0 => {
                        self.complete(rows);
                        return Ok(());
                    }
                    b'"' if !escaped => At::Nested { depth },
                    _ => At::Text { depth, escaped: byte == b'\\' && !escaped },
                };
            }
            At::Word => {
                if byte == b',' || byte == b']' || byte.is_ascii_whitespace() {
                    self.complete(rows);
                    return self.step(byte, rows);
                }
                self.keep(byte);
            }
            At::After => match byte {
                b',' => self.at = At::Next,
                b']' => self.at = At::End,
                _ if byte.is_ascii_whitespace() => {}
                _ => return Err(self.broken(rows, "there must be a comma before it")),
            },
            At::End if byte.is_ascii_whitespace() => {}
            At::End => return Err(Fault::of_list("there is something behind the list's end")),
        }
        Ok(())
    }

    fn begin(&mut self, byte: u8) {
        self.keep(byte);
        self.at = match byte {
            b'{' | b'[' => At::Nested { depth: 1 },
            b'"' => At::Text { depth: 0, escaped: false },
            _ => At::Word,
        };
    }

    fn keep(&mut self, byte: u8) {
        self.too_long |= self.element.len() >= WRITTEN_BYTES;
        if !self.too_long {
            self.element.push(byte);
        }
    }

    fn complete(&mut self, rows: &mut Rows) {
        rows.take(if self.too_long { Err(too_long()) } else { row(&self.element) });
        self.element.clear();
        self.too_long = false;
        self.at = At::After;
    }

    fn broken(&self, rows: &Rows, message: &str) -> Fault {
        match self.at {
            At::Start => Fault::of_list(message),
            _ => Fault { row: Some(rows.next()), message: message.to_owned() },
        }
    }
}
