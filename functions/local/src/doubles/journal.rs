//! A file of changes, one JSON line each, from which a state is built again.
//!
//! Owns appending, the torn line that a killed process leaves, and writing the file anew when it holds mostly
//! history; what a change means is its reader's business. Each append is one write and no fsync: it outlives the
//! process, not a power cut, which is enough because the unit table is the truth and start-up enqueues what is unfinished.
//! Invariant: the file ends with a whole line whenever [`Journal::append`] has returned.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Below this length a journal is never written anew.
const SMALL: u64 = 1024 * 1024;
/// A journal is written anew when it has grown to this many times what it held after the last time.
const GROWTH: u64 = 4;

/// An open journal of changes of type `C`.
#[derive(Debug)]
pub(crate) struct Journal<C> {
    path: PathBuf,
    file: File,
    length: u64,
    /// The length right after the file was last written anew.
    base: u64,
    changes: PhantomData<fn(C)>,
}

impl<C: Serialize + DeserializeOwned> Journal<C> {
    /// Opens or creates the file and gives each change in it to `apply`, oldest first. A last line that was cut
    /// off by the writer's death is dropped; any other unreadable line is an error that names it.
    pub(crate) fn open(path: &Path, mut apply: impl FnMut(C)) -> io::Result<Self> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut lines = BufReader::new(&file);
        let (mut line, mut number, mut length) = (Vec::new(), 0_usize, 0_u64);
        loop {
            line.clear();
            let read = lines.read_until(b'\n', &mut line)?;
            if line.pop_if(|last| *last == b'\n').is_none() {
                break;
            }
            number += 1;
            apply(serde_json::from_slice(&line).map_err(|error| unreadable(path, number, &error))?);
            length += read as u64;
        }
        file.set_len(length)?;
        let mut journal = Self { path: path.to_owned(), file, length, base: 0, changes: PhantomData };
        journal.file.seek(SeekFrom::End(0))?;
        Ok(journal)
    }

    /// Writes `changes` behind what is there. After an error the file holds none of them.
    pub(crate) fn append(&mut self, changes: &[C]) -> io::Result<()> {
        let mut lines = Vec::new();
        for change in changes {
            serde_json::to_writer(&mut lines, change)?;
            lines.push(b'\n');
        }
        if let Err(error) = self.file.write_all(&lines) {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::End(0))?;
            return Err(error);
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Whether the file holds so much history that it should be written anew.
    pub(crate) fn is_long(&self) -> bool {
        self.length > SMALL.max(self.base.saturating_mul(GROWTH))
    }

    /// Replaces the file by one that holds `changes` only, which must build the present state. After an error the
    /// old file is still in use.
    pub(crate) fn rewrite(&mut self, changes: impl Iterator<Item = C>) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&fresh)?;
        let mut writer = BufWriter::new(&file);
        for change in changes {
            serde_json::to_writer(&mut writer, &change)?;
            writer.write_all(b"\n")?;
        }
        writer.flush()?;
        drop(writer);
        fs::rename(&fresh, &self.path)?;
        self.length = file.metadata()?.len();
        self.base = self.length;
        self.file = file;
        Ok(())
    }
}

fn unreadable(path: &Path, line: usize, error: &serde_json::Error) -> io::Error {
    let hint = "delete the file to go on without it: units and deliveries are enqueued again at the start";
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("line {line} of {} cannot be read ({error}); {hint}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> io::Result<(Journal<u32>, Vec<u32>)> {
        let mut seen = Vec::new();
        Journal::open(path, |change| seen.push(change)).map(|journal| (journal, seen))
    }

    #[test]
    fn what_was_appended_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let (mut journal, seen) = read(&path).unwrap();
        assert!(seen.is_empty());
        journal.append(&[1, 2]).unwrap();
        journal.append(&[3]).unwrap();
        drop(journal);
        assert_eq!(read(&path).unwrap().1, [1, 2, 3]);
    }

    #[test]
    fn a_line_cut_off_by_a_kill_is_dropped_and_the_next_append_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        fs::write(&path, "17\n1234").unwrap();
        let (mut journal, seen) = read(&path).unwrap();
        assert_eq!(seen, [17]);
        journal.append(&[5]).unwrap();
        drop(journal);
        assert_eq!(read(&path).unwrap().1, [17, 5]);
    }

    #[test]
    fn a_broken_line_in_the_middle_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        fs::write(&path, "1\nnonsense\n3\n").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }

    #[test]
    fn a_rewritten_journal_holds_the_present_only_and_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let (mut journal, _) = read(&path).unwrap();
        journal.append(&vec![7; 600_000]).unwrap();
        assert!(journal.is_long());
        journal.rewrite([1, 2].into_iter()).unwrap();
        assert!(!journal.is_long());
        journal.append(&[3]).unwrap();
        drop(journal);
        assert_eq!(read(&path).unwrap().1, [1, 2, 3]);
    }
}
