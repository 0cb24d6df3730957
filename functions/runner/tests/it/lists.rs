//! Lists that come by URL: the unit's first step.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::header;
use axum::routing::get;
use domain::group::Inputs;
use domain::unit::Status;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::ended::Ended;
use crate::gate::{Act, Request};
use crate::group::{Group, plain};
use crate::world::{Setup, World};

const ROWS: [&str; 3] = ["Acme", "Bolt, \"Inc.\"", "Cäsar"];

/// Serves the same rows in each form, and what is wrong with lists; says how many calls it had.
async fn serve() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let calls = Arc::new(AtomicUsize::new(0));
    let csv = "company\nAcme\n\"Bolt, \"\"Inc.\"\"\"\nCäsar\n";
    let json = serde_json::json!(ROWS.map(|row| serde_json::json!({"company": row}))).to_string();
    let lines = ROWS.map(|row| serde_json::json!({"company": row}).to_string()).join("\n") + "\n";
    let long: Vec<String> = (0..250).map(|row| format!("{{\"company\":\"Company {row}\"}}")).collect();
    let faulty = "{\"company\":\"a\"}\n{\"company\":\"b\"}\n{\"company\": \n";
    let mut router = Router::new();
    for (path, kind, body) in [
        ("/list.csv", "text/csv", csv.to_owned()),
        ("/list.json", "application/json", json),
        ("/list.ndjson", "application/x-ndjson", lines),
        ("/long.ndjson", "application/x-ndjson", long.join("\n")),
        ("/faulty.ndjson", "application/x-ndjson", faulty.to_owned()),
        ("/empty.json", "application/json", "[]".to_owned()),
    ] {
        let calls = Arc::clone(&calls);
        let answer = move || {
            calls.fetch_add(1, Ordering::Relaxed);
            let body = body.clone();
            async move { ([(header::CONTENT_TYPE, kind)], body) }
        };
        router = router.route(path, get(answer));
    }
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, calls)
}

async fn world(address: &str) -> World {
    World::with(Setup { allow_hosts: vec![address.to_owned()], ..Setup::default() }).await
}

fn listed(address: &str, path: &str) -> Group {
    let url = format!("http://{address}{path}");
    plain(0).with(|spec| spec.inputs = Inputs::Url { url })
}

async fn companies(world: &World, ended: &Ended) -> Vec<String> {
    let mut companies = Vec::new();
    for index in 0..ended.unit.rows() {
        let row = world.store.input(&ended.unit, index).await.expect("a table").expect("a row");
        let row: Value = serde_json::from_str(row.get()).expect("JSON");
        companies.push(row["company"].as_str().expect("a text").to_owned());
    }
    companies
}

#[tokio::test]
async fn csv_ndjson_and_json_lists_are_read_and_their_rows_bought_in_order() {
    let (address, _) = serve().await;
    let world = world(&address).await;
    for path in ["/list.csv", "/list.ndjson", "/list.json"] {
        let ended = world.run(listed(&address, path)).await;
        assert_eq!((ended.status(), ended.marks().len()), (Status::Completed, 3), "{path}");
        assert_eq!(companies(&world, &ended).await, ROWS, "{path}");
        assert_eq!(ended.unit.progress.rows, Some(3));
    }
}

#[tokio::test]
async fn offset_and_limit_take_a_part_of_a_list() {
    let (address, _) = serve().await;
    let world = world(&address).await;
    let group = listed(&address, "/long.ndjson").with(|spec| {
        spec.offset = 99;
        spec.limit = Some(3);
    });
    let ended = world.run(group).await;
    assert_eq!(companies(&world, &ended).await, ["Company 99", "Company 100", "Company 101"]);
}

#[tokio::test]
async fn a_faulty_list_fails_the_unit_and_says_where() {
    let (address, _) = serve().await;
    let world = world(&address).await;
    for (path, says) in [("/faulty.ndjson", "3"), ("/empty.json", "no rows"), ("/none.json", "404")] {
        let ended = world.run(listed(&address, path)).await;
        assert_eq!((ended.status(), ended.failure()), (Status::Failed, Some("input_unreadable")), "{path}");
        let message = &ended.unit.progress.failure.as_ref().expect("a failure").message;
        assert!(message.contains(says), "{message}");
        assert_eq!(ended.told()["data"]["error"]["message"].as_str(), Some(message.as_str()));
        assert_eq!(ended.unit.counts.total(), 0);
    }
}

#[tokio::test]
async fn a_list_at_a_private_address_is_refused() {
    let (address, calls) = serve().await;
    let world = World::start().await;
    let ended = world.run(listed(&address, "/list.json")).await;
    assert_eq!((ended.failure(), calls.load(Ordering::Relaxed)), (Some("input_unreadable"), 0));
}

#[tokio::test]
async fn a_list_that_is_read_twice_after_a_death_is_the_same() {
    let (address, calls) = serve().await;
    let world = world(&address).await;
    let mut read = Vec::new();
    // Before the first page, between pages, after the last.
    for page in 0..3 {
        let id = world.create(listed(&address, "/long.ndjson")).await;
        world.gate.arm(Act::HoldAfter, page, |request: &Request| {
            request.operation == "PutItem" && request.body.contains("\"IN#")
        });
        let before = calls.load(Ordering::Relaxed);
        assert!(world.dies_when_held(world.receive().await).await, "page {page}");
        world.leases_pass();
        let ended = world.settle(&id).await;
        assert_eq!((ended.status(), ended.bought.len()), (Status::Completed, 250));
        assert_eq!(calls.load(Ordering::Relaxed) - before, 2);
        read.push(companies(&world, &ended).await);
    }
    assert_eq!(read[0][249], "Company 249");
    assert!(read.iter().all(|rows| rows == &read[0]));
}
