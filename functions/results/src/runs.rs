//! `GET /{id}/runs`, a page of runs, and `GET /{id}/runs/{n}`, one of them.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use domain::limits::RUNS_PAGE;
use domain::run::RunStatus;
use domain::unit::Unit;
use views::{Out, Pass, RunDetail};

use crate::Results;
use crate::body;
use crate::rows::Rows;

/// Runs to a page unless its reader says otherwise.
pub(crate) const USUAL_PAGE: usize = 100;
/// Rows looked at for one page at most: a filter that few rows pass makes short pages, not slow ones.
const LOOKED_AT: u32 = 10_000;

const ALL: Pass = Pass { from: 0, inputs: true, runs: true };

/// Which runs a reader wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The first row.
    pub(crate) from: u32,
    pub(crate) limit: usize,
    pub(crate) status: Option<RunStatus>,
}

impl Wanted {
    pub(crate) const fn is_in_range(limit: usize) -> bool {
        1 <= limit && limit <= RUNS_PAGE
    }
}

/// A page of runs: `{runs, count, next_cursor}`.
pub(crate) fn page(results: &Results, unit: Arc<Unit>, wanted: Wanted) -> Body {
    let rows = Rows::new(results.store(), &unit);
    body::written(results.settings().at_fault, move |sink| async move {
        let end = rows.all().end;
        let upto = end.min(wanted.from.saturating_add(LOOKED_AT));
        let mut out = Out::default();
        out.text("{\"runs\":[");
        let (mut count, mut next) = (0, wanted.from.min(upto));
        let mut walk = rows.walk(next..upto, ALL);
        while count < wanted.limit
            && let Some(found) = walk.next().await?
        {
            next = found.index() + 1;
            if wanted.status.is_some_and(|status| status != found.status()) {
                continue;
            }
            if count > 0 {
                out.text(",");
            }
            out.json(&RunDetail::new(&found.row(), &unit));
            sink.pour(&mut out).await?;
            count += 1;
        }
        let next_cursor = (next < end).then(|| next.to_string());
        out.text("],\"count\":");
        out.json(&count);
        out.text(",\"next_cursor\":");
        out.json(&next_cursor);
        out.text("}\n");
        sink.send(out.take()).await
    })
}

/// One run with its basis; none past the last row.
pub(crate) async fn one(results: &Results, unit: &Arc<Unit>, index: u32) -> store::Result<Option<Bytes>> {
    let rows = Rows::new(results.store(), unit);
    if !rows.all().contains(&index) {
        return Ok(None);
    }
    let found = rows.walk(index..index + 1, ALL).next().await?;
    Ok(found.map(|found| {
        let mut out = Out::default();
        out.json(&RunDetail::new(&found.row(), unit));
        out.text("\n");
        out.take()
    }))
}
