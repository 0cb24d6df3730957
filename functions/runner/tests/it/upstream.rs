//! The upstream's time, moved from event to event of the runs of tasks.
//!
//! It goes on only when all that the runs have shown so far is stored, so no event is ever lost for want of time.

use std::time::Duration;

use ambient::Clock;
use domain::UnitId;
use domain::event::Told;
use jiff::Timestamp;

use crate::ended::Ended;
use crate::world::{Setup, World, key_of};

/// A world in which the upstream's time stands still unless a test moves it.
pub(crate) struct Upstream {
    pub(crate) world: World,
    clock: Clock,
    /// How far the runners' time goes with each move of the upstream's.
    pub(crate) runners_too: Duration,
}

impl Upstream {
    /// Every run shows fourteen events, statistics among them.
    pub(crate) async fn start(mut setup: Setup) -> Self {
        let clock = setup.simulator.clock.clone();
        setup.simulator.progress_events.get_or_insert(14);
        Self { world: World::with(setup).await, clock, runners_too: Duration::ZERO }
    }

    /// Lets runners work until the unit is over, while the upstream goes on from event to event.
    pub(crate) async fn settle(&self, id: &UnitId) -> Ended {
        let ends = async {
            tokio::select! {
                ended = self.world.settle(id) => ended,
                () = self.goes_on(std::slice::from_ref(id), Duration::ZERO) => unreachable!("it goes on"),
            }
        };
        tokio::time::timeout(Duration::from_mins(2), ends).await.expect("some event is never stored")
    }

    /// Moves the upstream's time for ever: each time to the next event or end of these tasks' runs, and by `stride` at least.
    pub(crate) async fn goes_on(&self, ids: &[UnitId], stride: Duration) {
        let ledger = self.world.simulator.ledger();
        loop {
            let now = self.clock.now();
            let mut next: Option<Timestamp> = None;
            for id in ids {
                let runs = ledger.runs_of_key(&key_of(id));
                let shown: Vec<_> = runs.iter().flat_map(|run| ledger.shown(&run.run_id)).collect();
                let so_far = shown.iter().filter(|(at, _)| *at <= now).count();
                while self.stored(id).await.iter().filter(|told| is_shown(told)).count() < so_far {
                    tokio::task::yield_now().await;
                }
                let times = shown.iter().map(|(at, _)| *at).chain(runs.iter().filter_map(|run| run.ends_at));
                next = times.filter(|at| *at > now).chain(next).min();
            }
            match next {
                Some(next) => {
                    self.world.clock.advance(self.runners_too);
                    let least = Duration::try_from(next.duration_since(now)).expect("it is later");
                    self.clock.advance(least.max(stride));
                }
                None => tokio::task::yield_now().await,
            }
        }
    }

    /// Moves the upstream's time past the end of this task's run; returns once all of it went over the stream that is open.
    pub(crate) async fn tells_the_rest(&self, id: &UnitId) {
        let ledger = self.world.simulator.ledger();
        self.clock.advance(Duration::from_hours(1));
        let is_told = || {
            let runs = ledger.runs_of_key(&key_of(id));
            let told = |run: &simulator::RunEntry| {
                let streams = ledger.followed().into_iter().filter(|stream| stream.run_id == run.run_id);
                streams.filter_map(|stream| stream.told_at).any(|at| Some(at) >= run.ends_at)
            };
            runs.iter().all(told)
        };
        while !is_told() {
            tokio::task::yield_now().await;
        }
    }

    /// Moves the upstream's time at once.
    pub(crate) fn leaps(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn stored(&self, id: &UnitId) -> Vec<Told> {
        let flushes = self.world.store.all_events(id).await.expect("a table");
        flushes.into_iter().flat_map(|(_, flush)| flush.told).collect()
    }

    /// What the runs of this unit have shown in their lives, one after the other, with its time.
    pub(crate) fn shown(&self, ended: &Ended) -> Vec<(Option<Timestamp>, String)> {
        let ledger = self.world.simulator.ledger();
        let shown = ended.bought.iter().flat_map(|run| ledger.shown(&run.run_id));
        shown.map(|(at, data)| (data.get("timestamp").map(|_| micros(at)), data.to_string())).collect()
    }
}

/// What is stored of what runs have shown.
pub(crate) fn kept(ended: &Ended) -> Vec<(Option<Timestamp>, String)> {
    let told = ended.flushes.iter().flat_map(|flush| &flush.told).filter(|told| is_shown(told));
    told.map(|told| (told.at, told.data.get().to_owned())).collect()
}

/// The states that are stored, by their words.
pub(crate) fn states(ended: &Ended) -> Vec<String> {
    let told = ended.flushes.iter().flat_map(|flush| &flush.told);
    let states = told.filter(|told| told.kind == "task_run.state").map(|told| {
        let state: serde_json::Value = serde_json::from_str(told.data.get()).expect("JSON");
        state["run"]["status"].as_str().expect("a word").to_owned()
    });
    states.collect()
}

/// Whether it is no state and no event that a fault put in.
fn is_shown(told: &Told) -> bool {
    told.kind.starts_with("task_run.progress")
}

fn micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).expect("a time")
}
