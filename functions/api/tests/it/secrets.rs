//! The signing secret of an owner.

use std::time::Duration;

use serde_json::Value;
use vault::webhook::SigningSecret;

use crate::world::{World, request, send};

const SHOW: &str = "/v1beta/webhooks/secret";
const ROTATE: &str = "/v1beta/webhooks/secret/rotate";

fn secret(answer: &Value) -> String {
    answer["secret"].as_str().expect("a secret").to_owned()
}

#[tokio::test]
async fn a_secret_is_made_once_shown_to_its_owner_and_sealed_as_the_webhook_function_opens_it() {
    let world = World::start().await;
    let shown = world.get(SHOW).await;
    assert_eq!((shown.status.as_u16(), shown.header("cache-control")), (200, "no-store"));
    let first = secret(&shown.json());
    assert!(first.parse::<SigningSecret>().is_ok());
    assert_eq!(secret(&world.get(SHOW).await.json()), first);
    let other = world.ask("GET", SHOW, &[("x-api-key", "another")], "").await;
    assert_ne!(secret(&other.json()), first);
    let kept = world.store.signing_secrets(&world.owner()).await.expect("a table").expect("secrets");
    let opened = world.sealer.open(&kept.sealed, &format!("owner:{}", world.owner())).expect("ours");
    assert_eq!(opened.expose(), first);
    assert_eq!(world.ask("GET", SHOW, &[("x-api-key", "")], "").await.status.as_u16(), 401);
}

#[tokio::test]
async fn after_a_rotation_both_secrets_are_shown_for_a_day() {
    let world = World::start().await;
    let first = secret(&world.get(SHOW).await.json());
    let rotated = world.ask("POST", ROTATE, &[], "").await.json();
    assert_ne!(secret(&rotated), first);
    assert_eq!(secret(&rotated["previous"]), first);
    assert_eq!(world.get(SHOW).await.json(), rotated);
    world.clock.advance(Duration::from_hours(24));
    let later = world.get(SHOW).await.json();
    assert_eq!((secret(&later), &later["previous"]), (secret(&rotated), &Value::Null));
}

#[tokio::test]
async fn of_two_first_looks_at_the_same_time_both_see_one_secret() {
    let world = World::start().await;
    let mut held = world.gate.hold("PutItem");
    let slow = tokio::spawn({
        let service = world.service.clone();
        async move { send(&service, request("GET", SHOW, &[], "")).await }
    });
    held.arrived().await;
    let quick = world.get(SHOW).await;
    held.release();
    assert_eq!(slow.await.expect("an answer").json(), quick.json());
}

#[tokio::test]
async fn two_rotations_at_the_same_time_lose_no_secret() {
    let world = World::start().await;
    let first = secret(&world.get(SHOW).await.json());
    let mut held = world.gate.hold("PutItem");
    let slow = tokio::spawn({
        let service = world.service.clone();
        async move { send(&service, request("POST", ROTATE, &[], "")).await }
    });
    held.arrived().await;
    let quick = world.ask("POST", ROTATE, &[], "").await.json();
    held.release();
    let slow = slow.await.expect("an answer").json();
    assert_eq!((secret(&quick["previous"]), secret(&slow["previous"])), (first, secret(&quick)));
}

#[tokio::test]
async fn a_secret_that_cannot_be_opened_says_so_and_a_rotation_helps() {
    let world = World::start().await;
    let foreign = store::SigningSecrets { sealed: "AQ".to_owned(), made_at: world.clock.now(), before: None };
    assert!(world.store.put_signing_secrets(&world.owner(), None, &foreign).await.expect("a table"));
    let answer = world.get(SHOW).await;
    assert_eq!(answer.status.as_u16(), 409);
    assert!(answer.text.contains(ROTATE), "{}", answer.text);
    assert_eq!(world.ask("POST", ROTATE, &[], "").await.json()["previous"], Value::Null);
    assert_eq!(world.get(SHOW).await.status.as_u16(), 200);
}
