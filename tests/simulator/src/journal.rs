//! The journal: what was created, a line of JSON each, replayed at the next start.
//!
//! Lines are only appended; outputs, progress and statuses are not written, since they follow from what is. A last
//! line that a crash cut short is dropped. Invariant: what was answered to a caller was handed to the system before.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::owner::Owner;
use crate::run::Life;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// A group was created.
    Group { id: String, owner: Owner, metadata: Map<String, Value>, created_at: Timestamp },
    /// Runs were created together.
    Runs {
        owner: Owner,
        group: Option<String>,
        created_at: Timestamp,
        default_task_spec: Option<Value>,
        runs: Vec<WrittenRun>,
    },
    /// The webhook of a run was delivered or given up.
    Told { run: String },
}

/// A run as the journal has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WrittenRun {
    pub(crate) id: String,
    pub(crate) life: Life,
    pub(crate) body: Map<String, Value>,
}

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal(File);

impl Journal {
    /// Opens the journal in `folder`, which is made when it is absent, and reads what it holds.
    pub(crate) fn open(folder: &Path) -> io::Result<(Self, Vec<Entry>)> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join("simulator.jsonl");
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.set_len(whole as u64)?;
        let lines = text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let entries = lines
            .map(|line| {
                serde_json::from_slice(line)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
            })
            .collect::<io::Result<_>>()?;
        Ok((Self(file), entries))
    }

    /// Appends `entry`; once it returns, the entry survives the end of this process.
    pub(crate) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(run: &str) -> Entry {
        Entry::Told { run: run.into() }
    }

    #[test]
    fn what_was_written_is_read_again_and_a_torn_line_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut journal, entries) = Journal::open(folder.path()).expect("it opens");
        assert_eq!(entries, []);
        journal.append(&told("a")).expect("it is written");
        journal.0.write_all(b"{\"told\":{\"ru").expect("it is torn");
        let (mut journal, entries) = Journal::open(folder.path()).expect("it opens");
        assert_eq!(entries, [told("a")]);
        journal.append(&told("b")).expect("it is written");
        let (_, entries) = Journal::open(folder.path()).expect("it opens");
        assert_eq!(entries, [told("a"), told("b")]);
    }

    #[test]
    fn a_journal_of_something_else_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("simulator.jsonl"), "not json\n").expect("it is written");
        assert!(Journal::open(folder.path()).is_err());
    }
}
