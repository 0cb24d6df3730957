//! Webhooks of the upstream: whom they wake, and what of them is refused or changes nothing.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use domain::UnitId;
use domain::run::Counts;
use domain::unit::Unit;
use serde_json::{Value, json};
use store::{Claim, Saved};
use vault::Secret;
use vault::webhook::SigningSecret;
use web::Access;

use crate::keys::everything_stored;
use crate::world::{Answer, UPSTREAM_SECRET, World, group, send, store_at};

/// A secret whose bytes are the text of the upstream's: old accounts sign with those.
const LEGACY: &str = "whsec_d2hzZWNfZEdobExYVndjM1J5WldGdGN5MXpaV055WlhRdGIyWXRkR1Z6ZEhNPQ==";
const PATH: &str = "/webhooks/parallel";

/// A world in which callers use the server's key, so that its units wait for webhooks.
async fn world() -> World {
    let (server_key, tokens) = (Some(Secret::new("server")), vec![Secret::new(crate::world::KEY)]);
    World::with(Access { server_key, tokens, ..Access::default() }).await
}

/// A unit that a runner holds.
async fn held(world: &World) -> Unit {
    let unit = world.created(&group(&json!(["a", "b"]))).await;
    let now = world.clock.now();
    let claim = world
        .store
        .claim(&unit.id, 0, "m1", now + Duration::from_mins(10), jiff::Timestamp::MAX, now)
        .await
        .expect("a table");
    let Claim::Won(held) = claim else { panic!("{claim:?}") };
    world.queues.taken("runs");
    *held
}

fn told(id: &UnitId) -> String {
    let run =
        json!({"run_id": "trun_1", "status": "completed", "metadata": {"mt_row": "0.1", "mt_unit": id}});
    json!({"timestamp": "2026-10-05T14:03:48Z", "type": "task_run.status", "data": run}).to_string()
}

fn signature(id: &str, timestamp: i64, body: &str) -> String {
    let secret: SigningSecret = UPSTREAM_SECRET.parse().expect("a secret");
    secret.sign(id, timestamp, body.as_bytes())
}

async fn post(world: &World, id: &str, timestamp: i64, signatures: &str, body: &str) -> Answer {
    let timestamp = timestamp.to_string();
    let headers = [
        ("x-api-key", ""),
        ("webhook-id", id),
        ("webhook-timestamp", &timestamp),
        ("webhook-signature", signatures),
    ];
    world.ask("POST", PATH, &headers, body.to_owned()).await
}

/// A webhook as the upstream sends it now.
async fn come(world: &World, webhook: &str, body: &str) -> u16 {
    let now = world.clock.now().as_second();
    post(world, webhook, now, &signature(webhook, now, body), body).await.status.as_u16()
}

/// Everything stored, line by line, in whichever order the tables tell it.
async fn lines_stored(world: &World) -> std::collections::BTreeSet<String> {
    everything_stored(world).await.lines().map(str::to_owned).collect()
}

/// When the unit's holder was last asked to look.
async fn nudged(world: &World, id: &UnitId) -> Option<jiff::Timestamp> {
    world.unit(id).await.lease.nudged_at
}

#[tokio::test]
async fn a_webhook_of_the_upstream_asks_the_holder_to_look_and_fences_nobody() {
    let world = world().await;
    let unit = held(&world).await;
    assert_eq!(come(&world, "whevent_1", &told(&unit.id)).await, 200);
    let after = world.unit(&unit.id).await;
    assert!(after.lease.nudged_at.is_some());
    assert_eq!((after.lease.epoch, after.lease.hop, after.changes), (1, 0, 0));
    assert_eq!(world.queues.taken("runs"), Vec::<Value>::new(), "it is held: nobody else is sent");
    let saved = world.store.checkpoint(&unit).await.expect("a table");
    assert!(
        matches!(saved, Saved::Yes(at) if at == after.lease.nudged_at),
        "the holder learns of it: {saved:?}"
    );
}

#[tokio::test]
async fn the_upstreams_older_signatures_and_one_of_several_are_taken() {
    let world = world().await;
    let unit = held(&world).await;
    let (now, body) = (world.clock.now().as_second(), told(&unit.id));
    let legacy: SigningSecret = LEGACY.parse().expect("a secret");
    let several = format!("v1,AAAA v2,AAAA {}", legacy.sign("w1", now, body.as_bytes()));
    assert_eq!(post(&world, "w1", now, &several, &body).await.status.as_u16(), 200);
    assert!(nudged(&world, &unit.id).await.is_some());
}

#[tokio::test]
async fn what_is_forged_stale_or_not_whole_is_refused_and_changes_nothing() {
    let world = world().await;
    let unit = held(&world).await;
    let (now, body) = (world.clock.now().as_second(), told(&unit.id));
    let good = signature("w1", now, &body);
    for (id, at, signatures, sent) in [
        ("w1", now, "v1,AAAA".to_owned(), body.clone()),
        ("w1", now, good.replace("v1,", "v2,"), body.clone()),
        ("w1", now, good.clone(), body.replace("completed", "failed")),
        ("w1", now, good.clone(), format!(" {body}")),
        ("w2", now, good.clone(), body.clone()),
        ("w1", now + 1, good.clone(), body.clone()),
        ("w1", now - 301, signature("w1", now - 301, &body), body.clone()),
        ("w1", now + 310, signature("w1", now + 310, &body), body.clone()),
        ("", now, good.clone(), body.clone()),
        ("w1", now, String::new(), body.clone()),
    ] {
        let answer = post(&world, id, at, &signatures, &sent).await;
        assert_eq!(answer.status.as_u16(), 401, "{id} {at} {signatures}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let twice = Request::builder()
        .method("POST")
        .uri(PATH)
        .header("webhook-id", "w1")
        .header("webhook-timestamp", now)
        .header("webhook-signature", "v1,AAAA")
        .header("webhook-signature", &good)
        .body(Body::from(body.clone()));
    assert_eq!(world.send(twice.expect("a request")).await.status.as_u16(), 401);
    assert_eq!(nudged(&world, &unit.id).await, None);
}

#[tokio::test]
async fn a_replay_is_taken_and_has_no_second_effect() {
    let world = world().await;
    let unit = held(&world).await;
    let (now, body) = (world.clock.now().as_second(), told(&unit.id));
    let sent = signature("w1", now, &body);
    assert_eq!(post(&world, "w1", now, &sent, &body).await.status.as_u16(), 200);
    let first = nudged(&world, &unit.id).await;
    // Long after the window, and signed anew, as the upstream itself does when it sends twice.
    world.clock.advance(Duration::from_secs(100));
    assert_eq!(post(&world, "w1", now, &sent, &body).await.status.as_u16(), 200);
    assert_eq!(come(&world, "w1", &body).await, 200);
    assert_eq!(nudged(&world, &unit.id).await, first);
    assert_eq!(come(&world, "w2", &body).await, 200);
    assert!(nudged(&world, &unit.id).await > first);
}

#[tokio::test]
async fn what_concerns_no_living_unit_of_ours_is_taken_and_changes_nothing() {
    let world = world().await;
    let over = world.over().await;
    let deleted = world.created(&group(&json!(["a"]))).await;
    world.ask("DELETE", &format!("/{}", deleted.id), &[], Body::empty()).await;
    let unknown = UnitId::from_bits([9; 16]);
    let before = lines_stored(&world).await;
    for body in [told(&over.id), told(&deleted.id), told(&unknown), "{}".to_owned(), "?".to_owned()] {
        assert_eq!(come(&world, "w1", &body).await, 200, "{body}");
    }
    assert_eq!(lines_stored(&world).await, before);
}

#[tokio::test]
async fn a_unit_of_another_upstream_or_of_a_callers_own_key_is_left_alone() {
    let world = world().await;
    let elsewhere = held(&world).await;
    let mut there = elsewhere.clone();
    there.id = UnitId::from_bits([8; 16]);
    there.spec.upstream = "https://other.example".to_owned();
    world.store.create_unit(&there, None).await.expect("a table");
    let mut own = there.clone();
    (own.id, own.spec.woken) = (UnitId::from_bits([7; 16]), false);
    own.spec.upstream.clone_from(&elsewhere.spec.upstream);
    world.store.create_unit(&own, None).await.expect("a table");
    for unit in [there, own] {
        assert_eq!(come(&world, "w1", &told(&unit.id)).await, 200);
        assert_eq!(nudged(&world, &unit.id).await, None);
    }
    let own_keys = World::start().await;
    let unit = own_keys.created(&group(&json!(["a"]))).await;
    assert!(!unit.spec.woken, "a caller's own account signs with another secret");
    assert!(elsewhere.spec.woken);
}

#[tokio::test]
async fn a_thousand_webhooks_in_a_burst_are_written_down_once() {
    let world = world().await;
    let unit = held(&world).await;
    let body = told(&unit.id);
    let before = world.gate.writes();
    let names: Vec<String> = (0..1_000).map(|n| format!("w{n}")).collect();
    let answers = futures::future::join_all(names.iter().map(|name| come(&world, name, &body))).await;
    assert!(answers.iter().all(|status| *status == 200));
    assert!(nudged(&world, &unit.id).await.is_some());
    let written = world.gate.writes() - before;
    assert!((2..10).contains(&written), "{written}: a nudge, and which webhook it was for, for each window");
    world.clock.advance(Duration::from_secs(3));
    assert_eq!(come(&world, "next", &body).await, 200);
    let requests = world.gate.requests();
    assert_eq!(come(&world, "late", &body).await, 200);
    assert_eq!(world.gate.requests(), requests, "nothing is even read");
}

#[tokio::test]
async fn a_unit_that_nobody_may_be_holding_is_sent_again_as_it_stands() {
    let world = world().await;
    let unit = held(&world).await;
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(come(&world, "w1", &told(&unit.id)).await, 200);
    let sent = world.queues.taken("runs");
    assert_eq!(sent, [json!({"v": 1, "kind": "unit", "id": unit.id, "hop": unit.lease.hop})]);
    let after = world.unit(&unit.id).await;
    assert!(after.lease.due_at > unit.lease.due_at, "the sweep waits for that message");
    assert_eq!((after.lease.epoch, after.lease.hop), (unit.lease.epoch, unit.lease.hop));
}

#[tokio::test]
async fn larger_bodies_than_a_run_needs_are_refused() {
    let world = world().await;
    let unit = held(&world).await;
    let most = domain::limits::UPSTREAM_WEBHOOK_BYTES;
    let padded = |bytes: usize| {
        let body = told(&unit.id);
        format!("{body}{}", " ".repeat(bytes - body.len()))
    };
    assert_eq!(come(&world, "w1", &padded(most + 1)).await, 413);
    assert_eq!(come(&world, "w1", &padded(most)).await, 200);
}

#[tokio::test]
async fn without_the_secret_none_is_taken_and_none_asked_for() {
    let world = world().await;
    let store = store_at(&world.gate.endpoint, "units").await;
    let (server_key, tokens) = (Some(Secret::new("server")), vec![Secret::new(crate::world::KEY)]);
    let access = Access { server_key, tokens, ..Access::default() };
    let service = api::service(world.api_without_webhooks(store, access).await);
    let created =
        crate::world::request("POST", "/v1beta/tasks/groups", &[], group(&json!(["a"])).to_string());
    let unit = world.unit(&send(&service, created).await.id()).await;
    assert!(!unit.spec.woken);
    let answer = send(&service, crate::world::request("POST", PATH, &[], told(&unit.id))).await;
    assert_eq!(answer.status.as_u16(), 404);
    assert!(answer.text.contains("PARALLEL_WEBHOOK_SECRET"), "{}", answer.text);
}

#[tokio::test]
async fn a_unit_that_ended_while_its_webhook_was_on_its_way_stays_as_it_is() {
    let world = world().await;
    let unit = held(&world).await;
    let mut nudge = world.gate.hold("UpdateItem");
    let body = told(&unit.id);
    let comes = come(&world, "w1", &body);
    let ends = async {
        nudge.arrived().await;
        let counts = Counts { completed: 2, ..Counts::default() };
        assert!(matches!(world.finish(&unit, counts).await, Saved::Yes(_)));
        nudge.release();
    };
    let (status, ()) = tokio::join!(comes, ends);
    assert_eq!((status, nudged(&world, &unit.id).await), (200, None));
}
