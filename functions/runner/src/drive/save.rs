//! Writing: the one place where the holder's state meets the table, and finds out that it is no longer the holder.

use domain::event::Flush;
use domain::message::Work;
use domain::run::RunStatus;
use domain::unit::{Fenced, Status, Unit, after_fence};
use jiff::SignedDuration;
use std::time::Duration;
use store::Saved;
use tracing::info;

use super::{Drive, Left, Step, Stop};

/// How long a handed-over unit may wait for its next runner before the sweep sends another message.
const DUE: SignedDuration = SignedDuration::from_secs(60);

impl Drive<'_> {
    /// Writes the ends of runs that are ready, then a flush that announces them, then the unit.
    pub(super) async fn flush(&mut self) -> Step<()> {
        if !self.dirty && self.ready.is_empty() {
            return Ok(());
        }
        let runs = self.store_ready().await?;
        loop {
            let flush = self.next_flush(Status::Running, &runs);
            match self.runner.store.flush(&self.unit, &flush).await? {
                Saved::Yes => break,
                saved => self.not_saved(saved)?,
            }
        }
        self.announced();
        Ok(())
    }

    /// Writes the unit as it stands, without announcing anything.
    pub(super) async fn checkpoint(&mut self) -> Step<()> {
        loop {
            self.settle();
            match self.runner.store.checkpoint(&self.unit).await? {
                Saved::Yes => break,
                saved => self.not_saved(saved)?,
            }
        }
        Ok(())
    }

    /// Gives the unit up in order: everything known is written, the next message sent.
    pub(super) async fn hand_over(&mut self) -> Step<Left> {
        self.stop_errands().await?;
        self.fruitful = true;
        self.flush().await?;
        self.unit.lease.due_at = self.now().saturating_add(DUE).ok();
        loop {
            self.settle();
            match self.runner.store.hand_over(&self.unit).await? {
                Saved::Yes => break,
                saved => self.not_saved(saved)?,
            }
        }
        let hop = self.unit.lease.hop + 1;
        self.runner.queue.send(&Work::Unit { id: self.unit.id.clone(), hop }, Duration::ZERO).await?;
        info!(unit.hop = hop, "The unit is handed over.");
        Ok(Left::HandedOver)
    }

    /// Stores the runs that are ready; returns their entries for the flush.
    pub(super) async fn store_ready(&mut self) -> Step<Vec<(u32, RunStatus, u32)>> {
        let runs = std::mem::take(&mut self.ready);
        self.ready_bytes = 0;
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let expires = self.children_expire();
        let stored = self.runner.store.put_runs(&self.unit.id, self.unit.lease.epoch, &runs, expires).await?;
        if !stored {
            return Err(self.find_out().await?);
        }
        self.remember_for_cache(&runs).await;
        for run in &runs {
            self.cursors.stored(run.index);
        }
        self.fruitful = true;
        Ok(runs.iter().map(|run| (run.index, run.status, run.attempt)).collect())
    }

    /// The unit's next flush; raises its sequence to it.
    pub(super) fn next_flush(&mut self, status: Status, runs: &[(u32, RunStatus, u32)]) -> Flush {
        self.settle();
        self.unit.seq += 1;
        Flush {
            at: self.unit.modified_at,
            status,
            counts: self.unit.counts,
            runs: runs.to_vec(),
            message: self.unit.progress.waiting_for.clone(),
        }
    }

    /// Brings the unit up to what is known. Its fruitless claims are forgotten only once something was achieved: a unit that kills every
    /// runner before that is found out by their number.
    fn settle(&mut self) {
        self.unit.modified_at = self.now();
        if self.loaded {
            self.unit.counts = self.rows.counts();
            self.unit.progress.cursor = self.cursors.kept().map(str::to_owned);
        }
        if self.fruitful {
            self.unit.lease.fruitless = 0;
        }
    }

    pub(super) fn announced(&mut self) {
        self.dirty = false;
        self.last_flush = self.now();
        self.last_look = self.last_flush;
        (self.runner.on_change)(&self.unit.id);
    }

    /// Takes in why a write was refused; what remains is to write again.
    pub(super) fn not_saved(&mut self, saved: Saved) -> Step<()> {
        match saved {
            Saved::Yes => Ok(()),
            Saved::Fenced(found) => {
                let (lease, status) =
                    found.map_or((None, None), |(lease, status)| (Some(lease), Some(status)));
                info!("The unit is somebody else's now.");
                Err(Stop::Left(Left::Fenced(after_fence(lease.as_ref(), status, &self.lease.message_id))))
            }
            Saved::Changed(unit) => {
                let Unit { asks, changes, seq, .. } = *unit;
                self.unit.asks = asks;
                self.unit.changes = changes;
                // the flush under this sequence is there and waits to be announced, or will be found there
                self.unit.seq = seq.max(self.unit.seq.saturating_sub(1));
                Ok(())
            }
            Saved::Behind(flush) => {
                self.rows.take_in(&flush);
                Ok(())
            }
        }
    }

    /// A newer holder has written: find out what to do with the message.
    async fn find_out(&mut self) -> Step<Stop> {
        let found = self.runner.store.unit(&self.unit.id).await?;
        let (lease, status) = found.map_or((None, None), |unit| (Some(unit.lease), Some(unit.status)));
        let fenced = match status {
            Some(status) if !status.is_terminal() => {
                after_fence(lease.as_ref(), Some(status), &self.lease.message_id)
            }
            _ => Fenced::DropMessage,
        };
        Ok(Stop::Left(Left::Fenced(fenced)))
    }
}
