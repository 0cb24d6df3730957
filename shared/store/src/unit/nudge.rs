//! Nudging the holder of a unit: something upstream has changed, and it should look.
//!
//! A nudge is a time in the unit's own item, which the holder reads with its next write or look. It raises neither the epoch nor the number
//! of changes, so it fences nobody, fails no write of the holder, and is in the way of no other change from outside.

use domain::unit::{Status, Unit};
use domain::wake::WINDOW;
use jiff::Timestamp;

use super::due::Due;
use crate::attributes::{text, time};
use crate::keys::{self, META, PK, SK};
use crate::outbox::unless_condition_failed;
use crate::{Result, Store};

impl Store {
    /// Nudges the holder of a living unit, unless it was nudged within the last [`WINDOW`]; says whether it was nudged now.
    ///
    /// The window is the condition of the write, so that whoever repeats it, and however many do so at once, writes once.
    pub async fn nudge(&self, unit: &Unit, now: Timestamp) -> Result<bool> {
        let around = (now.saturating_sub(WINDOW), now.saturating_add(WINDOW));
        let sent = self
            .client
            .update_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::unit(&unit.id)))
            .key(SK, text(META))
            .condition_expression("#status IN (:pending, :running) AND NOT (nudged_at BETWEEN :from AND :to)")
            .update_expression("SET nudged_at = :now")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pending", text(Status::Pending.word()))
            .expression_attribute_values(":running", text(Status::Running.word()))
            .expression_attribute_values(":from", time(around.0.unwrap_or(Timestamp::MIN)))
            .expression_attribute_values(":to", time(around.1.unwrap_or(Timestamp::MAX)))
            .expression_attribute_values(":now", time(now))
            .send()
            .await;
        unless_condition_failed(sent)
    }
}

impl Due {
    /// A unit that nobody may be holding any more: its due time has passed `now`.
    #[must_use]
    pub fn of(unit: &Unit, now: Timestamp) -> Option<Self> {
        let due_at = unit.lease.due_at.filter(|due_at| *due_at <= now)?;
        let Unit { id, status, modified_at, .. } = unit;
        Some(Self {
            id: id.clone(),
            hop: unit.lease.hop,
            owner: Some(unit.owner.clone()),
            status: *status,
            due_at,
            modified_at: *modified_at,
        })
    }
}
