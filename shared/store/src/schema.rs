//! The tables as they must be: made here for the embedded default and the tests, and by `template.yaml` on AWS.
//!
//! A test holds the template against these definitions. Invariant: `units` has no stream; `outbox` has one.

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
};

use crate::keys::{PK, SK};
use crate::{Error, Result, Store};

/// An index of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Its partition key.
    pub hash: &'static str,
    /// Its sort key, and whether that is a number.
    pub range: (&'static str, bool),
    /// The attributes that it projects besides the keys.
    pub projects: &'static [&'static str],
}

/// What the sweep looks for: sparse, spread over 16 shards.
pub const DUE: Index = Index { name: "due", hash: "due_shard", range: ("due_at", true), projects: &[] };

/// An owner's units by the time of their creation.
pub const BY_OWNER: Index = Index {
    name: "by_owner",
    hash: "owner",
    range: ("listed", false),
    projects: &["kind", "status", "counts", "created_at", "completed_at", "expires_at", "summary"],
};

/// The attribute that DynamoDB's TTL looks at.
pub const TTL: &str = "expires_at";

impl Store {
    /// Makes both tables where they do not exist yet, with their indexes, TTL and stream. Doing it twice changes nothing.
    pub async fn create_tables(&self) -> Result<()> {
        self.create_table(&self.tables.units, &[BY_OWNER, DUE], false).await?;
        self.create_table(&self.tables.outbox, &[DUE], true).await
    }

    /// The ARN of the outbox's stream, if the table exists and has one.
    pub async fn outbox_stream(&self) -> Result<Option<String>> {
        let table = self.client.describe_table().table_name(&self.tables.outbox).send().await?;
        Ok(table.table.and_then(|table| table.latest_stream_arn))
    }

    async fn create_table(&self, table: &str, indexes: &[Index], stream: bool) -> Result<()> {
        let make = |error| Error::unavailable(format!("the table cannot be described: {error}"));
        let mut create = self
            .client
            .create_table()
            .table_name(table)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(key_schema(PK, SK).map_err(make)?));
        let mut attributes = vec![(PK, false), (SK, false)];
        for index in indexes {
            attributes.extend([(index.hash, false), index.range]);
            create = create.global_secondary_indexes(gsi(index).map_err(make)?);
        }
        for (name, is_number) in attributes {
            let kind = if is_number { ScalarAttributeType::N } else { ScalarAttributeType::S };
            let definition = AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build();
            create = create.attribute_definitions(definition.map_err(make)?);
        }
        if stream {
            let specification = StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewImage)
                .build();
            create = create.stream_specification(specification.map_err(make)?);
        }
        match create.send().await {
            Ok(_) => {}
            Err(error)
                if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        self.await_active(table).await?;
        let ttl =
            TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true).build().map_err(make)?;
        self.client.update_time_to_live().table_name(table).time_to_live_specification(ttl).send().await?;
        Ok(())
    }

    async fn await_active(&self, table: &str) -> Result<()> {
        use aws_sdk_dynamodb::client::Waiters;
        let waited =
            self.client.wait_until_table_exists().table_name(table).wait(std::time::Duration::from_mins(1));
        waited.await.map(|_| ()).map_err(|error| Error::unavailable(error.to_string()))
    }
}

type BuildResult<T> = std::result::Result<T, aws_sdk_dynamodb::error::BuildError>;

fn key_schema(hash: &str, range: &str) -> BuildResult<Vec<KeySchemaElement>> {
    [(hash, KeyType::Hash), (range, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build())
        .collect()
}

fn gsi(index: &Index) -> BuildResult<GlobalSecondaryIndex> {
    let projection = if index.projects.is_empty() {
        Projection::builder().projection_type(ProjectionType::KeysOnly).build()
    } else {
        let names = index.projects.iter().map(|&name| name.to_owned()).collect();
        Projection::builder()
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(names))
            .build()
    };
    GlobalSecondaryIndex::builder()
        .index_name(index.name)
        .set_key_schema(Some(key_schema(index.hash, index.range.0)?))
        .projection(projection)
        .build()
}
