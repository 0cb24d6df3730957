//! A unit to attributes and back.
//!
//! What conditions and indexes need stands in attributes of its own; the rest is JSON, packed where it is long.

use domain::run::Counts;
use domain::unit::{Kind, Lease, Status, Unit, Visibility};
use domain::{OwnerId, UnitId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::attributes::{Item, Reader, bytes, expiry, number, text, time};
use crate::keys::{self, META, PK, SK};
use crate::value::pack_json;
use crate::{Error, Result};

/// What a list shows of a unit besides the projected attributes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Brief {
    pub(crate) processor: Option<String>,
    #[serde(default)]
    pub(crate) metadata: Map<String, Value>,
    #[serde(default)]
    pub(crate) output_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) preview: Option<String>,
    #[serde(default)]
    pub(crate) visibility: Visibility,
}

pub(crate) fn brief(unit: &Unit) -> String {
    let group = &unit.spec.group;
    let processor = unit.progress.processor.clone().or_else(|| group.processor.clone());
    json(&Brief {
        processor,
        metadata: group.metadata.clone(),
        output_type: group.output.word().to_owned(),
        preview: unit.spec.preview.clone(),
        visibility: unit.spec.visibility,
    })
}

pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what is stored has a JSON form: string keys, no failing serializer")
}

/// Where a unit stands in its owner's list.
pub(crate) fn listed(unit: &Unit) -> String {
    format!("{:017}#{}", unit.created_at.as_microsecond(), unit.id)
}

pub(crate) fn write(unit: &Unit) -> Item {
    let mut item = Item::from([
        (PK.to_owned(), text(keys::unit(&unit.id))),
        (SK.to_owned(), text(META)),
        ("kind".to_owned(), text(unit.kind.word())),
        ("status".to_owned(), text(unit.status.word())),
        ("owner".to_owned(), text(unit.owner.as_str())),
        ("listed".to_owned(), text(listed(unit))),
        ("epoch".to_owned(), number(unit.lease.epoch)),
        ("hop".to_owned(), number(unit.lease.hop)),
        ("fruitless".to_owned(), number(unit.lease.fruitless)),
        ("round".to_owned(), number(unit.round)),
        ("seq".to_owned(), number(unit.seq)),
        ("changes".to_owned(), number(unit.changes)),
        ("created_at".to_owned(), time(unit.created_at)),
        ("modified_at".to_owned(), time(unit.modified_at)),
        ("expires_at".to_owned(), expiry(unit.expires_at)),
        ("counts".to_owned(), text(json(&unit.counts))),
        ("spec".to_owned(), bytes(pack_json(&unit.spec))),
        ("asks".to_owned(), bytes(pack_json(&unit.asks))),
        ("progress".to_owned(), bytes(pack_json(&unit.progress))),
        ("summary".to_owned(), text(brief(unit))),
    ]);
    let mut put = |name: &str, value: Option<_>| {
        if let Some(value) = value {
            item.insert(name.to_owned(), value);
        }
    };
    put("holder", unit.lease.holder.clone().map(text));
    put("due_at", unit.lease.due_at.map(due));
    put("due_shard", unit.lease.due_at.map(|_| text(keys::due_shard(&unit.id))));
    put("started_at", unit.started_at.map(time));
    put("completed_at", unit.completed_at.map(time));
    put("sealed", unit.sealed.clone().map(text));
    item
}

/// A due time: milliseconds since 1970.
pub(crate) fn due(at: Timestamp) -> aws_sdk_dynamodb::types::AttributeValue {
    number(at.as_millisecond())
}

/// Reads a living or ended unit; none for a tombstone, which keeps nothing of it.
pub(crate) fn read(item: &Item) -> Result<Option<Unit>> {
    let reader = Reader::new(item);
    let status = status(&reader)?;
    if status == Status::Deleted {
        return Ok(None);
    }
    let id = id(&reader)?;
    Ok(Some(Unit {
        id,
        kind: kind(&reader)?,
        owner: OwnerId::new(reader.text("owner")?),
        status,
        lease: lease(&reader)?,
        round: reader.number("round")?,
        seq: reader.number("seq")?,
        changes: reader.number("changes")?,
        created_at: reader.time("created_at")?,
        started_at: reader.time_if_any("started_at")?,
        completed_at: reader.time_if_any("completed_at")?,
        modified_at: reader.time("modified_at")?,
        expires_at: reader.expiry("expires_at")?,
        counts: reader.json::<Counts>("counts")?,
        spec: reader.packed("spec")?,
        asks: reader.packed("asks")?,
        progress: reader.packed("progress")?,
        sealed: reader.text_if_any("sealed").map(str::to_owned),
    }))
}

pub(crate) fn id(reader: &Reader<'_>) -> Result<UnitId> {
    let id = reader.text(PK)?.strip_prefix("U#").unwrap_or_default();
    id.parse().map_err(|error| Error::corrupt(reader.name(), error))
}

pub(crate) fn status(reader: &Reader<'_>) -> Result<Status> {
    let word = reader.text("status")?;
    Status::ALL
        .into_iter()
        .find(|status| status.word() == word)
        .ok_or_else(|| Error::corrupt(reader.name(), format!("status: unknown word {word}")))
}

pub(crate) fn kind(reader: &Reader<'_>) -> Result<Kind> {
    match reader.text("kind")? {
        "group" => Ok(Kind::Group),
        "task" => Ok(Kind::Task),
        word => Err(Error::corrupt(reader.name(), format!("kind: unknown word {word}"))),
    }
}

/// The time of the last nudge; a holder's write puts the beginning of all times where there was none.
pub(crate) fn nudged_at(reader: &Reader<'_>) -> Result<Option<Timestamp>> {
    Ok(reader.time_if_any("nudged_at")?.filter(|at| *at != Timestamp::UNIX_EPOCH))
}

pub(crate) fn lease(reader: &Reader<'_>) -> Result<Lease> {
    let due_at = reader.number_if_any::<i64>("due_at")?;
    let due_at = due_at.map(Timestamp::from_millisecond).transpose();
    Ok(Lease {
        epoch: reader.number("epoch")?,
        hop: reader.number("hop")?,
        holder: reader.text_if_any("holder").map(str::to_owned),
        due_at: due_at.map_err(|error| Error::corrupt(reader.name(), error))?,
        fruitless: reader.number_if_any("fruitless")?.unwrap_or(0),
        claimed_before: reader.time_if_any("claimed_before")?,
        nudged_at: nudged_at(reader)?,
    })
}
