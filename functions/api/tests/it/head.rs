//! HEAD of units, which on API Gateway is this function's.

use std::time::Duration;

use serde_json::json;

use crate::world::{World, group};

#[tokio::test]
async fn head_begins_as_get_would_and_has_no_body() {
    let world = World::start().await;
    let id = world.created(&group(&json!(["a"]))).await.id;
    for (path, accept, content_type) in [
        (format!("/{id}"), "", "application/json"),
        (format!("/{id}"), "text/html,*/*", "text/html; charset=utf-8"),
        (format!("/{id}.csv"), "text/html", "text/csv; charset=utf-8; header=present"),
        (format!("/{id}/events"), "", "text/event-stream"),
        (format!("/{id}/runs"), "", "application/json"),
        (format!("/{id}/runs/0"), "", "application/json"),
        (format!("/{id}/deliveries"), "", "application/json"),
        ("/health".to_owned(), "", "application/json"),
    ] {
        let answer = world.ask("HEAD", &path, &[("accept", accept)], "").await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, content_type), "{path}");
        assert_eq!(answer.text, "", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
}

#[tokio::test]
async fn head_tells_no_more_than_get_would() {
    let world = World::start().await;
    let mut body = group(&json!(["a"]));
    body["visibility"] = "key".into();
    let id = world.created(&body).await.id;
    let nobody = [("x-api-key", "")];
    let other = [("x-api-key", "another")];
    for path in [format!("/{id}"), format!("/{id}/events"), format!("/{id}/deliveries")] {
        assert_eq!(world.ask("HEAD", &path, &nobody, "").await.status.as_u16(), 401, "{path}");
        assert_eq!(world.ask("HEAD", &path, &other, "").await.status.as_u16(), 403, "{path}");
        assert_eq!(world.ask("HEAD", &path, &[], "").await.status.as_u16(), 200, "{path}");
    }
    let unknown = "a".repeat(26);
    for path in [
        format!("/{unknown}.json"),
        format!("/{id}.xml"),
        format!("/{id}/runs/1"),
        format!("/{id}/retry"),
        "/x".to_owned(),
    ] {
        let status = world.ask("HEAD", &path, &[], "").await.status.as_u16();
        assert_eq!(status, if path.ends_with("retry") { 405 } else { 404 }, "{path}");
    }
    world.clock.advance(Duration::from_hours(24 * 31));
    assert_eq!(world.ask("HEAD", &format!("/{id}"), &[], "").await.status.as_u16(), 410);
}
