//! An owner's units, newest first, page by page.

use domain::run::Counts;
use domain::unit::{Kind, Status, Visibility};
use domain::{OwnerId, UnitId};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::item::{self, Brief};
use crate::attributes::{Reader, text};
use crate::{Error, Result, Store, schema};

/// What a list shows of a unit.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Its id.
    pub id: UnitId,
    /// What kind of work it is.
    pub kind: Kind,
    /// Where it stands.
    pub status: Status,
    /// How many of its runs stand where.
    pub counts: Counts,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// When it will be gone.
    pub expires_at: Timestamp,
    /// The processor, if chosen.
    pub processor: Option<String>,
    /// The caller's metadata.
    pub metadata: Map<String, Value>,
    /// `text`, `json` or `auto`.
    pub output_type: String,
    /// The beginning of its first input, if known.
    pub preview: Option<String>,
    /// Who may read it.
    pub visibility: Visibility,
    /// Where it stands in the list: the cursor from which the next page goes on.
    pub cursor: String,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// The units, newest first; expired ones are left out.
    pub units: Vec<Summary>,
    /// From where to go on; none at the end.
    pub next: Option<String>,
}

impl Store {
    /// Up to `limit` units of this owner, created within `from..to`, older than the `cursor`.
    pub async fn list(
        &self,
        owner: &OwnerId,
        created: std::ops::Range<Timestamp>,
        cursor: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Page> {
        let position = |at: Timestamp| format!("{:017}", at.as_microsecond().max(0));
        let upper = match cursor {
            Some(cursor) => cursor.to_owned(),
            None => position(created.end),
        };
        let index = schema::BY_OWNER;
        let mut units = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.tables.units)
                .index_name(index.name)
                .key_condition_expression("#owner = :owner AND listed BETWEEN :from AND :to")
                .expression_attribute_names("#owner", index.hash)
                .expression_attribute_values(":owner", text(owner.as_str()))
                .expression_attribute_values(":from", text(position(created.start)))
                .expression_attribute_values(":to", text(upper.as_str()))
                .scan_index_forward(false)
                .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await?;
            for found in page.items.unwrap_or_default() {
                let summary = summary(&found)?;
                // BETWEEN includes its ends, and a cursor names the last unit shown
                if cursor != Some(summary.cursor.as_str()) && summary.expires_at > now {
                    units.push(summary);
                }
                if units.len() > limit {
                    units.truncate(limit);
                    let next = units.last().map(|last| last.cursor.clone());
                    return Ok(Page { units, next });
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(Page { units, next: None });
            }
        }
    }
}

fn summary(found: &crate::attributes::Item) -> Result<Summary> {
    let reader = Reader::new(found);
    let brief: Brief = reader.json("summary")?;
    Ok(Summary {
        id: item::id(&reader)?,
        kind: item::kind(&reader)?,
        status: item::status(&reader)?,
        counts: reader.json("counts")?,
        created_at: reader.time("created_at")?,
        completed_at: reader.time_if_any("completed_at")?,
        expires_at: reader.expiry("expires_at").map_err(|_| Error::corrupt(reader.name(), "expires_at"))?,
        processor: brief.processor,
        metadata: brief.metadata,
        output_type: brief.output_type,
        preview: brief.preview,
        visibility: brief.visibility,
        cursor: reader.text("listed")?.to_owned(),
    })
}
