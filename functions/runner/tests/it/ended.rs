//! A unit that is over: what must hold of any such unit, and what tests ask of it.

use std::collections::HashSet;

use domain::UnitId;
use domain::delivery::Delivery;
use domain::event::Flush;
use domain::run::Run;
use domain::unit::{Status, Unit};
use futures::TryStreamExt;
use serde_json::Value;
use simulator::RunEntry;

use crate::world::World;

/// A unit that is over, and everything that is left of it.
pub(crate) struct Ended {
    pub(crate) unit: Unit,
    pub(crate) runs: Vec<Run>,
    pub(crate) flushes: Vec<Flush>,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) bought: Vec<RunEntry>,
}

impl World {
    /// Everything of a unit that is over, once all that must hold of any such unit was seen to hold.
    pub(crate) async fn ended(&self, id: &UnitId) -> Ended {
        let unit = self.unit(id).await;
        assert!(unit.status.is_terminal());
        assert_eq!((unit.sealed.as_ref(), unit.lease.due_at, unit.lease.holder.as_ref()), (None, None, None));
        assert_eq!(unit.counts.total(), unit.rows(), "{:?}", unit.counts);
        let flushes = self.flushes(id).await;
        assert_eq!(flushes.len() as u64, unit.seq, "no flush is beyond the unit's sequence");
        let mut told = HashSet::new();
        for (index, status, attempt) in flushes.iter().flat_map(|flush| &flush.runs) {
            assert!(
                !status.is_terminal() || told.insert((index, attempt)),
                "row {index} is told to end twice"
            );
        }
        let runs: Vec<Run> = self.store.runs(id, 0..unit.rows()).try_collect().await.expect("readable runs");
        let deliveries = self.store.deliveries(id).await.expect("a table");
        assert_eq!(deliveries.len(), usize::try_from(unit.round).expect("few") + 1, "one for each end");
        let bought = self.bought(&unit);
        let marks: HashSet<String> = bought.iter().map(mark).collect();
        assert_eq!(marks.len(), bought.len(), "nothing is bought twice: {bought:?}");
        Ended { unit, runs, flushes, deliveries, bought }
    }

    fn bought(&self, unit: &Unit) -> Vec<RunEntry> {
        let Some(group) = &unit.progress.upstream_group else { return Vec::new() };
        self.simulator.ledger().runs_of_group(group)
    }
}

impl Ended {
    pub(crate) fn statuses(&self) -> Vec<&'static str> {
        self.runs.iter().map(|run| run.status.word()).collect()
    }

    pub(crate) fn errors(&self) -> Vec<&str> {
        self.runs.iter().map(|run| run.error.as_ref().map_or("", |error| error.message.as_str())).collect()
    }

    pub(crate) fn status(&self) -> Status {
        self.unit.status
    }

    /// The code of the failure of the unit as a whole.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.unit.progress.failure.as_ref().map(|failure| failure.code.as_str())
    }

    pub(crate) fn output(&self, row: usize) -> Value {
        let output = self.runs[row].output.as_ref().expect("an output");
        serde_json::from_str(output.get()).expect("JSON")
    }

    /// Which attempts of which rows were bought, in the order of purchase.
    pub(crate) fn marks(&self) -> Vec<String> {
        self.bought.iter().map(mark).collect()
    }

    /// What the only delivery says.
    pub(crate) fn told(&self) -> Value {
        assert_eq!(self.deliveries.len(), 1);
        serde_json::from_str(&self.deliveries[0].body).expect("JSON")
    }
}

fn mark(run: &RunEntry) -> String {
    run.metadata["mt_row"].as_str().expect("a mark").to_owned()
}
