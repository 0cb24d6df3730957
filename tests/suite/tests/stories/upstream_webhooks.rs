//! Webhooks of the upstream: they lead to results where nothing else does, and whoever forges one gets nowhere.

use std::time::Duration;

use multitask::options::Upstream;
use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Effect, Endpoint, Fault, Scheme, WEBHOOK_SECRET};
use suite::{Answer, Client, World, soon};
use vault::Secret;

const PATH: &str = "/webhooks/parallel";

/// A world that knows with which secret its upstream signs.
async fn world() -> World {
    let secret = Some(Secret::new(WEBHOOK_SECRET));
    World::setup().options(|options| options.secrets.upstream_webhook_secret = secret).start().await
}

fn body(rows: usize) -> Value {
    let inputs: Vec<String> = (0..rows).map(|row| format!("row {row}")).collect();
    json!({"inputs": inputs, "output_type": "text", "processor": "lite"})
}

/// Returns once so many webhooks were taken.
async fn taken(world: &World, count: usize) {
    let is_taken = |delivery: &simulator::Delivery| delivery.status == Some(200);
    let taken = async {
        while world.simulator().ledger().deliveries().iter().filter(|one| is_taken(one)).count() < count {
            tokio::task::yield_now().await;
        }
    };
    soon("the webhooks", taken).await;
}

/// The group's JSON once it is over; time passes meanwhile.
async fn over(world: &World, owner: &Client, group: &suite::Group) -> Value {
    let over = async {
        loop {
            let result = owner.get(&group.path(".json")).await.expect(200).json();
            if result["status"]["is_active"] == false {
                return result;
            }
            world.pass(Duration::from_secs(1));
        }
    };
    soon("the end", over).await
}

#[tokio::test]
async fn where_no_stream_opens_webhooks_lead_to_the_results() {
    let world = world().await;
    let never = Effect::SlowReply { seconds: 1_000_000.0 };
    world.simulator().faults().add(Fault::on(Endpoint::GroupEvents, never));
    let owner = world.owner("the-owners-key");
    let group = owner.create(&body(3)).await;
    taken(&world, 3).await;
    let result = over(&world, &owner, &group).await;
    assert_eq!(result["status"]["task_run_status_counts"], json!({"completed": 3}), "{result}");
    let ledger = world.simulator().ledger();
    assert!(ledger.deliveries().iter().all(|delivery| !delivery.url.contains(&group.id)));
    assert_eq!(ledger.runs().len(), 3, "each was bought once");
}

#[tokio::test]
async fn streams_cut_for_ever_and_listings_that_fail_until_the_webhook_comes_lose_no_row() {
    let world = world().await;
    let cut = Effect::CutStream { after_events: 0, with_error: false };
    let down = Effect::Status { status: 503, retry_after: None, message: None };
    world.simulator().faults().add(Fault::on(Endpoint::GroupEvents, cut.clone()));
    world.simulator().faults().add(Fault::on(Endpoint::GroupRuns, down));
    let owner = world.owner("the-owners-key");
    let group = owner.create(&body(3)).await;
    taken(&world, 3).await;
    world.simulator().faults().set([Fault::on(Endpoint::GroupEvents, cut)]);
    let result = over(&world, &owner, &group).await;
    assert_eq!(result["status"]["task_run_status_counts"], json!({"completed": 3}), "{result}");
}

async fn post(visitor: &Client, id: &str, timestamp: i64, signature: &str, body: &str) -> Answer {
    let request = visitor.request(Method::POST, PATH).header("webhook-id", id).body(body.to_owned());
    let request = request.header("webhook-timestamp", timestamp).header("webhook-signature", signature);
    visitor.send(request).await
}

#[tokio::test]
async fn a_forged_webhook_is_refused_and_both_schemes_of_the_upstream_are_taken() {
    let world = world().await;
    let visitor = world.visitor();
    let now = world.running().clock().now().as_second();
    let body =
        json!({"type": "task_run.status", "data": {"metadata": {"mt_unit": "a".repeat(26)}}}).to_string();
    let sign = |scheme| simulator::sign(WEBHOOK_SECRET, scheme, "w1", now, body.as_bytes());
    for scheme in [Scheme::Standard, Scheme::Legacy] {
        post(&visitor, "w1", now, &sign(scheme), &body).await.expect(200);
    }
    let forged = simulator::sign(
        "whsec_bm90LXRoZS1hY2NvdW50cy1zZWNyZXQ=",
        Scheme::Standard,
        "w1",
        now,
        body.as_bytes(),
    );
    post(&visitor, "w1", now, &forged, &body).await.expect(401);
    post(&visitor, "w1", now - 301, &sign(Scheme::Standard), &body).await.expect(401);
    post(&visitor, "w1", now, &sign(Scheme::Standard), &format!("{body} ")).await.expect(401);
    let refused = visitor.post(PATH, &json!({})).await.expect(401);
    assert!(refused.text.contains("not signed by the upstream"), "{}", refused.text);
}

#[tokio::test]
async fn without_the_secret_the_path_says_so_and_runs_are_bought_as_ever() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let refused = owner.post(PATH, &json!({})).await.expect(404);
    assert!(refused.text.contains("PARALLEL_WEBHOOK_SECRET"), "{}", refused.text);
    let group = owner.create(&body(2)).await;
    owner.finished(&group).await;
    let runs = world.simulator().ledger().runs();
    assert!(runs.iter().all(|run| !run.metadata.contains_key("mt_unit")), "{runs:?}");
}

#[tokio::test]
async fn the_built_in_simulator_signs_with_the_secret_that_is_set_and_is_taken_at_its_word() {
    let root = tempfile::tempdir().expect("a directory");
    let mut options = multitask::Options {
        data_dir: root.path().join("state"),
        upstream: Upstream::Simulator { speed: 500.0 },
        ..Default::default()
    };
    options.listen.set_port(0);
    options.secrets.upstream_webhook_secret = Some(Secret::new("whsec_b3VyLXZlcnktb3duLXdlYmhvb2stc2VjcmV0"));
    let running = soon("the start", multitask::start(options)).await.expect("it starts");
    #[expect(clippy::disallowed_methods, reason = "this is a client of the story")]
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/v1beta/tasks/groups", running.url());
    let created = http.post(url).json(&body(2)).send().await.expect("an answer");
    assert_eq!(created.status().as_u16(), 202);
    let simulator = running.simulator().expect("its own");
    let deliveries = async {
        loop {
            let deliveries = simulator.ledger().deliveries();
            if deliveries.len() >= 2 {
                return deliveries;
            }
            tokio::task::yield_now().await;
        }
    };
    let deliveries = soon("two webhooks", deliveries).await;
    assert!(deliveries.iter().all(|delivery| delivery.status == Some(200)), "{deliveries:?}");
    running.stop().await;
}
