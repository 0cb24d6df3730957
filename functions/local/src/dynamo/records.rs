//! The stream records in dynoxide's file: an index for them, and an end to them.
//!
//! dynoxide looks stream records up by table and numeric sequence number without an index, on every write and on
//! every read of a stream, and keeps them for ever: both get slower with each record. This module adds the index that these statements
//! use, and removes records older than a day, as DynamoDB does. It opens the file beside dynoxide; both wait for each other's writes.
//! Invariant: nothing that a reader of the stream may still ask for is removed.

use std::path::Path;

use rusqlite::{Connection, Result};

/// The expression must be dynoxide's, letter by letter, for SQLite to see that the index fits.
const INDEX: &str = "CREATE INDEX IF NOT EXISTS multitask_stream_records \
                     ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

const TRIM: &str = "DELETE FROM _stream_records WHERE created_at < unixepoch('now') - 86400";

/// Makes the index where it is missing.
pub(super) fn index(file: &Path) -> Result<()> {
    Connection::open(file)?.execute_batch(INDEX)
}

/// Removes the records of more than a day ago, and says how many they were.
pub(super) fn trim(file: &Path) -> Result<usize> {
    Connection::open(file)?.execute(TRIM, [])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        dynoxide::Database::new(path.to_str().unwrap()).unwrap();
        index(&path).unwrap();
        index(&path).unwrap();
        (dir, path)
    }

    /// If this fails after an upgrade, dynoxide asks differently or has an index of its own.
    #[test]
    fn the_statements_of_dynoxide_use_the_index() {
        let (_dir, path) = file();
        let connection = Connection::open(path).unwrap();
        for statement in [
            "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = ?1",
            "SELECT event_name FROM _stream_records WHERE table_name = ?1 AND shard_id = ?2 \
             AND CAST(sequence_number AS INTEGER) > ?3 ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT ?4",
        ] {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
            let none = vec![rusqlite::types::Null; plan.parameter_count()];
            let lines =
                plan.query_map(rusqlite::params_from_iter(none), |row| row.get::<_, String>(3)).unwrap();
            let lines: Vec<_> = lines.map(Result::unwrap).collect();
            assert!(lines.len() == 1 && lines[0].contains("multitask_stream_records"), "{lines:?}");
        }
    }

    #[test]
    fn only_records_of_more_than_a_day_ago_are_removed() {
        let (_dir, path) = file();
        let connection = Connection::open(&path).unwrap();
        for (number, age) in [(1, 86_500), (2, 86_000), (3, 0)] {
            connection
                .execute(
                    "INSERT INTO _stream_records (table_name, event_name, keys_json, sequence_number, shard_id, \
                     created_at) VALUES ('t', 'INSERT', '{}', ?1, 's', unixepoch('now') - ?2)",
                    (number, age),
                )
                .unwrap();
        }
        assert_eq!(trim(&path).unwrap(), 1);
        assert_eq!(trim(&path).unwrap(), 0);
    }
}
