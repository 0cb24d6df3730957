//! Row updates: what changed between two flushes, told once for each row, in the order of rows.
//!
//! A row that changed several times is told as it stood last. What the runs say by now may be newer than the flush that is told: such a row is
//! left to the later flush, so that nothing is told twice.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use domain::UnitId;
use domain::run::{Run, RunStatus};
use domain::unit::Unit;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use store::Store;
use views::sse::{self, Position, Within};
use views::{Out, Row, RunDetail};

/// Flushes read at a time.
const WINDOW: u64 = 1_000;
/// Rows read at a time; rows closer together than that are read as one range.
const NEAR: u32 = 16;
/// Ranges read at a time.
const AHEAD: usize = 4;

/// The rows that the flushes after `after` up to `upto` changed, with what the last of them says.
pub(crate) async fn changed(
    store: &Store,
    id: &UnitId,
    after: u64,
    upto: u64,
) -> store::Result<BTreeMap<u32, RunStatus>> {
    let mut rows = BTreeMap::new();
    let mut seen = after;
    while seen < upto {
        let end = upto.min(seen + WINDOW);
        for (_, flush) in store.events(id, seen, end).await? {
            rows.extend(flush.runs.iter().map(|(index, status, _)| (*index, *status)));
        }
        seen = end;
    }
    Ok(rows)
}

/// Row updates of a unit on the way from one position to the flush `to`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Updates<'a> {
    pub(crate) store: &'a Store,
    pub(crate) unit: &'a Unit,
    pub(crate) since: Position,
    pub(crate) to: u64,
}

impl<'a> Updates<'a> {
    /// The frames for these rows, in their order. Reads as it is polled.
    pub(crate) fn frames(
        self,
        rows: BTreeMap<u32, RunStatus>,
    ) -> impl Stream<Item = store::Result<Bytes>> + Send + 'a {
        let batches = batches(rows);
        stream::iter(batches)
            .map(move |batch| async move {
                let first = batch.first().map_or(0, |(index, _)| *index);
                let end = batch.last().map_or(0, |(index, _)| index + 1);
                let runs: Vec<Run> = self.store.runs(&self.unit.id, first..end).try_collect().await?;
                Ok::<_, store::Error>(self.batch(&batch, &runs))
            })
            .buffered(AHEAD)
            .map_ok(|frames| stream::iter(frames.into_iter().map(Ok)))
            .try_flatten()
    }

    fn batch(&self, batch: &[(u32, RunStatus)], runs: &[Run]) -> Vec<Bytes> {
        let of = |index: u32| runs.binary_search_by_key(&index, |run| run.index).ok().map(|at| &runs[at]);
        batch.iter().filter_map(|(index, told)| self.frame(*index, *told, of(*index))).collect()
    }

    fn frame(&self, index: u32, told: RunStatus, run: Option<&Run>) -> Option<Bytes> {
        if told.is_terminal() && run.is_some_and(|run| run.status != told) {
            return None;
        }
        let run_id = run.and_then(|run| run.run_id.as_deref());
        let row = Row::new(index, None, run, run_id, told);
        let mut data = Out::default();
        data.json(&RunDetail::new(&row, self.unit));
        let data = data.take();
        let within = Some(Within { to: self.to, row: index + 1 });
        let id = Position { within, ..self.since }.to_string();
        let mut out = Out::default();
        sse::frame(&mut out, Some("run_update"), Some(&id), std::str::from_utf8(&data).unwrap_or_default());
        Some(out.take())
    }
}

/// Rows in groups that lie close together, so that each group is one short read.
fn batches(rows: BTreeMap<u32, RunStatus>) -> Vec<Vec<(u32, RunStatus)>> {
    let mut batches: Vec<Vec<(u32, RunStatus)>> = Vec::new();
    let mut range: Range<u32> = 0..0;
    for (index, status) in rows {
        if !range.contains(&index) {
            range = index..index.saturating_add(NEAR);
            batches.push(Vec::new());
        }
        if let Some(batch) = batches.last_mut() {
            batch.push((index, status));
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_read_together_and_never_more_than_a_few() {
        let rows = |indexes: &[u32]| indexes.iter().map(|index| (*index, RunStatus::Completed)).collect();
        assert_eq!(batches(rows(&[0, 1, 15, 16, 90])).iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 1]);
        let all: Vec<u32> = (0..1_000).collect();
        assert!(batches(rows(&all)).iter().all(|batch| batch.len() <= NEAR as usize));
    }
}
