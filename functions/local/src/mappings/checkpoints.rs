//! How far a stream has been read, shard by shard, in a small file.
//!
//! Owns the file; a lost or unreadable one means that the stream is read from its oldest record on, which handlers bear.
//! Invariant: the file holds one whole state at any time, the old one or the new one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fs, io};

/// The last sequence number done with, by stream and shard.
#[derive(Debug)]
pub(super) struct Checkpoints {
    path: PathBuf,
    positions: Mutex<BTreeMap<String, String>>,
}

impl Checkpoints {
    /// What the file at `path` says; nothing where there is none.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let positions = match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                tracing::warn!(%error, file = %path.display(), "unreadable: the stream is read from its start");
                BTreeMap::new()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { path: path.to_owned(), positions: Mutex::new(positions) })
    }

    /// The last sequence number of this shard that was done with.
    pub(super) fn get(&self, shard: &str) -> Option<String> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner).get(shard).cloned()
    }

    /// Notes that this shard is done with up to `number`.
    pub(super) fn set(&self, shard: &str, number: &str) {
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        positions.insert(shard.to_owned(), number.to_owned());
        let fresh = self.path.with_extension("new");
        let written = serde_json::to_vec(&*positions)
            .map_err(io::Error::from)
            .and_then(|text| fs::write(&fresh, text))
            .and_then(|()| fs::rename(&fresh, &self.path));
        if let Err(error) = written {
            tracing::error!(%error, file = %self.path.display(), "not written: records come again after a restart");
        }
    }

    /// Forgets this shard, so that it is read from its oldest record on.
    pub(super) fn forget(&self, shard: &str) {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner).remove(shard);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_outlive_the_process_and_nonsense_reads_as_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("outbox.checkpoints");
        let checkpoints = Checkpoints::open(&path).unwrap();
        assert_eq!(checkpoints.get("a"), None);
        checkpoints.set("a", "1");
        checkpoints.set("b", "5");
        checkpoints.set("a", "2");
        let again = Checkpoints::open(&path).unwrap();
        assert_eq!((again.get("a"), again.get("b")), (Some("2".into()), Some("5".into())));
        fs::write(&path, "{").unwrap();
        assert_eq!(Checkpoints::open(&path).unwrap().get("a"), None);
    }
}
