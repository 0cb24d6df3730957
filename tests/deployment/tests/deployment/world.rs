//! The embedded AWS with our tables in it, for tests that need to see them.

use std::time::Duration;

use ambient::Clock;
use multitask::data_dir::DataDir;
use multitask::dynamo::Dynamo;
use multitask::sdk;
use store::{Store, Tables};

/// An embedded DynamoDB with both tables.
pub(crate) struct Tabled {
    /// What reaches it.
    pub(crate) client: aws_sdk_dynamodb::Client,
    _dynamo: Dynamo,
    _data: DataDir,
    _folder: tempfile::TempDir,
}

/// The names of the tables, as the template's references to them read.
pub(crate) const TABLES: [(&str, &str); 2] = [("Units", "units"), ("Outbox", "outbox")];

impl Tabled {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = DataDir::open(folder.path()).expect("it can be locked");
        let dynamo = Dynamo::start(&data, Clock::system(), Duration::from_hours(1)).await.expect("it starts");
        let config = sdk::config(dynamo.endpoint());
        let store = Store::new(&config, Tables { units: "units".to_owned(), outbox: "outbox".to_owned() });
        store.create_tables().await.expect("the tables are made");
        let client = aws_sdk_dynamodb::Client::new(&config);
        Self { client, _dynamo: dynamo, _data: data, _folder: folder }
    }
}
