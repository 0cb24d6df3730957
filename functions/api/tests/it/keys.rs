//! A key is sealed, and nowhere else: not in the tables, not in messages, not in answers.

use std::fmt::Write;
use std::io::Read;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::read::DeflateDecoder;
use serde_json::json;

use crate::world::{KEY, World, group};

/// Every attribute of every item, as text.
pub(crate) async fn everything_stored(world: &World) -> String {
    let client = Client::new(&cloud::config(Some(&world.tables_endpoint)).await);
    let mut text = String::new();
    for table in ["units", "outbox"] {
        let found = client.scan().table_name(table).send().await.expect("a table");
        for item in found.items() {
            for (name, value) in item {
                let value = match value {
                    AttributeValue::S(value) | AttributeValue::N(value) => value.clone(),
                    AttributeValue::B(bytes) => unpacked(bytes.as_ref()),
                    other => panic!("{other:?}"),
                };
                let _ = writeln!(text, "{name}={value}");
            }
        }
    }
    text
}

/// A packed value: a tag, then its bytes, deflated where the tag is 1.
fn unpacked(bytes: &[u8]) -> String {
    let (tag, packed) = bytes.split_first().expect("a tag");
    let mut value = packed.to_vec();
    if *tag == 1 {
        value.clear();
        DeflateDecoder::new(packed).read_to_end(&mut value).expect("it was deflated");
    }
    String::from_utf8(value).expect("JSON")
}

#[tokio::test]
async fn a_key_appears_nowhere_in_answers_messages_or_stored_items() {
    let world = World::start().await;
    let secret = format!("whsec_{}", "Q".repeat(32));
    let mut body = group(&json!(["a", "b"]));
    body["webhook_url"] = world.lists.url("hook").into();
    body["webhook_secret"] = secret.clone().into();
    body["mcp_servers"] =
        json!([{"name": "m", "url": "https://mcp.example", "headers": {"k": "mcp-secret-9"}}]);
    let keyed = [("idempotency-key", "k1")];
    let mut answers = vec![world.ask("POST", "/v1beta/tasks/groups", &keyed, body.to_string()).await];
    let id = answers[0].id();
    let wrong = json!({"api_key": KEY, "webhook_secret": "whsec_wrong-secret", "inputs": 7}).to_string();
    for (method, path, body) in [
        ("POST", "/v1beta/tasks/groups".to_owned(), wrong),
        ("POST", format!("/{id}/runs"), r#"{"inputs": ["c"]}"#.to_owned()),
        ("POST", format!("/{id}/cancel"), String::new()),
        ("POST", format!("/{id}/retry"), String::new()),
        ("GET", "/v1beta/tasks/groups".to_owned(), String::new()),
        ("GET", "/v1beta/webhooks/secret".to_owned(), String::new()),
        ("POST", format!("/{id}/deliveries/webhook/redeliver"), String::new()),
        ("GET", "/".to_owned(), String::new()),
    ] {
        answers.push(world.ask(method, &path, &[], body).await);
    }
    let mut seen = everything_stored(&world).await;
    assert!(seen.contains("pk=U#") && seen.contains("pk=K#") && seen.contains("pk=O#"), "{seen}");
    for answer in &answers {
        let _ = writeln!(seen, "{:?}\n{}", answer.headers, answer.text);
    }
    for queue in ["runs", "deliveries"] {
        for message in world.queues.taken(queue) {
            let _ = writeln!(seen, "{message}");
        }
    }
    for hidden in [KEY, secret.as_str(), "mcp-secret-9", "wrong-secret"] {
        assert!(!seen.contains(hidden), "{hidden} is there");
    }
}
