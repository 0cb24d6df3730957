//! One process as its operator meets it: who may start, who may ask, by which protocol, and how it ends.

use serde_json::json;
use suite::{World, soon};

#[tokio::test]
async fn a_second_process_on_the_same_state_is_refused_and_told_why() {
    let world = World::start().await;
    let mut options = multitask::Options { data_dir: world.data_dir().to_owned(), ..Default::default() };
    options.listen.set_port(0);
    let refused = multitask::start(options).await.expect_err("the directory is held").to_string();
    assert!(refused.contains("in use by another process"), "{refused}");
}

#[tokio::test]
async fn a_taken_address_is_refused_with_the_option_that_helps() {
    let world = World::start().await;
    let other = tempfile::tempdir().expect("a directory");
    let options = multitask::Options {
        listen: world.running().address(),
        data_dir: other.path().join("state"),
        ..Default::default()
    };
    let refused = multitask::start(options).await.expect_err("the port is held").to_string();
    assert!(refused.contains("--listen"), "{refused}");
}

#[tokio::test]
async fn both_protocols_and_every_method_are_answered_by_the_table_of_routes() {
    let world = World::start().await;
    let visitor = world.visitor();
    let group =
        visitor.create(&json!({"inputs": ["Acme"], "output_type": "text", "processor": "lite"})).await;
    visitor.finished(&group).await;

    let head = visitor.send(visitor.request(reqwest::Method::HEAD, &group.path(".json"))).await.expect(200);
    assert_eq!((head.text.as_str(), head.header("content-type")), ("", "application/json"));
    let preflight = visitor.send(visitor.request(reqwest::Method::OPTIONS, &group.path("/retry"))).await;
    assert_eq!(preflight.expect(204).header("access-control-allow-origin"), "*");
    let wrong = visitor.get(&group.path("/retry")).await.expect(405);
    assert_eq!(wrong.header("allow"), "POST, OPTIONS");
    assert_eq!(wrong.header("access-control-allow-origin"), "*");
    visitor.get("/nowhere/at/all").await.expect(404);

    #[expect(clippy::disallowed_methods, reason = "this is a client of the story")]
    let http2 = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    let answer =
        http2.get(format!("{}{}", world.url(), group.path(".json"))).send().await.expect("an answer");
    assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));
}

#[tokio::test]
async fn with_a_key_of_its_own_the_process_serves_no_page_of_another_site() {
    let world = World::setup().server_key("the-operators-key").start().await;
    let visitor = world.visitor();
    let from = |origin: &str| {
        let request = visitor.request(reqwest::Method::GET, "/v1beta/tasks/groups");
        visitor.send(request.header("origin", origin))
    };
    from("https://elsewhere.example").await.expect(403);
    from("http://localhost:3000").await.expect(200);
    let request = visitor.request(reqwest::Method::GET, "/health").header("host", "elsewhere.example");
    visitor.send(request).await.expect(403);
}

#[tokio::test]
async fn the_end_closes_live_streams_and_frees_the_address() {
    let mut world = World::start().await;
    let visitor = world.visitor();
    let body = json!({"inputs": ["simulate:never"], "output_type": "text", "processor": "lite"});
    let group = visitor.create(&body).await;
    let mut events = visitor.events(&group.path("/events"), None).await;
    let first = events.until("initial").await;
    world.stop().await;
    let seen = events.rest().await;
    assert!(seen.iter().all(|event| event.name != "complete"), "{seen:?}");
    let last = seen.into_iter().rev().find_map(|event| event.id).or(first.id);

    world.start_again().await;
    let mut again = visitor.events(&group.path("/events"), last.as_deref()).await;
    visitor.post(&group.path("/cancel"), &json!({})).await;
    soon("the end", again.until("complete")).await;
}
