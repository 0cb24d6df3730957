//! Who may read what, and what is no more.

use std::time::Duration;

use domain::delivery::State;
use domain::group::Output;
use domain::unit::Visibility;

use crate::made::{completed, delivery};
use crate::world::{KEY, World};

#[tokio::test]
async fn what_was_never_there_is_404_in_every_place() {
    let world = World::start().await;
    let unknown = "a".repeat(26);
    for path in [
        format!("/{unknown}"),
        format!("/{unknown}.json"),
        format!("/{unknown}.sse"),
        format!("/{unknown}/events"),
        format!("/{unknown}/runs"),
        format!("/{unknown}/runs/0"),
        format!("/{unknown}/deliveries"),
        "/favicon.ico".to_owned(),
        "/no-id".to_owned(),
    ] {
        let answer = world.get(&path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (404, "application/problem+json"),
            "{path}"
        );
        assert_eq!(answer.json()["status"], 404, "{path}");
        assert!(answer.json()["error"].is_string());
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
}

#[tokio::test]
async fn an_expired_group_is_410_while_its_item_still_is_there() {
    let world = World::start().await;
    let group = world.group(&["1"], Output::Auto).await;
    assert_eq!(world.get(&group.path("")).await.status, 200);
    world.clock.advance(Duration::from_hours(24 * 31));
    for rest in ["", ".html", ".sse", "/events", "/runs"] {
        assert_eq!(world.get(&group.path(rest)).await.status, 410, "{rest}");
    }
}

#[tokio::test]
async fn a_deleted_group_is_404() {
    let world = World::start().await;
    let group = world.group(&["1"], Output::Auto).await;
    let (unit, now) = (&group.unit, world.clock.now());
    world.store.delete(unit, now, now, unit.expires_at).await.expect("a delete");
    assert_eq!(world.get(&group.path(".json")).await.status, 404);
}

#[tokio::test]
async fn a_group_for_its_owner_only_is_shown_to_its_owner_only() {
    let world = World::start().await;
    let group = world.group_with(&["1"], Output::Auto, |unit| unit.spec.visibility = Visibility::Key).await;
    let bearer = format!("Bearer {KEY}");
    for rest in ["", ".html", ".sse", "/events", "/runs", "/runs/0"] {
        let path = group.path(rest);
        let nobody = world.send_status(&path, &[]).await;
        let other = world.send_status(&path, &[("x-api-key", "another")]).await;
        let owner = world.send_status(&path, &[("x-api-key", KEY)]).await;
        let by_bearer = world.send_status(&path, &[("authorization", &bearer)]).await;
        assert_eq!((nobody, other, owner, by_bearer), (401, 403, 200, 200), "{rest}");
    }
}

#[tokio::test]
async fn the_log_of_deliveries_is_the_owners_and_holds_no_secret() {
    let world = World::start().await;
    let mut group = world.group(&["1"], Output::Auto).await;
    group.store(&[completed(0, "{}")]).await;
    let now = world.clock.now();
    let url = "https://hooks.example/path";
    let delivery = delivery(&group.unit, url, now, State::Pending { attempt: 2, due_at: now });
    group.finish_with(&[delivery]).await;
    let path = group.path("/deliveries");
    assert_eq!(world.get(&path).await.status, 401);
    assert_eq!(world.get_with(&path, &[("x-api-key", "another")]).await.status, 403);
    let log = world.get_with(&path, &[("x-api-key", KEY)]).await;
    let entry = &log.json()["deliveries"][0];
    assert_eq!(
        (entry["url"].as_str(), entry["state"].as_str()),
        (Some("https://hooks.example/path"), Some("pending"))
    );
    assert_eq!(entry["attempts"][0]["outcome"]["answered"]["status"], 500);
    assert!(!log.text.contains("sealed-secret") && !log.text.contains("the-body"));
}

#[tokio::test]
async fn every_route_of_the_table_that_is_ours_is_answered_by_us() {
    let world = World::start().await;
    let group = world.group(&["1"], Output::Auto).await;
    let ours = web::routes::ROUTES.iter().filter(|route| route.function == web::routes::Function::Results);
    for route in ours {
        let path = route
            .path
            .replace("{id}", group.unit.id.as_str())
            .replace("{task}", group.unit.id.as_str())
            .replace("{n}", "0");
        assert_eq!(world.send_status(&path, &[("x-api-key", KEY)]).await, 200, "{path}");
    }
}
