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
