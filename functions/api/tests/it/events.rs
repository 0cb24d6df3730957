//! The events of `events/`, as API Gateway sends them, through the whole function.

use axum::body::Body;
use axum::http::Request;
use domain::UnitId;
use http_body_util::BodyExt;
use lambda_http::RequestExt;
use serde_json::{Value, json};
use vault::webhook::SigningSecret;
use web::Access;

use crate::world::{Answer, KEY, UPSTREAM_SECRET, World, group, send, store_at};

/// The public base that the events' gateway has.
const GATEWAY: &str = "https://abcdef123.execute-api.us-east-1.amazonaws.com/prod";
/// The id in the events that name a unit.
const ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

fn event(name: &str) -> String {
    let path = format!("{}/../../events/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The request of an event as the function gets it with `AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH` set.
fn request(event: &str) -> Request<Body> {
    let mut request = lambda_http::request::from_str(event).expect("an event of API Gateway");
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    *request.uri_mut() = format!("{}{query}", request.raw_http_path()).parse().expect("a path");
    let (parts, body) = request.into_parts();
    Request::from_parts(parts, Body::from(body.to_vec()))
}

/// The world with a function that knows its base from the gateway only, and its answer to an event.
async fn answer(world: &World, event: &str) -> Answer {
    let store = store_at(&world.gate.endpoint, "units").await;
    let service = api::service(world.api(store, Access::default(), None).await);
    send(&service, request(event)).await
}

/// An event about the unit with this id.
fn about(name: &str, id: &UnitId) -> String {
    event(name).replace(ID, id.as_str())
}

#[tokio::test]
async fn a_create_is_accepted_under_the_gateways_own_base() {
    let world = World::start().await;
    let answer = answer(&world, &event("api-create.json")).await;
    let unit = world.unit(&answer.id()).await;
    assert_eq!(answer.header("location"), format!("{GATEWAY}/{}", unit.id));
    assert_eq!(world.rows(&unit).await, [r#"{"company":"Acme"}"#, r#"{"company":"Globex"}"#]);
    assert_eq!(answer.json()["status"], "pending");
}

#[tokio::test]
async fn a_faulty_create_gets_every_fault() {
    let world = World::start().await;
    let answer = answer(&world, &event("api-create-faulty.json")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (422, "application/problem+json"));
    assert_eq!(answer.places(), ["/inputs/1", "/output_type", "/limit", "/procesor"]);
}

#[tokio::test]
async fn a_csv_body_comes_with_its_fields_in_the_query() {
    let world = World::start().await;
    let answer = answer(&world, &event("api-create-csv.json")).await;
    let unit = world.unit(&answer.id()).await;
    assert_eq!(world.rows(&unit).await, [r#"{"company":"Acme","city":"Bern, CH"}"#]);
    assert_eq!(unit.spec.group.metadata, json!({"batch": "b 1"}).as_object().cloned().expect("an object"));
}

#[tokio::test]
async fn a_cancel_and_a_delete_name_their_unit_in_the_path() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    assert!(event("api-cancel.json").contains(KEY), "the events are sent by the owner");
    let cancelled = answer(&world, &about("api-cancel.json", &unit.id)).await;
    assert_eq!((cancelled.status.as_u16(), &cancelled.json()["status"]), (200, &json!("cancelled")));
    let deleted = answer(&world, &about("api-delete.json", &unit.id)).await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    let unknown = answer(&world, &event("api-delete.json")).await;
    assert_eq!(unknown.status.as_u16(), 404);
}

#[tokio::test]
async fn a_list_a_preflight_and_a_head_are_answered() {
    let world = World::start().await;
    let unit = world.created(&group(&json!(["a"]))).await;
    let listed = answer(&world, &event("api-list.json")).await;
    let listed: Value = listed.json();
    assert_eq!(listed["groups"][0]["url"], format!("{GATEWAY}/{}", unit.id));
    let preflight = answer(&world, &event("api-options.json")).await;
    assert_eq!((preflight.status.as_u16(), preflight.text.as_str()), (204, ""));
    assert!(preflight.header("access-control-allow-headers").contains("Idempotency-Key"));
    let head = answer(&world, &about("api-head.json", &unit.id)).await;
    assert_eq!((head.status.as_u16(), head.header("content-type")), (200, "text/markdown; charset=utf-8"));
}

#[tokio::test]
async fn a_task_is_accepted_and_found_in_the_list_of_tasks() {
    let world = World::start().await;
    let created = answer(&world, &event("api-create-task.json")).await;
    let unit = world.unit(&created.id()).await;
    assert_eq!(created.header("location"), format!("{GATEWAY}/task/{}", unit.id));
    assert_eq!(world.rows(&unit).await, [r#"{"company":"Acme"}"#]);
    let again = answer(&world, &event("api-create-task.json")).await;
    assert_eq!((again.id(), again.header("idempotency-replayed")), (unit.id.clone(), "true"));
    let listed = answer(&world, &event("api-list-tasks.json")).await.json();
    assert_eq!((&listed["count"], &listed["tasks"][0]["taskId"]), (&json!(1), &json!(unit.id)));
    assert_eq!(listed["tasks"][0]["url"], format!("{GATEWAY}/task/{}", unit.id));
}

#[tokio::test]
async fn a_webhook_of_the_upstream_is_checked_as_the_bytes_that_it_had_before_the_gateway() {
    let world = World::start().await;
    let event = event("api-webhooks-parallel.json");
    let stale = answer(&world, &event).await;
    assert_eq!(stale.status.as_u16(), 401, "it was signed long ago: {}", stale.text);
    // The same, signed now: the bytes are those that the gateway has put into base64.
    let sample: Value = serde_json::from_str(&event).expect("JSON");
    let (id, at) = ("whevent_5d1e7c20a9b34f68", world.clock.now().as_second());
    let bytes = request(&event).into_body().collect().await.expect("a body").to_bytes();
    let signature = UPSTREAM_SECRET.parse::<SigningSecret>().expect("a secret").sign(id, at, &bytes);
    let header = |name: &str| sample["headers"][name].as_str().expect("a header").to_owned();
    assert_eq!(header("webhook-id"), id);
    let fresh = event
        .replace(&header("webhook-timestamp"), &at.to_string())
        .replace(&header("webhook-signature"), &signature);
    let taken = answer(&world, &fresh).await;
    assert_eq!((taken.status.as_u16(), taken.text.as_str()), (200, "{\"received\":true}\n"));
}

#[tokio::test]
async fn without_any_base_nothing_is_accepted() {
    let world = World::start().await;
    let store = store_at(&world.gate.endpoint, "units").await;
    let service = api::service(world.api(store, Access::default(), None).await);
    let body = group(&json!(["a"])).to_string();
    let answer = send(&service, crate::world::request("POST", "/v1beta/tasks/groups", &[], body)).await;
    assert_eq!(answer.status.as_u16(), 500);
    assert_eq!(world.queues.taken("runs").len(), 0);
}
