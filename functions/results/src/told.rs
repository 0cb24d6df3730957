//! What the upstream told of a task's run, read from the flushes of its unit.

use domain::event::Told;
use domain::unit::{Kind, Unit};
use store::Store;
use views::Stats;

/// Flushes read at a time.
pub(crate) const WINDOW: u64 = 1_000;

/// Everything that was told, in its order; nothing for a unit that is no task.
pub(crate) async fn all(store: &Store, unit: &Unit) -> store::Result<Vec<Told>> {
    let mut told = Vec::new();
    each(store, unit, |flush| told.extend(flush)).await?;
    Ok(told)
}

/// The statistics that were told last; none are read where the unit is over and they say nothing more.
pub(crate) async fn stats(store: &Store, unit: &Unit) -> store::Result<Stats> {
    let mut stats = Stats::default();
    if !unit.status.is_terminal() {
        each(store, unit, |flush| flush.iter().for_each(|told| stats.take(told))).await?;
    }
    Ok(stats)
}

async fn each(store: &Store, unit: &Unit, mut take: impl FnMut(Vec<Told>)) -> store::Result<()> {
    let mut read = if unit.kind == Kind::Task { 0 } else { unit.seq };
    while read < unit.seq {
        let end = unit.seq.min(read + WINDOW);
        for (_, flush) in store.events(&unit.id, read, end).await? {
            take(flush.told);
        }
        read = end;
    }
    Ok(())
}
