//! Webhooks on bad days: a receiver that fails for days, a secret that is rotated meanwhile, an endpoint that hangs beside a hundred that do not.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use suite::{Client, Group, Hit, Reply, World, soon};
use tokio::net::TcpListener;
use tokio::process::Command;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
/// The waits before the second attempt, the third, and so on, in seconds.
const LADDER: [u64; 10] =
    [5, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

async fn told(world: &World, owner: &Client, path: &str) -> Group {
    let url = world.receiver().url(path);
    owner
        .create(&json!({"inputs": ["a"], "output_type": "text", "processor": "lite", "webhook_url": url}))
        .await
}

/// The one delivery of a group, once so many attempts of it are on record.
async fn after_attempts(owner: &Client, group: &Group, attempts: usize) -> Value {
    let recorded = async {
        loop {
            let log = owner.get(&group.path("/deliveries")).await.expect(200).json();
            let delivery = log["deliveries"][0].clone();
            if delivery["attempts"].as_array().is_some_and(|made| made.len() >= attempts) {
                return delivery;
            }
        }
    };
    soon("the record of an attempt", recorded).await
}

async fn secret(owner: &Client) -> String {
    let answer = owner.get("/v1beta/webhooks/secret").await.expect(200).json();
    answer["secret"].as_str().expect("a secret").to_owned()
}

#[tokio::test]
async fn eleven_attempts_cross_from_delays_to_schedules_under_one_id_and_two_secrets() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let before = secret(&owner).await;
    world.receiver().reply([500, 503, 404, 302, 500, 500, 500, 500, 500, 500].map(Reply::Status));
    let group = told(&world, &owner, "/hook").await;
    let mut after = before.clone();
    let mut since_rotation = 0;
    for (made, wait) in LADDER.iter().enumerate() {
        let attempts = made + 1;
        let hits = world.receiver().after(attempts).await;
        let signed_by = |secret: &str| hits[made].verifies_by(secret);
        assert!(signed_by(&after), "attempt {attempts} is not signed by the present secret");
        assert_eq!(signed_by(&before), since_rotation <= 24 * HOUR, "attempt {attempts}, the former secret");
        let delivery = after_attempts(&owner, &group, attempts).await;
        assert_eq!(delivery["state"], "pending", "{delivery}");
        if attempts == 4 {
            owner.post("/v1beta/webhooks/secret/rotate", &json!({})).await.expect(200);
            after = secret(&owner).await;
            assert_ne!(after, before);
        }
        // A tenth more than the ladder says is the most that chance may add.
        let most = wait + wait / 10 + 1;
        world.pass(Duration::from_secs(most));
        since_rotation += if attempts >= 4 { most } else { 0 };
    }
    let hits = world.receiver().after(11).await;
    let delivery = after_attempts(&owner, &group, 11).await;
    assert_eq!(delivery["state"], "delivered", "{delivery}");
    assert!(hits[10].verifies_by(&after) && !hits[10].verifies_by(&before));
    let ids: BTreeSet<&str> = hits.iter().map(Hit::webhook_id).collect();
    assert_eq!((hits.len(), ids.len()), (11, 1));
    assert!(hits.iter().all(|hit| hit.body == hits[0].body), "the body changes between attempts");
}

#[tokio::test]
async fn an_endpoint_that_hangs_delays_none_of_a_hundred_others() {
    let dead = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = dead.local_addr().expect("an address").to_string();
    let world = World::setup().options(|options| options.allow_hosts.push(address.clone())).start().await;
    let owner = world.owner("the-owners-key");
    let hanging = |path: String| format!("http://{address}{path}");
    for n in 0..5 {
        owner
            .create(&json!({
                "inputs": ["a"], "output_type": "text", "processor": "lite", "webhook_url": hanging(format!("/{n}"))
            }))
            .await;
    }
    let rows = |n: usize| told(&world, &owner, if n.is_multiple_of(2) { "/even" } else { "/odd" });
    let groups = futures::future::join_all((0..100).map(rows)).await;
    // The dead endpoint has not answered anything yet: its connections are never accepted.
    let hits = world.receiver().after(100).await;
    let told: BTreeSet<String> =
        hits.iter().map(|hit| hit.json()["id"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(told, groups.into_iter().map(|group| group.id).collect());
}

#[tokio::test]
async fn a_receiver_that_is_gone_for_good_is_not_asked_again_until_it_is_told_to() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    world.receiver().reply([Reply::Status(410)]);
    let group = told(&world, &owner, "/gone").await;
    let delivery = after_attempts(&owner, &group, 1).await;
    assert_eq!(delivery["state"], "gone", "{delivery}");
    let hook = delivery["hook"].as_str().expect("a hook");
    owner.post(&group.path(&format!("/deliveries/{hook}/redeliver")), &json!({})).await.expect(202);
    let hits = world.receiver().after(2).await;
    assert_eq!(hits[0].webhook_id(), hits[1].webhook_id());
    assert_eq!(after_attempts(&owner, &group, 2).await["state"], "delivered");
}

#[tokio::test]
async fn where_the_operators_secret_signs_it_is_shown_to_nobody() {
    let operators = "whsec_dGhlLW9wZXJhdG9ycy1zZWNyZXQtZm9yLWFsbA==";
    let secret = Some(vault::Secret::new(operators));
    let world = World::setup().options(|options| options.secrets.webhook_secret = secret).start().await;
    let owner = world.owner("the-owners-key");
    told(&world, &owner, "/hook").await;
    assert!(world.receiver().after(1).await[0].verifies_by(operators));
    for refused in [
        owner.get("/v1beta/webhooks/secret").await,
        owner.post("/v1beta/webhooks/secret/rotate", &json!({})).await,
    ] {
        assert!(refused.expect(409).text.contains("operator"));
    }
}

/// The package that others verify with, in a process of its own; it prints what it verified.
const VERIFY: &str = "import sys, json; from standardwebhooks import Webhook; \
    given = json.load(sys.stdin); print(Webhook(given['secret']).verify(given['body'], given['headers'])['id'])";

#[tokio::test]
async fn the_standard_webhooks_package_verifies_what_a_local_receiver_gets() {
    let world = World::start().await;
    let owner = world.owner("the-owners-key");
    let group = told(&world, &owner, "/hook").await;
    let hit = world.receiver().after(1).await.remove(0);
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/venv-judges/bin/python");
    if !python.exists() {
        suite::skip("the standardwebhooks package", ".ci/tools judges");
        return;
    }
    let headers: serde_json::Map<String, Value> = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .map(|name| (name.to_owned(), json!(hit.header(name))))
        .into_iter()
        .collect();
    let given = json!({"secret": secret(&owner).await, "body": hit.body, "headers": headers}).to_string();
    let mut judge = Command::new(python);
    judge.args(["-c", VERIFY]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut judge = judge.kill_on_drop(true).spawn().expect("Python starts");
    let mut input = judge.stdin.take().expect("it is piped");
    tokio::io::AsyncWriteExt::write_all(&mut input, given.as_bytes()).await.expect("it reads");
    drop(input);
    let done = soon("the judge", judge.wait_with_output()).await.expect("it ends");
    assert!(done.status.success());
    assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), group.id);
}
