//! Only its owner changes a group.

use std::time::Duration;

use serde_json::json;
use vault::Secret;
use web::Access;

use crate::world::{World, group};

const CHANGES: [(&str, &str, &str); 5] = [
    ("POST", "/runs", r#"{"inputs": ["b"]}"#),
    ("POST", "/retry", ""),
    ("POST", "/cancel", ""),
    ("POST", "/deliveries/webhook/redeliver", ""),
    ("DELETE", "", ""),
];

#[tokio::test]
async fn nobody_is_401_and_somebody_else_403_whatever_is_to_be_changed() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    for (method, rest, body) in CHANGES {
        let path = format!("/{}{rest}", unit.id);
        let nobody = world.ask(method, &path, &[("x-api-key", "")], body).await;
        let other = world.ask(method, &path, &[("x-api-key", "another")], body).await;
        assert_eq!((nobody.status.as_u16(), other.status.as_u16()), (401, 403), "{method} {path}");
        assert_eq!(nobody.header("www-authenticate"), "Bearer");
    }
    let now = world.unit(&unit.id).await;
    assert_eq!((now.changes, now.status), (unit.changes, unit.status));
}

#[tokio::test]
async fn what_has_expired_is_410_while_its_item_still_is_there() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    world.clock.advance(Duration::from_hours(24 * 31));
    for (method, rest, body) in CHANGES {
        let answer = world.ask(method, &format!("/{}{rest}", unit.id), &[], body).await;
        assert_eq!(answer.status.as_u16(), 410, "{method} {rest}");
    }
}

#[tokio::test]
async fn a_bearer_is_the_same_owner_as_the_key_header() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    let bearer = format!("Bearer {}", crate::world::KEY);
    let headers = [("x-api-key", ""), ("authorization", bearer.as_str())];
    let answer = world.ask("POST", &format!("/{}/cancel", unit.id), &headers, "").await;
    assert_eq!(answer.status.as_u16(), 200);
}

#[tokio::test]
async fn with_a_server_key_a_token_is_needed_and_the_work_is_bought_with_the_servers() {
    let access = Access {
        server_key: Some(Secret::new("server-key")),
        tokens: vec![Secret::new("token-1")],
        ..Access::default()
    };
    let world = World::with(access).await;
    assert_eq!(world.create(&group(&json!(["a"]))).await.status.as_u16(), 401, "the key is no token");
    let body = group(&json!(["a"])).to_string();
    let answer = world.ask("POST", "/v1beta/tasks/groups", &[("x-api-key", "token-1")], body).await;
    let unit = world.unit(&answer.id()).await;
    let opened = world.sealer.open(&unit.sealed.expect("a key"), unit.id.as_str()).expect("ours");
    assert!(opened.expose().contains("server-key") && !opened.expose().contains("token-1"));
}
