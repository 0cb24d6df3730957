//! The service about itself, and the table of routes.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use web::routes::{Function, ROUTES};

use crate::world::{Answer, BASE, World, request, send};

#[tokio::test]
async fn health_says_which_version_answers() {
    let world = World::start().await;
    let answer = world.ask("GET", "/health", &[("x-api-key", "")], "").await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.json(), json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}));
}

/// An upstream that answers with this status, and how often and with which keys it was asked.
async fn upstream(status: u16) -> (String, Arc<Mutex<Vec<bool>>>) {
    let asked = Arc::<Mutex<Vec<bool>>>::default();
    let noted = Arc::clone(&asked);
    let answer = move |headers: HeaderMap| async move {
        let has_key = headers.contains_key("x-api-key") || headers.contains_key("authorization");
        noted.lock().expect("no holder panics").push(has_key);
        StatusCode::from_u16(status).expect("a status")
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (url, asked)
}

async fn deep(service: &Router) -> Answer {
    send(service, request("GET", "/health?deep=1", &[("x-api-key", "")], "")).await
}

#[tokio::test]
async fn a_deep_check_asks_the_queue_and_the_upstream_too_and_no_more_often_than_it_must() {
    let world = World::start().await;
    // It knows nobody without a key, and so is there.
    let (url, asked) = upstream(401).await;
    let service = api::service(world.api_before(&url).await);
    let checks = futures::future::join_all((0..20).map(|_| deep(&service))).await;
    for answer in checks {
        let body = answer.json();
        assert_eq!((answer.status.as_u16(), &body["status"]), (200, &json!("ok")), "{body}");
        assert!(
            ["tables", "queue", "upstream"].iter().all(|name| body["checks"][name]["ok"] == true),
            "{body}"
        );
    }
    assert_eq!(*asked.lock().expect("no holder panics"), [false], "once, and without a key");
    world.clock.advance(std::time::Duration::from_secs(6));
    deep(&service).await;
    assert_eq!(asked.lock().expect("no holder panics").len(), 2);
}

#[tokio::test]
async fn a_deep_check_names_what_fails_and_the_plain_one_asks_the_tables_only() {
    let world = World::start().await;
    let (broken, _) = upstream(500).await;
    let service = api::service(world.api_before(&broken).await);
    world.queues.refuse();
    let answer = deep(&service).await;
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "5"));
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("queue, upstream")), "{body}");
    assert_eq!(
        (&body["checks"]["tables"]["ok"], &body["checks"]["queue"]["ok"]),
        (&json!(true), &json!(false))
    );
    let plain = send(&service, request("GET", "/health?deep=0", &[], "")).await;
    assert_eq!(plain.status.as_u16(), 200);
}

#[tokio::test]
async fn an_upstream_that_never_answers_holds_no_deep_check() {
    let world = World::start().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let answer = deep(&api::service(world.api_before(&url).await)).await;
    assert_eq!(answer.status.as_u16(), 503);
    assert_eq!(answer.json()["checks"]["upstream"]["ok"], json!(false));
}

#[tokio::test]
async fn limits_and_pages_need_no_key() {
    let world = World::start().await;
    let limits = world.ask("GET", "/limits.json", &[("x-api-key", "")], "").await.json();
    assert_eq!(limits["body_bytes"]["value"], 4 * 1024 * 1024);
    for (show, says) in [
        ("/", format!("curl -X POST {BASE}/api/tasks")),
        ("/?show=group", format!("curl -X POST {BASE}/v1beta/tasks/groups")),
        ("/?show=list", "id=\"units\"".to_owned()),
    ] {
        let page = world.ask("GET", show, &[("x-api-key", "")], "").await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(page.text.contains(&says), "{}", page.text);
        assert!(page.text.contains(&format!("<base href=\"{BASE}/\">")), "{}", page.text);
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
    }
}

#[tokio::test]
async fn every_asset_that_a_page_names_is_there() {
    let world = World::start().await;
    for show in ["/", "/?show=group", "/?show=list"] {
        let page = world.ask("GET", show, &[], "").await;
        let named = page.text.split('"').filter(|text| text.starts_with("assets/"));
        for name in named {
            let asset = world.ask("GET", &format!("/{name}"), &[("x-api-key", "")], "").await;
            assert_eq!(asset.status.as_u16(), 200, "{name}");
        }
    }
    assert_eq!(world.ask("GET", "/assets/nothing.js", &[], "").await.status.as_u16(), 404);
}

#[tokio::test]
async fn every_route_of_the_table_that_is_ours_is_answered_by_us() {
    let world = World::start().await;
    for route in ROUTES.iter().filter(|route| route.function == Function::Api) {
        let path = route.path.replace("{id}", &"a".repeat(26)).replace("{hook}", "webhook");
        let answer = world.ask(route.method, &path, &[], "").await;
        assert_ne!(answer.status.as_u16(), 405, "{} {path}", route.method);
        assert_ne!(answer.json_detail(), "There is nothing here.", "{} {path}", route.method);
    }
}

impl crate::world::Answer {
    fn json_detail(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.text).unwrap_or_default();
        body["detail"].as_str().unwrap_or_default().to_owned()
    }
}
