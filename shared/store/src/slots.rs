//! What running runners announce: how many units they would still take.
//!
//! One small item for each runner, all in one partition, written every few seconds. Nothing depends on them being right: who takes a
//! slot of a dead runner has sent its message to a queue that others read.

use domain::adoption::Slots;
use jiff::{SignedDuration, Timestamp};

use crate::attributes::{Item, Reader, expiry, number, text, time};
use crate::keys::{PK, SK, SLOTS};
use crate::outbox::unless_condition_failed;
use crate::{Result, Store};

/// How long the item of a dead runner stays.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

impl Store {
    /// Announces a runner's slots in the place of those that it announced before.
    pub async fn announce_slots(&self, slots: &Slots) -> Result<()> {
        self.client
            .put_item()
            .table_name(&self.tables.units)
            .item(PK, text(SLOTS))
            .item(SK, text(&slots.runner))
            .item("free", number(slots.free))
            .item("driving", number(slots.driving))
            .item("until", time(slots.until))
            .item("expires_at", expiry(slots.until.saturating_add(KEPT).unwrap_or(slots.until)))
            .send()
            .await?;
        Ok(())
    }

    /// Takes a runner's announcement back.
    pub async fn withdraw_slots(&self, runner: &str) -> Result<()> {
        self.client
            .delete_item()
            .table_name(&self.tables.units)
            .key(PK, text(SLOTS))
            .key(SK, text(runner))
            .send()
            .await?;
        Ok(())
    }

    /// Every announcement that holds at `now`; it may be a second old.
    pub async fn slots(&self, now: Timestamp) -> Result<Vec<Slots>> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.tables.units)
                .key_condition_expression("pk = :slots")
                .expression_attribute_values(":slots", text(SLOTS))
                .set_exclusive_start_key(start)
                .send()
                .await?;
            for item in page.items.unwrap_or_default() {
                let slots = read(&item)?;
                if slots.until > now {
                    found.push(slots);
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// Takes `count` of the slots that this runner announced; says whether there were that many.
    pub async fn take_slots(&self, runner: &str, count: u32, now: Timestamp) -> Result<bool> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.tables.units)
            .key(PK, text(SLOTS))
            .key(SK, text(runner))
            .condition_expression("#free >= :count AND #until > :now")
            .update_expression("SET #free = #free - :count")
            .expression_attribute_names("#free", "free")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":count", number(count))
            .expression_attribute_values(":now", time(now))
            .send()
            .await;
        unless_condition_failed(sent)
    }
}

fn read(item: &Item) -> Result<Slots> {
    let reader = Reader::new(item);
    Ok(Slots {
        runner: reader.text(SK)?.to_owned(),
        free: reader.number("free")?,
        driving: reader.number("driving")?,
        until: reader.time("until")?,
    })
}
