//! The service about itself, and the table of routes.

use serde_json::json;
use web::routes::{Function, ROUTES};

use crate::world::{BASE, World};

#[tokio::test]
async fn health_says_which_version_answers() {
    let world = World::start().await;
    let answer = world.ask("GET", "/health", &[("x-api-key", "")], "").await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.json(), json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}));
}

#[tokio::test]
async fn limits_and_page_need_no_key() {
    let world = World::start().await;
    let limits = world.ask("GET", "/limits.json", &[("x-api-key", "")], "").await.json();
    assert_eq!(limits["body_bytes"]["value"], 4 * 1024 * 1024);
    let page = world.ask("GET", "/", &[("x-api-key", "")], "").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text.contains(&format!("curl -X POST {BASE}/v1beta/tasks/groups")), "{}", page.text);
    for link in ["/health", "/limits.json"] {
        assert!(page.text.contains(&format!("href=\"{BASE}{link}\"")), "{link}");
    }
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
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
