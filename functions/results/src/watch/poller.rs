//! The one who looks, for all watchers of a unit.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::unit::Unit;
use futures::TryStreamExt;
use views::sse::Position;

use super::{News, Shared, Sight, Watchers};
use crate::stream::updates::{Updates, changed};

/// The wait between two looks at a unit to which something happened just now.
const QUICK: Duration = Duration::from_millis(500);
/// The longest wait between two looks.
const SLOW: Duration = Duration::from_secs(2);
/// Looks in a row that may fail before watchers are told.
const PATIENCE: u32 = 5;
/// Frames longer than this are not shared: each reader makes its own, piece by piece.
const NEWS_BYTES: usize = 2 * 1_024 * 1_024;

/// How long to wait after this many looks that showed nothing new.
fn pace(idle: u32) -> Duration {
    QUICK.mul_f64(1.15_f64.powi(idle.min(20).cast_signed())).min(SLOW)
}

/// Looks until the unit is over or gone, or nobody watches.
pub(super) async fn run(watchers: Watchers, first: Arc<Unit>, shared: Arc<Shared>) {
    let bell = watchers.wake.bell(&first.id);
    let (mut last, mut idle, mut failures) = (first, 0, 0);
    loop {
        tokio::select! {
            () = watchers.clock.sleep(pace(idle)) => {}
            () = bell.rung() => {}
        }
        if watchers.part(&last.id, &shared, false) {
            return;
        }
        let sight = match watchers.store.unit(&last.id).await {
            Ok(Some(unit)) if is_same(&unit, &last) => {
                (idle, failures) = (idle + 1, 0);
                continue;
            }
            Ok(Some(unit)) => {
                (idle, failures) = (0, 0);
                let news = news(&watchers, &last, &unit, &shared).await;
                last = Arc::new(unit);
                Sight::Unit(last.clone(), news)
            }
            Ok(None) => Sight::Gone,
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, unit.id = %last.id, failures, "A watched unit cannot be read.");
                if failures < PATIENCE {
                    continue;
                }
                Sight::Dark
            }
        };
        let over = !matches!(&sight, Sight::Unit(unit, _) if !unit.status.is_terminal());
        if over {
            watchers.part(&last.id, &shared, true);
        }
        shared.sights.send_replace(sight);
        if over {
            return;
        }
    }
}

/// Whether a look showed nothing new.
fn is_same(unit: &Unit, last: &Unit) -> bool {
    unit.seq == last.seq
        && unit.status == last.status
        && unit.changes == last.changes
        && unit.lease.epoch == last.lease.epoch
        && unit.modified_at == last.modified_at
}

/// The row updates between two looks, if somebody reads them and they are not too many.
async fn news(watchers: &Watchers, last: &Unit, unit: &Unit, shared: &Shared) -> Option<Arc<News>> {
    if shared.readers.load(Ordering::Relaxed) == 0 || unit.seq == last.seq {
        return None;
    }
    let since = Position::of(last);
    let rendered = async {
        let rows = changed(&watchers.store, &unit.id, last.seq, unit.seq).await?;
        let updates = Updates { store: &watchers.store, unit, since, to: unit.seq };
        let mut frames = Vec::new();
        let mut bytes = 0;
        let mut stream = std::pin::pin!(updates.frames(rows));
        while let Some(frame) = stream.try_next().await? {
            bytes += frame.len();
            if bytes > NEWS_BYTES {
                return Ok(None);
            }
            frames.push(frame);
        }
        Ok::<_, store::Error>(Some(Arc::new(News { since, to: unit.seq, frames })))
    };
    // Who does not find them here reads them for himself, and reports what goes wrong.
    rendered.await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rarer_up_to_two_seconds() {
        assert_eq!(pace(0), QUICK);
        assert!((1..100).all(|idle| pace(idle) >= pace(idle - 1) && pace(idle) <= SLOW));
        assert_eq!(pace(u32::MAX), SLOW);
    }
}
