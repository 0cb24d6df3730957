//! The tables: what the template makes and what the store makes for itself are the same.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, GlobalSecondaryIndexDescription, KeySchemaElement, Projection,
};
use deployment::Template;
use serde_json::{Value, json};

use crate::world::{TABLES, Tabled};

fn keys(schema: &[KeySchemaElement]) -> Value {
    let keys = schema
        .iter()
        .map(|key| json!({"AttributeName": key.attribute_name, "KeyType": key.key_type.as_str()}));
    keys.collect()
}

fn definitions(definitions: &[AttributeDefinition]) -> BTreeMap<String, String> {
    let pairs =
        definitions.iter().map(|made| (made.attribute_name.clone(), made.attribute_type.as_str().to_owned()));
    pairs.collect()
}

fn projection(projection: &Projection) -> Value {
    let mut made = json!({"ProjectionType": projection.projection_type.as_ref().map(aws_sdk_dynamodb::types::ProjectionType::as_str)});
    if !projection.non_key_attributes().is_empty() {
        made["NonKeyAttributes"] = projection.non_key_attributes().into();
    }
    made
}

fn index(index: &GlobalSecondaryIndexDescription) -> (String, Value) {
    let name = index.index_name.clone().expect("an index has a name");
    let projection = projection(index.projection.as_ref().expect("an index projects"));
    (
        name.clone(),
        json!({"IndexName": name, "KeySchema": keys(index.key_schema()), "Projection": projection}),
    )
}

#[tokio::test]
async fn the_templates_tables_are_the_stores() {
    let Some(template) = Template::with(&[]) else { return };
    let tabled = Tabled::start().await;
    for (name, table) in TABLES {
        let planned = template.properties(name);
        let made = tabled.client.describe_table().table_name(table).send().await.expect("the table is there");
        let made = made.table.expect("it is described");
        assert_eq!(planned["KeySchema"], keys(made.key_schema()), "{name}");
        let attributes = planned["AttributeDefinitions"].as_array().expect("attributes").iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let attributes: BTreeMap<_, _> = attributes
            .map(|planned| (text(&planned["AttributeName"]), text(&planned["AttributeType"])))
            .collect();
        assert_eq!(attributes, definitions(made.attribute_definitions()), "{name}");

        let indexes = planned["GlobalSecondaryIndexes"].as_array().expect("indexes").iter();
        let indexes: BTreeMap<_, _> =
            indexes.map(|planned| (text(&planned["IndexName"]), planned.clone())).collect();
        let made_indexes: BTreeMap<_, _> = made.global_secondary_indexes().iter().map(index).collect();
        assert_eq!(indexes, made_indexes, "{name}");

        let stream = made.stream_specification.and_then(|made| made.stream_view_type);
        let stream = stream.map(|kind| kind.as_str().to_owned());
        assert_eq!(planned["StreamSpecification"]["StreamViewType"].as_str(), stream.as_deref(), "{name}");

        let ttl = tabled.client.describe_time_to_live().table_name(table).send().await.expect("it answers");
        let ttl = ttl.time_to_live_description.and_then(|made| made.attribute_name).expect("items expire");
        assert_eq!(
            planned["TimeToLiveSpecification"],
            json!({"AttributeName": ttl, "Enabled": true}),
            "{name}"
        );
    }
}

#[test]
fn the_units_have_no_stream_and_both_tables_are_safe() {
    let Some(template) = Template::with(&[]) else { return };
    assert!(template.properties("Units").get("StreamSpecification").is_none());
    for (name, _) in TABLES {
        let table = template.properties(name);
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{name}");
        assert_eq!(table["SSESpecification"]["SSEEnabled"], true, "{name}");
        assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true, "{name}");
    }
}
