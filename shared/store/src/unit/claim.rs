//! Claiming a unit: one conditional update; the newest claim wins.

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::UnitId;
use domain::unit::{Lease, Status, Unit};
use jiff::Timestamp;

use super::item;
use crate::attributes::{Reader, number, text, time};
use crate::keys::{self, META, PK, SK};
use crate::{Error, Result, Store};

/// What came of a claim.
#[derive(Debug)]
pub enum Claim {
    /// The unit is the claimer's until somebody else claims it.
    Won(Box<Unit>),
    /// There is no such unit, it is over, or its hop has moved past the message's: the message is for nothing.
    Stale {
        /// The unit's lease and status, if it exists.
        found: Option<(Lease, Status)>,
    },
}

/// Who claims, and when.
#[derive(Clone, Copy)]
struct Claimant<'a> {
    id: &'a UnitId,
    hop: u32,
    message_id: &'a str,
    due_at: Timestamp,
    crossed_after: Timestamp,
    now: Timestamp,
}

impl Store {
    /// Claims the unit for the message `message_id` with this `hop`: raises its epoch, so every older holder is fenced.
    ///
    /// `due_at` is when the sweep shall look at it if this claim comes to nothing. Claiming twice is harmless: the second epoch fences the first.
    /// A claim after `crossed_after`, the time of one before it, is that of a message that crossed, or the same once more after a lost
    /// answer: it does not count as one that may come to nothing.
    pub async fn claim(
        &self,
        id: &UnitId,
        hop: u32,
        message_id: &str,
        due_at: Timestamp,
        crossed_after: Timestamp,
        now: Timestamp,
    ) -> Result<Claim> {
        let claimant = Claimant { id, hop, message_id, due_at, crossed_after, now };
        match self.try_claim(&claimant, true).await? {
            Claim::Stale { found: Some((lease, status)) } if !status.is_terminal() && lease.hop <= hop => {
                // So somebody claimed it a moment ago.
                self.try_claim(&claimant, false).await
            }
            other => Ok(other),
        }
    }

    async fn try_claim(&self, claimant: &Claimant<'_>, counts: bool) -> Result<Claim> {
        let Claimant { id, hop, message_id, due_at, crossed_after, now } = *claimant;
        let (crossed, count) = if counts {
            ("(attribute_not_exists(claimed_at) OR claimed_at <= :crossed)", "fruitless + :one")
        } else {
            ("claimed_at > :crossed", "fruitless")
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.units)
            .key(PK, text(keys::unit(id)))
            .key(SK, text(META))
            .condition_expression(format!("#status IN (:pending, :running) AND hop <= :hop AND {crossed}"))
            .update_expression(format!(
                "SET epoch = epoch + :one, hop = :hop, holder = :holder, due_at = :due, due_shard = :shard, \
                 fruitless = {count}, claimed_before = if_not_exists(claimed_at, created_at), \
                 claimed_at = :now, #status = :running, started_at = if_not_exists(started_at, :now)",
            ))
            .expression_attribute_values(":crossed", time(crossed_after))
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pending", text(Status::Pending.word()))
            .expression_attribute_values(":running", text(Status::Running.word()))
            .expression_attribute_values(":hop", number(hop))
            .expression_attribute_values(":holder", text(message_id))
            .expression_attribute_values(":due", item::due(due_at))
            .expression_attribute_values(":shard", text(keys::due_shard(id)))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", time(now))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(output) => {
                let item =
                    output.attributes.ok_or_else(|| Error::corrupt(id.to_string(), "no attributes"))?;
                let unit =
                    item::read(&item)?.ok_or_else(|| Error::corrupt(id.to_string(), "a tombstone lives"))?;
                Ok(Claim::Won(Box::new(unit)))
            }
            Err(error) => {
                let error = error.into_service_error();
                let aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(lost) =
                    error
                else {
                    return Err(aws_sdk_dynamodb::error::SdkError::<_, ()>::service_error(error, ()).into());
                };
                let found = lost.item().map(|item| {
                    let reader = Reader::new(item);
                    Ok::<_, Error>((item::lease(&reader)?, item::status(&reader)?))
                });
                Ok(Claim::Stale { found: found.transpose()? })
            }
        }
    }
}
