use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};

use super::*;
use crate::sdk;

async fn table(client: &Client) {
    let (pk, string) = ("pk", ScalarAttributeType::S);
    client
        .create_table()
        .table_name("units")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(
            AttributeDefinition::builder().attribute_name(pk).attribute_type(string).build().unwrap(),
        )
        .key_schema(KeySchemaElement::builder().attribute_name(pk).key_type(KeyType::Hash).build().unwrap())
        .send()
        .await
        .unwrap();
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires_at").build().unwrap();
    client.update_time_to_live().table_name("units").time_to_live_specification(ttl).send().await.unwrap();
}

async fn put(client: &Client, pk: &str, expires_at: i64) {
    client
        .put_item()
        .table_name("units")
        .item("pk", AttributeValue::S(pk.into()))
        .item("expires_at", AttributeValue::N(expires_at.to_string()))
        .send()
        .await
        .unwrap();
}

async fn has(client: &Client, pk: &str) -> bool {
    let key = AttributeValue::S(pk.into());
    client.get_item().table_name("units").key("pk", key).send().await.unwrap().item.is_some()
}

#[tokio::test]
async fn items_outlive_a_restart_and_not_their_time() {
    let root = tempfile::tempdir().unwrap();
    let data = DataDir::open(root.path()).unwrap();
    let clock = Clock::system();
    let sweep_every = Duration::from_mins(1);

    let dynamo = Dynamo::start(&data, clock.clone(), sweep_every).await.unwrap();
    let client = Client::new(&sdk::config(dynamo.endpoint()));
    table(&client).await;
    put(&client, "kept", clock.now().as_second() + 3600).await;
    put(&client, "past", clock.now().as_second() - 3600).await;
    dynamo.stop().await;

    let dynamo = Dynamo::start(&data, clock.clone(), sweep_every).await.unwrap();
    let client = Client::new(&sdk::config(dynamo.endpoint()));
    assert!(has(&client, "kept").await && has(&client, "past").await);
    clock.advance(sweep_every);
    while has(&client, "past").await {
        tokio::task::yield_now().await;
    }
    assert!(has(&client, "kept").await);
    dynamo.stop().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("dynamodb.sqlite"), "certainly not a database, and long enough to tell")
        .unwrap();
    let data = DataDir::open(root.path()).unwrap();
    let error = Dynamo::start(&data, Clock::system(), Duration::from_mins(1)).await.unwrap_err();
    assert!(error.to_string().contains("dynamodb.sqlite"), "{error}");
}
