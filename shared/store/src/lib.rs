//! The two DynamoDB tables: the only crate that knows keys and attributes.
//!
//! `units` holds everything of a unit and has no stream; `outbox` holds what must be told to the outside and has one.
//! A module per aggregate; each method is one access pattern, and says which condition makes a repetition harmless.
//! Invariants: a result is written before the status that announces it; every write of a unit after its claim is
//! conditional on the claim's epoch; every item carries `expires_at`.

mod attributes;
mod cache;
mod conflict;
mod error;
mod events;
mod heard;
mod idempotency;
mod inputs;
mod keys;
mod known_as;
mod measured;
mod outbox;
mod owner;
mod purchases;
mod quota;
mod remove;
mod runs;
pub mod schema;
mod slots;
mod transact;
mod unit;
mod value;

pub use cache::Cached;
pub use error::Error;
pub use idempotency::{Idempotent, Remembered};
pub use known_as::own_id;
pub use outbox::{DueDelivery, Endpoint, Taken, delivery_of};
pub use owner::SigningSecrets;
pub use purchases::PurchasePlace;
pub use quota::Quota;
pub use unit::claim::Claim;
pub use unit::create::Created;
pub use unit::due::Due;
pub use unit::list::{Page, Summary};
pub use unit::outside::{Appended, Change};
pub use unit::save::Saved;
pub use unit::together::{Ready, TOGETHER};

use aws_sdk_dynamodb::Client;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The names of the two tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// Units, their inputs, runs and events.
    pub units: String,
    /// Deliveries.
    pub outbox: String,
}

/// The two tables, behind a client; clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    tables: Tables,
}

impl Store {
    /// The tables of that name, in the account that `config` reaches. They need not exist yet; see [`schema`].
    #[must_use]
    pub fn new(config: &aws_config::SdkConfig, tables: Tables) -> Self {
        let config = aws_sdk_dynamodb::config::Builder::from(config).retry_classifier(conflict::Conflicts);
        Self { client: Client::from_conf(config.build()), tables }
    }

    /// Asks the tables whether they are there: what a health check needs to know, and what opens the connections.
    pub async fn ping(&self) -> Result<()> {
        for table in [&self.tables.units, &self.tables.outbox] {
            self.client
                .get_item()
                .table_name(table)
                .key(keys::PK, attributes::text("PING"))
                .key(keys::SK, attributes::text("PING"))
                .send()
                .await?;
        }
        Ok(())
    }
}
