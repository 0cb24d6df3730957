//! The book: every group and every run, and the journal that outlives the process.
//!
//! All writing goes through here: a creation is booked against the quota, journalled, then shown. Leaves to `run` and
//! `group` what follows with time. Invariant: a run is in the book exactly if its entry is in the journal.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::config::Config;
use crate::group::Group;
use crate::journal::{Entry, Journal, WrittenRun};
use crate::owner::Owner;
use crate::quota::Quota;
use crate::refusal::Refusal;
use crate::request::{Request, Spec, parse, spec};
use crate::run::{Life, Run};

/// What the simulator remembers.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// In the order of creation.
    pub(crate) runs: Vec<Arc<Run>>,
    by_id: HashMap<String, usize>,
    groups: HashMap<Arc<str>, Group>,
    /// Runs whose webhook needed no further attempt when the book was opened.
    told: HashSet<String>,
    quota: Quota,
    journal: Option<Journal>,
}

/// Runs to be created together.
pub(crate) struct Batch {
    pub(crate) owner: Owner,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) default_spec: Option<Arc<Spec>>,
    /// Fresh ids with what was asked for.
    pub(crate) requests: Vec<(String, Request)>,
}

impl Book {
    /// The book that the journal of `config` tells of; empty without one.
    pub(crate) fn open(config: &Config) -> io::Result<Self> {
        let mut book = Self::default();
        if let Some(folder) = &config.data_dir {
            let (journal, entries) = Journal::open(folder)?;
            for entry in entries {
                book.replay(entry);
            }
            book.journal = Some(journal);
        }
        Ok(book)
    }

    /// The latest time anything was created.
    pub(crate) fn latest(&self) -> Option<Timestamp> {
        let groups = self.groups.values().map(|group| group.created_at);
        self.runs.iter().map(|run| run.created_at).chain(groups).max()
    }

    /// The run `id`, if it exists and is `owner`'s.
    pub(crate) fn run(&self, owner: &Owner, id: &str) -> Option<Arc<Run>> {
        let run = &self.runs[*self.by_id.get(id)?];
        (run.owner == *owner).then(|| Arc::clone(run))
    }

    /// The group `id`, if it exists and is `owner`'s.
    pub(crate) fn group(&mut self, owner: &Owner, id: &str) -> Option<&mut Group> {
        self.groups.get_mut(id).filter(|group| group.owner == *owner)
    }

    /// Creates a group.
    pub(crate) fn create_group(
        &mut self,
        id: String,
        owner: Owner,
        metadata: Map<String, Value>,
        created_at: Timestamp,
    ) -> Result<(), Refusal> {
        let entry = Entry::Group { id, owner, metadata, created_at };
        self.write(&entry)?;
        self.replay(entry);
        Ok(())
    }

    /// Creates runs, all or none, at `now`; they are what is returned, in order.
    pub(crate) fn create_runs(
        &mut self,
        batch: Batch,
        config: &Config,
        now: Timestamp,
    ) -> Result<Vec<Arc<Run>>, Refusal> {
        let Batch { owner, group, default_spec, requests } = batch;
        if !self.quota.book(&owner, requests.len(), config.quota_per_minute, now) {
            return Err(Refusal::TooManyRuns);
        }
        let runs: Vec<Arc<Run>> = requests
            .into_iter()
            .map(|(id, request)| {
                let life = Life::decide(&id, &request, config);
                let (owner, group) = (owner.clone(), group.clone());
                Arc::new(Run { id, owner, group, created_at: now, request, life })
            })
            .collect();
        if self.journal.is_some() {
            let written = runs.iter().map(|run| WrittenRun {
                id: run.id.clone(),
                life: run.life.clone(),
                body: run.request.body.clone(),
            });
            self.write(&Entry::Runs {
                owner,
                group: group.as_deref().map(str::to_owned),
                created_at: now,
                default_task_spec: default_spec.map(|spec| spec.raw.clone()),
                runs: written.collect(),
            })?;
        }
        for run in &runs {
            self.show(Arc::clone(run));
        }
        if let Some(group) = group.and_then(|id| self.groups.get(&id)) {
            group.added.send_replace(());
        }
        Ok(runs)
    }

    /// Remembers for the next start that the webhook of a run needs no further attempt.
    pub(crate) fn told(&mut self, run: &Run) -> Result<(), Refusal> {
        self.write(&Entry::Told { run: run.id.clone() })
    }

    /// Runs whose webhook was still to be delivered when the book was opened.
    pub(crate) fn untold(&self) -> Vec<Arc<Run>> {
        self.runs.iter().filter(|run| !self.told.contains(&run.id)).cloned().collect()
    }

    fn write(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        journal.append(entry).map_err(|error| {
            tracing::error!(%error, "the journal could not be written");
            Refusal::Unwritten
        })
    }

    fn replay(&mut self, entry: Entry) {
        match entry {
            Entry::Group { id, owner, metadata, created_at } => {
                let id: Arc<str> = id.into();
                self.groups.insert(Arc::clone(&id), Group::new(id, owner, metadata, created_at));
            }
            Entry::Told { run } => {
                self.told.insert(run);
            }
            Entry::Runs { owner, group, created_at, default_task_spec, runs } => {
                let group: Option<Arc<str>> = group.map(Into::into);
                let default = default_task_spec.and_then(|raw| spec::parse(&raw, &[]).ok()).map(Arc::new);
                for WrittenRun { id, life, body } in runs {
                    let Ok(request) = parse(&body.into(), default.as_ref()) else {
                        tracing::warn!(
                            run = id,
                            "a run of an earlier version does not fit the rules any more"
                        );
                        continue;
                    };
                    let (owner, group) = (owner.clone(), group.clone());
                    self.show(Arc::new(Run { id, owner, group, created_at, request, life }));
                }
            }
        }
    }

    fn show(&mut self, run: Arc<Run>) {
        self.by_id.insert(run.id.clone(), self.runs.len());
        if let Some(group) = run.group.as_ref().and_then(|id| self.groups.get_mut(id)) {
            group.add(Arc::clone(&run));
        }
        self.runs.push(run);
    }
}
