//! `GET /{id}/timeline`: what happened to a unit, in the order of time.
//!
//! Three sources, each in order, are read a page at a time and merged on their way to the reader: so that a unit of hundreds of
//! thousands of rows takes no more memory than one of ten. What an entry says is `views::timeline`'s business.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::Body;
use domain::unit::Unit;
use store::{PurchasePlace, Store};
use views::Out;
use views::timeline::{Entry, Flushes, of_purchase, of_unit};

use crate::Results;
use crate::body;

/// Flushes read at a time.
const WINDOW: u64 = 100;

/// The timeline of a unit: `{id, status, claims, entries}`. Deliveries stand in it for its owner only.
pub(crate) fn of(results: &Results, unit: Arc<Unit>, is_owner: bool) -> Body {
    let store = results.store().clone();
    body::written(results.settings().at_fault, move |sink| async move {
        let deliveries = if is_owner { store.deliveries(&unit.id).await? } else { Vec::new() };
        let mut merged = Merged {
            own: of_unit(&unit, &deliveries).into(),
            purchases: Purchases { last: None, is_over: false },
            bought: VecDeque::new(),
            flushes: Flushes::default(),
            seen: 0,
            told: VecDeque::new(),
            is_over: false,
            store: &store,
            unit: &unit,
        };
        drop(deliveries);
        let mut out = Out::default();
        out.text("{\"id\":");
        out.json(&unit.id);
        out.text(",\"status\":");
        out.json(unit.status.word());
        out.text(",\"claims\":");
        out.json(&unit.lease.epoch);
        out.text(",\"entries\":[");
        let mut is_first = true;
        while let Some(entry) = merged.next().await? {
            if !is_first {
                out.text(",");
            }
            is_first = false;
            out.text("\n");
            out.json(&entry.with_reason(&unit));
            sink.pour(&mut out).await?;
        }
        out.text("]}\n");
        sink.send(out.take()).await
    })
}

/// The three sources.
struct Merged<'a> {
    store: &'a Store,
    unit: &'a Unit,
    /// What the unit's own item and its deliveries tell.
    own: VecDeque<Entry>,
    purchases: Purchases,
    bought: VecDeque<Entry>,
    flushes: Flushes,
    /// The last flush that was read.
    seen: u64,
    told: VecDeque<Entry>,
    /// All flushes have been read, and what stands behind them.
    is_over: bool,
}

/// How far the purchases have been read.
struct Purchases {
    last: Option<PurchasePlace>,
    is_over: bool,
}

impl Merged<'_> {
    /// The earliest entry that is left.
    async fn next(&mut self) -> store::Result<Option<Entry>> {
        self.fill().await?;
        let sources = [&mut self.own, &mut self.bought, &mut self.told];
        let earliest =
            sources.into_iter().filter(|source| !source.is_empty()).min_by_key(|source| source[0].at);
        Ok(earliest.and_then(VecDeque::pop_front))
    }

    /// Reads on where a source has run dry, until it has something or is over.
    async fn fill(&mut self) -> store::Result<()> {
        while self.bought.is_empty() && !self.purchases.is_over {
            let page = self.store.purchases_behind(&self.unit.id, self.purchases.last.as_ref()).await?;
            self.purchases.is_over = page.is_empty();
            for (place, claim, purchase) in page {
                self.bought.push_back(of_purchase(&purchase, claim));
                self.purchases.last = Some(place);
            }
        }
        while self.told.is_empty() && self.seen < self.unit.seq {
            let upto = self.unit.seq.min(self.seen + WINDOW);
            for (_, claim, flush) in self.store.events_by_claim(&self.unit.id, self.seen, upto).await? {
                self.told.extend(self.flushes.read(&flush, claim));
            }
            self.seen = upto;
            // The upstream's own times are a little before the flush that tells of them.
            self.told.make_contiguous().sort_by_key(|entry| entry.at);
        }
        if self.told.is_empty() && !self.is_over {
            self.is_over = true;
            self.told.extend(self.flushes.untold_end(self.unit));
        }
        Ok(())
    }
}
