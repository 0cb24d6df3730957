//! The directory that holds the state of one embedded default.
//!
//! Owns its creation and its lock; what lies in it belongs to whoever asked for the path.
//! Invariant: two living [`DataDir`]s of one directory do not exist, in whichever processes.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process, or another part of this one, holds it.
    #[error("{} is in use by another process: stop that one, or choose another data directory", .0.display())]
    Held(PathBuf),
    /// It cannot be created, opened or locked.
    #[error("the data directory {} cannot be used: {source}", path.display())]
    Io {
        /// The directory or the lock file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// A locked data directory. The lock is given back when it is dropped, and by the system when the process dies.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the directory where there is none, readable by its owner only, and locks it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        create(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        let file = path.join("lock");
        let io = |source| Error::Io { path: file.clone(), source };
        let lock = File::options().create(true).truncate(false).write(true).open(&file).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::Held(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// Where the file `name` of this directory lies.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

fn create(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_until_the_first_lets_go() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        let first = DataDir::open(&path).unwrap();
        assert!(matches!(DataDir::open(&path), Err(Error::Held(_))));
        drop(first);
        DataDir::open(&path).unwrap();
    }

    #[test]
    fn a_file_in_the_way_is_an_error_that_names_it() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        fs::write(&path, "").unwrap();
        let error = DataDir::open(&path).unwrap_err().to_string();
        assert!(error.contains("state"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn the_directory_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        let _dir = DataDir::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
