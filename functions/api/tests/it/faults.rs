//! What is wrong is said, all of it, with the right status.

use domain::limits::BODY_BYTES;
use serde_json::json;
use web::Access;

use crate::world::{BASE, World, group, request, send, store_at};

#[tokio::test]
async fn a_body_with_twenty_faults_gets_all_of_them_at_once() {
    let world = World::start().await;
    let body = json!({
        "inputs": [1, {}, null], "output_type": "xml", "processor": "no name", "webhook_url": "http://10.0.0.1/", "webhook_secret": "x",
        "metadata": {"mt_row": "1", "a-name-that-is-far-too-long": []}, "limit": 0, "offset": -1, "dry_run": "y",
        "max_cost_usd": "10", "timeout_seconds": 0, "retry_failed": 6, "cache": {}, "visibility": "public",
        "source_policy": 1, "memory_scope_key": "a b", "enable_events": 1, "mcp_servers": 1, "input_schema": 1, "colour": 1,
    });
    let answer = world.create(&body).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (422, "application/problem+json"));
    let mut places = answer.places();
    assert_eq!(places.len(), 24, "{}", answer.text);
    places.dedup();
    for place in
        ["/inputs/0", "/webhook_url", "/webhook_secret", "/metadata/mt_row", "/colour", "/visibility"]
    {
        assert!(places.iter().any(|found| found == place), "{place}");
    }
    assert_eq!(answer.json()["error"], "The request has 24 faults; `errors` lists them.");
    assert_eq!(world.queues.taken("runs").len(), 0);
}

#[tokio::test]
async fn each_way_of_being_unreadable_has_its_status() {
    let world = World::start().await;
    let post = |headers: &'static [(&'static str, &'static str)], body: Vec<u8>| {
        world.ask("POST", "/v1beta/tasks/groups", headers, body)
    };
    for (status, headers, body) in [
        (400, [].as_slice(), b"{\"inputs\": [".to_vec()),
        (400, &[], Vec::new()),
        (400, &[], b"\xff".to_vec()),
        (401, &[("x-api-key", "")], b"{}".to_vec()),
        (413, &[], vec![b' '; BODY_BYTES + 1]),
        (415, &[("content-type", "application/xml")], b"<a/>".to_vec()),
        (422, &[], b"[]".to_vec()),
        (422, &[], b"{}".to_vec()),
        (422, &[("idempotency-key", " ")], b"{}".to_vec()),
    ] {
        let answer = post(headers, body).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    let missing = world.create(&json!({"processor": "core"})).await.json();
    assert_eq!(missing["required_fields"], json!(["inputs", "output_type"]));
    assert_eq!(missing["received_fields"], json!(["processor"]));
}

#[tokio::test]
async fn unknown_paths_are_404_and_unknown_methods_405() {
    let world = World::start().await;
    let id = "a".repeat(26);
    for (method, path, status) in [
        ("GET", "/nowhere".to_owned(), 404),
        ("POST", "/nowhere".to_owned(), 404),
        ("PUT", "/v1beta/tasks/groups".to_owned(), 405),
        ("GET", format!("/{id}/retry"), 405),
        ("POST", format!("/{id}"), 405),
        ("DELETE", format!("/{id}.json"), 404),
        ("POST", format!("/{id}/retry"), 404),
        ("POST", format!("/{id}/cancel"), 404),
        ("POST", "/no-id/cancel".to_owned(), 404),
    ] {
        let answer = world.ask(method, &path, &[], "{}").await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
    }
}

#[tokio::test]
async fn what_surely_costs_too_much_is_402_and_nothing_is_created() {
    let world = World::start().await;
    let mut body = group(&json!(["a", "b"]));
    body["max_cost_usd"] = json!(0.04);
    body["processor"] = "core".into();
    let answer = world.create(&body).await;
    assert_eq!((answer.status.as_u16(), answer.places()), (402, vec!["/max_cost_usd".to_owned()]));
    assert_eq!(world.get("/v1beta/tasks/groups").await.json()["count"], 0);
    body["limit"] = 1.into();
    assert_eq!(world.create(&body).await.status.as_u16(), 202, "the part that is taken counts");
    body["limit"] = 0.into();
    assert_eq!(
        world.create(&body).await.places(),
        ["/limit", "/max_cost_usd"],
        "among other faults it is one of them"
    );
}

#[tokio::test]
async fn without_its_tables_the_function_says_so_and_when_to_come_again() {
    let world = World::start().await;
    let store = store_at(&world.tables_endpoint, "none").await;
    let service = api::service(world.api(store, Access::default(), Some(BASE)).await);
    let id = "a".repeat(26);
    for (method, path, body) in [
        ("POST", "/v1beta/tasks/groups".to_owned(), group(&json!(["a"])).to_string()),
        ("GET", "/v1beta/tasks/groups".to_owned(), String::new()),
        ("POST", format!("/{id}/cancel"), String::new()),
        ("GET", "/health".to_owned(), String::new()),
    ] {
        let answer = send(&service, request(method, &path, &[], body)).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "5"), "{method} {path}");
        assert!(!answer.text.contains("none"), "the reason belongs into the log: {}", answer.text);
    }
    assert_eq!(world.queues.taken("runs").len(), 0);
}
